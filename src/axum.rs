//! Reads the request extensions that axum sets.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri};
use http::{Extensions, Uri};

/// The URI of a request that policies see.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UriSource {
    /// The one before a nested router removed its prefix.
    Original,
    /// The request's own.
    Request,
}

impl UriSource {
    pub(crate) const ORIGINAL: Self = Self::Original;
    pub(crate) const REQUEST: Self = Self::Request;

    /// The URI, if it is not the request's own.
    pub(crate) fn find(self, extensions: &Extensions) -> Option<&Uri> {
        match self {
            Self::Original => extensions.get().map(|OriginalUri(uri)| uri),
            Self::Request => None,
        }
    }
}

/// The peer's address, as `ConnectInfo<SocketAddr>` gives it.
pub(crate) fn connect_info(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get().map(|ConnectInfo(address)| *address)
}

/// How to make peers known.
pub(crate) const MAKE_PEERS_KNOWN: &str = "serve with `app.into_make_service_with_connect_info::<SocketAddr>()`, or put a `Peer` into each \
     request's extensions (`axum::Extension(Peer::Unix)` as a layer, for a `UnixListener`)";
