//! Decides which statements about a request's scheme, host and client are believed.
//!
//! Rules for the *effective* scheme, in the order in which they apply:
//!
//! 1. A transport fixed by [`Trust::transport`] decides whether a request is secure.
//! 2. If the peer is a trusted proxy, the scheme in its field is believed, `http` as well as `https`:
//!    TLS from a proxy does not make a plaintext visitor secure. Without the field the request is
//!    plain, and a diagnosis reports it.
//! 3. If the peer is not trusted, the [`Transport`] that the acceptor put into the request's
//!    extensions is believed.
//! 4. Otherwise the request is plain. An absolute-form `https://` target, an HTTP/2 `:scheme` and a
//!    field from a peer that is not trusted prove nothing.
//!
//! Rules for the fields of trusted proxies:
//!
//! 5. The peer comes from [`Trust::peer_from`] if that is set, else from a [`Peer`] extension, else, with
//!    feature `axum`, from `ConnectInfo<SocketAddr>`. A peer that is not known is not trusted.
//! 6. `X-Forwarded-For` and `Forwarded` are read from the right, past trusted addresses only, and no
//!    further than the [hop limit](TrustedProxies::hop_limit). Entries to the left of the last one
//!    read are not validated. `unknown` and `_hidden` end the reading.
//! 7. A single value of `X-Forwarded-Proto` is the scheme. In a list, the scheme is the value at the
//!    client's position, counted from the right; a list that is too short for it is answered 400. The
//!    same holds for `X-Forwarded-Host` and `-Port`. The addresses are read only if a policy asks for the
//!    client, or if one of these fields is read and is a list.
//! 8. The parameters `for` and `proto` of `Forwarded` are validated, and `host` if it is believed. `:` and
//!    `[]` need no quotes there, because real routers send none. Other parameters are ignored.
//! 9. A malformed value is answered 400 if it is read. `Vary` names the fields that were read.
//! 10. [`Trust::scheme_field`] and [`Trust::scheme_on`] name another field for the scheme. Rule 7 holds for
//!     it, too. If the field of `scheme_on` is missing, the scheme is http, and no diagnosis reports it.
//!
//! Pitfalls: behind a proxy that terminates TLS, every request looks plain until the proxy is trusted.
//! Trust addresses that only your proxies can have. Each trusted proxy has to set or append *both*
//! `X-Forwarded-For` and `-Proto`: a proxy that appends only to the former passes on a client's own
//! scheme. `X-Forwarded-Host` and `-Port` are read only if [enabled](Trust::forwarded_host), because many
//! proxies pass on a client's own values.
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
mod field_set;
mod forwarded;
mod node;
mod peer;
mod proxies;
mod scheme_source;
mod signs;
mod transport;
#[allow(clippy::module_inception)]
mod trust;

pub(crate) use effective::Effective;
pub(crate) use field_set::FieldSet;
pub use peer::Peer;
pub use proxies::TrustedProxies;
pub(crate) use signs::{has_fetch_metadata, https_field};
pub use transport::{SetTransport, Transport};
pub use trust::Trust;
