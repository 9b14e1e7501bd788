//! Reads the extensions that axum adds to requests.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri};
use http::{Extensions, Uri};

use crate::trust::{Peer, Trust};

/// Returns the URI that the request had before nested routers removed their prefixes.
pub(crate) fn original_uri(extensions: &Extensions) -> Option<&Uri> {
    extensions.get().map(|OriginalUri(uri)| uri)
}

pub(crate) fn peer(extensions: &Extensions) -> Option<Peer> {
    let info = extensions.get().map(|ConnectInfo(address): &ConnectInfo<SocketAddr>| *address);
    extensions.get().copied().or_else(|| info.map(Peer::from))
}

impl Trust {
    /// Finds the peer's address in axum's `ConnectInfo<SocketAddr>`, unless
    /// [`peer_from`](Self::peer_from) is set. The server has to use
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn axum(self) -> Self {
        self.or_peer_from(peer)
    }
}
