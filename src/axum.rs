//! Reads the request extensions that axum sets.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri};
use http::{Extensions, Uri};

/// The URI before a nested router removed its prefix.
pub(crate) fn original_uri(extensions: &Extensions) -> Option<&Uri> {
    extensions.get().map(|OriginalUri(uri)| uri)
}

/// The other end of the connection by `ConnectInfo<SocketAddr>`.
pub(crate) fn connect_info(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get().map(|ConnectInfo(address)| *address)
}

/// How to make peers known.
pub(crate) const MAKE_PEERS_KNOWN: &str = "serve with `app.into_make_service_with_connect_info::<SocketAddr>()`, or put a `Peer` into each \
     request's extensions";
