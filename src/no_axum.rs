//! Without feature `axum`, no request extension of axum is read.

use std::net::SocketAddr;

use http::{Extensions, Uri};

/// Policies see the request's own URI. The type has no size, so that it adds none to a head.
#[derive(Clone, Copy, Debug)]
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

/// How to make peers known.
pub(crate) const MAKE_PEERS_KNOWN: &str = "put a `Peer` into each request's extensions, or name `Trust::peer_from`; with axum, turn on \
     feature `axum` and serve with `app.into_make_service_with_connect_info::<SocketAddr>()`";
