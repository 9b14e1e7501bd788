//! Which of a request's statements about scheme, host and client count.
//!
//! Rules for the *effective* scheme, in the order in which they apply:
//!
//! 1. A transport fixed by [`Trust::transport`] decides whether a request is secure.
//! 2. Where the peer is a trusted proxy, the scheme that its field carries counts, in both
//!    directions: TLS from a proxy does not make a plaintext visitor secure. Without the field the
//!    request is plain, and a diagnosis reports it.
//! 3. Where the peer is not trusted, the [`Transport`] that the acceptor put into the request's
//!    extensions counts.
//! 4. Otherwise the request is plain. An absolute-form `https://` target, an HTTP/2 `:scheme` and a
//!    field from a peer that is not trusted prove nothing.
//!
//! Rules for the fields of trusted proxies:
//!
//! 5. The peer's address comes from a [`Peer`] extension, or from [`Trust::peer_from`]. Where none
//!    is known, nobody is trusted.
//! 6. `X-Forwarded-For` and `Forwarded` are read from the right, past trusted addresses only, and no
//!    further than the [hop limit](TrustedProxies::hop_limit). Entries to the left of the last one
//!    read are not validated. `unknown` and `_hidden` end the reading.
//! 7. `X-Forwarded-Proto` with one value is that value; with as many values as `X-Forwarded-For`, the
//!    one at the position of the client. Any other number of values, and a malformed value that is
//!    read, is answered 400. The addresses are read only if a policy asks for the client, or if the
//!    scheme comes as a list.
//!
//! Pitfalls: behind a proxy that terminates TLS every request looks plain until the proxy is trusted.
//! Trust addresses that only your proxies can have. `X-Forwarded-Host` and `-Port` are read only if
//! [enabled](Trust::forwarded_host), since many proxies pass a client's own.
//!
//! ```
//! use http::Request;
//! use tower_redirect::{RequestHead, Scheme, Trust, trust::Peer};
//!
//! let trust = Trust::proxies(["10.0.0.0/8"])?.x_forwarded();
//! let mut request = Request::get("/")
//!     .header("x-forwarded-for", "spoofed, 192.0.2.7")
//!     .header("x-forwarded-proto", "https")
//!     .body(())?;
//! assert_eq!(RequestHead::with_trust(&request, &trust).scheme(), Scheme::Http);
//!
//! request.extensions_mut().insert(Peer::Ip([10, 1, 2, 3].into()));
//! let head = RequestHead::with_trust(&request, &trust);
//! assert_eq!(head.scheme(), Scheme::Https);
//! assert_eq!(head.client_ip(), Some([192, 0, 2, 7].into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod effective;
mod forwarded;
mod node;
mod peer;
mod proxies;
mod ranges;
mod transport;
#[allow(clippy::module_inception)]
mod trust;

pub(crate) use effective::Effective;
pub(crate) use forwarded::ForwardedValues;
pub use peer::Peer;
pub use proxies::TrustedProxies;
pub(crate) use ranges::{NO_RANGE, Ranges};
pub use transport::Transport;
pub use trust::Trust;
