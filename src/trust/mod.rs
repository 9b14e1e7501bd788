//! Who is speaking, and to which host: what a request's own words are worth.
//!
//! Rules, in the order in which they apply:
//!
//! 1. A transport fixed by [`Trust::transport`] decides whether a request is secure.
//! 2. Otherwise the [`Transport`] that the acceptor put into the request's extensions does.
//! 3. Otherwise the request is plain. An absolute-form `https://` target, an HTTP/2 `:scheme` and
//!    any forwarded header prove nothing.
//!
//! Pitfall: behind a proxy that terminates TLS every request looks plain. Where *all* traffic comes
//! through that proxy, say so with [`RedirectLayer::transport`](crate::RedirectLayer::transport).
//!
//! ```
//! use http::Request;
//! use tower_redirect::{RequestHead, Scheme, Transport, Trust};
//!
//! let request = Request::get("/").header("x-forwarded-proto", "https").body(())?;
//! assert_eq!(RequestHead::from(&request).scheme(), Scheme::Http);
//!
//! let trust = Trust::nobody().transport(Transport::Secure);
//! assert_eq!(RequestHead::with(&request, &trust).scheme(), Scheme::Https);
//! # Ok::<(), http::Error>(())
//! ```

mod host;
mod hosts;
mod transport;

pub use host::Authority;
pub(crate) use host::Host;
pub(crate) use hosts::Hosts;
pub use transport::{Scheme, Transport};

/// Whose word counts about a request.
///
/// [`Trust::nobody`] believes the acceptor's [`Transport`] extension and nothing else.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Trust {
    transport: Option<Transport>,
}

impl Trust {
    /// Believes no header from anyone.
    pub const fn nobody() -> Self {
        Self { transport: None }
    }

    /// Fixes the transport of every request, whatever an extension says.
    pub const fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The scheme which the user agent used, as far as it is proven.
    pub(crate) fn scheme(&self, extensions: &http::Extensions) -> Scheme {
        match self.transport.or_else(|| extensions.get().copied()) {
            Some(Transport::Secure) => Scheme::Https,
            _ => Scheme::Http,
        }
    }
}
