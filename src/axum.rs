//! Reads the request extensions that axum sets.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri};
use http::{Extensions, Uri};

use crate::trust::{Peer, Trust};

/// The URI before a nested router removed its prefix.
pub(crate) fn original_uri(extensions: &Extensions) -> Option<&Uri> {
    extensions.get().map(|OriginalUri(uri)| uri)
}

/// The peer by our own extension, or else by axum's `ConnectInfo`.
pub(crate) fn peer(extensions: &Extensions) -> Option<Peer> {
    let info = extensions.get().map(|ConnectInfo(address): &ConnectInfo<SocketAddr>| *address);
    extensions.get().copied().or_else(|| info.map(Peer::from))
}

impl Trust {
    /// Finds the peer's address in axum's `ConnectInfo<SocketAddr>`, unless
    /// [`peer_from`](Self::peer_from) says otherwise: serve with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn axum(self) -> Self {
        self.or_peer_from(peer)
    }
}
