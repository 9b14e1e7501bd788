//! Follows redirections in front of any tower client.
//!
//! Rules, in the order in which they apply to a response:
//!
//! 1. 301, 302, 303, 307 and 308 with a `Location` are followed; all others are the caller's, and so
//!    is a redirection without one. CONNECT and upgrades are never followed: an error.
//! 2. The `Location` is resolved as browsers do (WHATWG URL). Two different ones, one that does not
//!    resolve, and schemes other than http and https are errors. A request in origin-form (`/path`)
//!    follows only what stays on its origin, unless its scheme is
//!    [configured](FollowRedirectsLayer::origin_form_scheme).
//! 3. The [policy](FollowPolicy) is asked, and a request's [options](FollowOptions): follow, stop or
//!    reject. What comes below is checked whatever they say.
//! 4. Ten are followed; one more is an error that names the URLs which repeat. https is not left for
//!    http, unless [by name](FollowRedirectsLayer::allow_https_to_http).
//! 5. The method and the content: see [`MethodRewrite`]. On 307 and 308 the body is sent again from
//!    its first byte. Once it was given up for a GET, it does not come back.
//! 6. The fields: a request that became GET leaves behind what is about content (`Content-*`,
//!    `Repr-Digest`, `Digest`, `Last-Modified`, `Transfer-Encoding`, `Trailer`, `Expect`, `If-*`,
//!    `Range`, `Idempotency-Key`), any 303 the conditions (`If-*`). Another host or port: `Host`.
//!    Another origin: `Authorization`, `Cookie`, `Cookie2`, `Proxy-Authorization`,
//!    `Proxy-Authenticate`, `WWW-Authenticate`, `Referer`, `Origin`, every value that
//!    [is sensitive](http::HeaderValue::is_sensitive), fields that are
//!    [named](FollowRedirectsLayer::sensitive_headers), and the extensions, unless the origins
//!    [trust each other](FollowRedirectsLayer::trust_origins). Fields of the connection never travel.
//!    What stayed behind does not come back, even where the chain does. A layer inside knows by the
//!    [`RedirectContext`] where it is.
//! 7. The redirection's own body is read, up to
//!    [a limit](FollowRedirectsLayer::response_drain_limit), so that its connection can be used again; an
//!    upload that is still under way is ended. Then the inner service is asked whether it is ready,
//!    and called.
//!
//! What came of it is in the response: [`RedirectHistory::of`].
//!
//! Pitfalls: http -> https on one host is another origin, so that credentials stay behind, and a 401
//! may be the answer; the history says so. A stalled redirection waits as a stalled 200 does: put a
//! timeout outside. A body that is a stream needs
//! [`ReplayBodyLayer`](crate::ReplayBodyLayer) outside of this layer.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode, header};
//! use http_body_util::Full;
//! use tower::{Layer, ServiceExt, service_fn};
//! use tower_redirect::{FollowRedirectsLayer, RedirectHistory};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = service_fn(async |request: Request<Full<Bytes>>| {
//!     let (status, location) = match request.uri().path() {
//!         "/old" => (StatusCode::TEMPORARY_REDIRECT, Some("/new")),
//!         "/loop" => (StatusCode::FOUND, Some("/loop")),
//!         _ => (StatusCode::OK, None),
//!     };
//!     let mut response = Response::builder().status(status);
//!     if let Some(location) = location {
//!         response = response.header(header::LOCATION, location);
//!     }
//!     response.body(request.into_body())
//! });
//! let client = FollowRedirectsLayer::new().layer(server);
//!
//! let request = Request::post("http://a.test/old").body(Full::from("tea"))?;
//! let response = client.clone().oneshot(request).await?;
//! let history = RedirectHistory::of(&response).ok_or("not redirected")?;
//! assert_eq!(history.to_string(), "POST http://a.test/old\n  307 -> POST http://a.test/new");
//!
//! let request = Request::get("http://a.test/loop").body(Full::default())?;
//! let error = client.oneshot(request).await.err().ok_or("no error")?;
//! assert!(error.redirect().is_some_and(|error| error.is_too_many()));
//! # Ok(())
//! # }
//! ```
//!
//! # With reqwest
//!
//! `reqwest::Client` has requests and responses of its own. This adapter (`examples/follow_reqwest`)
//! takes and returns them, so that `client.post(..)`, `.timeout(..)` and `.json()` stay as they are:
//!
#![doc = concat!("```\n", include_str!("../../examples/follow_reqwest/adapter.rs"), "```")]
//!
//! The timeout of a request covers all hops, and that of the client each of them. The response's
//! extensions hold the [`RedirectHistory`]. A stream has to be `Sync`, as in `reqwest::Body::wrap`.
//! For a layer inside, and for `reqwest`'s own retries, each body is a stream.

mod context;
mod drain;
mod error;
mod exchange;
mod fields;
mod future;
mod headers;
mod history;
mod kept;
mod layer;
mod location;
mod method;
mod options;
mod origins;
mod policy;
mod rules;
mod service;
mod step;

pub use context::RedirectContext;
pub use error::{FollowError, RedirectError, RedirectErrorKind};
pub use future::ResponseFuture;
pub use history::{Hop, RedirectHistory};
pub use layer::FollowRedirectsLayer;
pub use method::MethodRewrite;
pub use options::{FollowOptions, RedirectMode};
pub use policy::{
    Action, Attempt, Decides, FollowAll, FollowFn, FollowPolicy, SameOriginOnly, StopAfter,
    follow_fn,
};
pub use service::FollowRedirects;
