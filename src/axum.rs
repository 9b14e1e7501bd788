//! Reads the request extensions that axum sets.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri};
use http::{Extensions, Uri};

/// The source of the URI that policies see.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum UriSource {
    /// The URI with which the request arrived at the outermost router: with the prefixes that nested
    /// routers removed, and without what other middleware has rewritten since. If no router has set it, the
    /// URI of the request.
    #[default]
    Original,
    /// The URI of the request as it arrives at the layer.
    Request,
}

impl UriSource {
    // Callers use these constants, because the `UriSource` of `no_axum.rs` has no variants.
    pub(crate) const ORIGINAL: Self = Self::Original;
    pub(crate) const REQUEST: Self = Self::Request;

    /// Returns the URI from the extensions; `None` if they have none, or if the source is the request.
    pub(crate) fn find(self, extensions: &Extensions) -> Option<&Uri> {
        match self {
            Self::Original => extensions.get().map(|OriginalUri(uri)| uri),
            Self::Request => None,
        }
    }
}

/// Returns the peer's address from `ConnectInfo<SocketAddr>`.
pub(crate) fn connect_info(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get().map(|ConnectInfo(address)| *address)
}

/// The advice for a server that does not know the addresses of its peers.
pub(crate) const MAKE_PEERS_KNOWN: &str = "serve with `app.into_make_service_with_connect_info::<SocketAddr>()`, or put a `Peer` into each \
     request's extensions outside of this layer (for a `UnixListener`, `axum::Extension(Peer::Unix)` as a \
     layer)";
