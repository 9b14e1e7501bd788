//! The redirection that a policy answers with: a status, and changes to the request's URL.
//!
//! 1. A [`Redirection`] holds *changes* to scheme, host, port, path and query. A component without a
//!    change is taken from the request.
//! 2. The `Location` is built from these components, never spliced from text: path, query and fragment are
//!    encoded one by one, so that a `?` or `#` in one of them cannot begin the next. If the scheme stays
//!    the same and no host or port is set, the `Location` is an absolute-path reference, and `Host` is not
//!    read. A path that begins with `//` or `/\`, which browsers take for an authority, is written with
//!    scheme and authority.
//! 3. If the scheme changes, the port is the one that is set, or else the default one of the new scheme.
//!    If only the host changes, the request's port is kept.
//! 4. A fragment is written only if the redirection sets one; without it, the user agent keeps its own.
//! 5. The status is 307, unless [`permanent`](Redirection::permanent) or a method like it sets another.
//!
//! ```
//! use http::{Method, Request, StatusCode};
//! use tower_redirect::{Redirection, RequestHead, Scheme};
//!
//! let request = Request::post("/pay?id=7").header("host", "shop.test:8080").body(())?;
//! let head = RequestHead::from(&request);
//!
//! let secure = Redirection::new().scheme(Scheme::Https);
//! assert_eq!(secure.status_for(&Method::POST), StatusCode::TEMPORARY_REDIRECT);
//! let location = secure.location_for(&head).ok_or("no host")?;
//! assert_eq!(location, "https://shop.test/pay?id=7");
//!
//! let moved = Redirection::new().path("/v2/pay");
//! assert_eq!(moved.location_for(&head).ok_or("no host")?, "/v2/pay?id=7");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod collapse;
mod encoding;
mod location;
#[allow(clippy::module_inception)]
mod redirection;
mod resolved;
mod status;

pub(crate) use collapse::{Endless, collapse};
pub(crate) use redirection::PERMANENT_MAX_AGE;
pub use redirection::Redirection;
pub(crate) use resolved::Resolved;
