//! Without feature `axum`, no request extension of axum is read.

use std::net::SocketAddr;

use http::{Extensions, Uri};

/// The source of the URI that policies see: always the request. The type is zero-sized, so that it adds
/// nothing to a `RequestHead`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UriSource;

impl UriSource {
    pub(crate) const ORIGINAL: Self = Self;
    pub(crate) const REQUEST: Self = Self;

    pub(crate) const fn find(self, _: &Extensions) -> Option<&Uri> {
        None
    }
}

pub(crate) const fn connect_info(_: &Extensions) -> Option<SocketAddr> {
    None
}

/// The advice for a server that does not know the addresses of its peers.
pub(crate) const MAKE_PEERS_KNOWN: &str = "put a `Peer` into each request's extensions or call `Trust::peer_from` (with axum: turn on feature \
     `axum` and serve with `app.into_make_service_with_connect_info::<SocketAddr>()`)";
