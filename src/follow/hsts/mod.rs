//! HTTP Strict Transport Security for clients (RFC 6797): hosts that are only contacted over https.
//!
//! 1. [`HstsStore`] is a cloneable handle, given to
//!    [`FollowRedirectsLayer::hsts`](crate::FollowRedirectsLayer::hsts). Clones share their hosts.
//! 2. The URL of a call, and the target of each redirection, are upgraded from http to https if the
//!    host is known, before anything else is decided about them (§8.3): port 80 becomes 443, any other
//!    port is kept. So a redirection from https to http on a known host is followed over https, and is
//!    not an error. A request in origin-form (`/path`) is not upgraded. An upgrade is not a hop:
//!    [`RedirectHistory::upgraded_from`](crate::RedirectHistory::upgraded_from) and
//!    [`Hop::was_upgraded`](super::Hop::was_upgraded) report it.
//! 3. The store learns only from responses over https, whatever their status, and from their first
//!    `Strict-Transport-Security` header (§8.1). An invalid header is ignored as a whole. An IP
//!    address is never a known host (§8.1.1). `max-age=0` removes the host.
//! 4. A host is known if it is in the store, or below a domain that includes its subdomains (§8.2).
//!    Names are compared as `url` writes them, without a trailing dot.
//! 5. The store holds up to 10,000 learned hosts. If it is full, expired hosts are removed first, then those
//!    that were used longest ago. If the names of more than half of all hosts end with the same two labels,
//!    such as `evil.test`, only these hosts are removed before they expire. A
//!    [preload list](HstsStore::with_preload_list) is never removed, and no response changes it.
//!
//! Pitfall: the store relies on the inner client to verify certificates (§8.1 requires a connection
//! without any error). Do not give it to a client that accepts invalid ones.
//!
//! ```
//! use std::time::SystemTime;
//! use http::{HeaderMap, HeaderValue, header};
//! use tower_redirect::follow::hsts::HstsStore;
//!
//! let store = HstsStore::new();
//! let mut headers = HeaderMap::new();
//! let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
//! headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
//!
//! // Over http nothing is learned.
//! store.learn(&"http://a.test/".parse()?, &headers, SystemTime::now());
//! assert!(!store.is_known("a.test", SystemTime::now()));
//! store.learn(&"https://a.test/".parse()?, &headers, SystemTime::now());
//! assert!(store.is_known("www.A.test.", SystemTime::now()));
//!
//! let upgraded = store.upgrade(&"http://a.test:80/x?y".parse()?, SystemTime::now());
//! assert_eq!(upgraded.map(|uri| uri.to_string()).as_deref(), Some("https://a.test/x?y"));
//! assert!(store.upgrade(&"http://b.test/".parse()?, SystemTime::now()).is_none());
//! # Ok::<(), http::uri::InvalidUri>(())
//! ```

#[cfg(feature = "config")]
mod file;
mod header;
mod store;

#[cfg(feature = "config")]
pub use file::{HstsFileError, PreloadList};
pub use store::HstsStore;
