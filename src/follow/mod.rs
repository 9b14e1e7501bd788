//! Follows redirections in front of any tower client.
//!
//! Rules, in the order in which they apply to a response:
//!
//! 1. 301, 302, 303, 307 and 308 with a `Location` are followed. All other responses are returned to
//!    the caller, as is a redirection without `Location`, unless the mode is
//!    [`Error`](RedirectMode::Error). The answer to CONNECT or to an upgrade is never followed: it
//!    is an error.
//! 2. `Location` is resolved as browsers do (WHATWG URL). Two different ones, one that does not
//!    resolve, and schemes other than http and https are errors. A `Location` without a host keeps
//!    the request's scheme and authority as they are, even if the URL standard does not know them,
//!    as in `http://svc.1/` or `unix://socket/`. A request in origin-form (`/path`) follows only
//!    references that stay on its origin, unless its scheme is
//!    [configured](FollowRedirectsLayer::origin_form_scheme).
//! 3. The [policy](FollowPolicy) and the request's [options](FollowOptions) decide: follow, stop or
//!    reject. A policy is asked, too, where `Location` cannot be followed or the body cannot be sent
//!    again: it can stop, and the caller gets the redirection itself in place of the error, or name
//!    [another URL](Action::FollowTo). The checks below apply whatever they say.
//! 4. Ten redirections are followed; one more is an error that names the URLs which repeat, or is
//!    [returned](FollowRedirectsLayer::on_limit). A redirection from https to http is an error, unless
//!    it is [allowed](FollowRedirectsLayer::allow_https_to_http).
//! 5. Method and content are kept or changed: see [`MethodRewrite`]. On 307 and 308 the body is sent
//!    again from its first byte. Once it was dropped for a GET, it is not sent again.
//! 6. Headers are removed. If the content is dropped, those about content (`Content-*`,
//!    `Repr-Digest`, `Digest`, `Last-Modified`, `Transfer-Encoding`, `Trailer`, `Expect`,
//!    `Idempotency-Key`); if the request becomes GET, also `If-*` and `Range`. If the origin changes
//!    (scheme, host or port): `Host`. If the two origins do not trust each other
//!    ([listed](FollowRedirectsLayer::trust_origins), or by [a
//!    predicate](FollowRedirectsLayer::trust_origins_when)): `Authorization`, `Cookie`, `Cookie2`,
//!    `Proxy-Authorization`, `Proxy-Authenticate`, `WWW-Authenticate`, `Referer`, `Origin`, headers
//!    with a value that [is sensitive](http::HeaderValue::is_sensitive), headers that are
//!    [configured](FollowRedirectsLayer::sensitive_headers), and the extensions. Always: headers of
//!    the connection, and the userinfo of a URL (`user:password@`), the caller's own included,
//!    unless it was [moved to `Authorization`](FollowRedirectsLayer::userinfo_as_basic) at first.
//!    What was removed does not come back, even if the chain returns to the first origin. A layer
//!    inside learns from the [`RedirectContext`] where the chain has been.
//! 7. The redirection's own body is read, up to
//!    [a limit](FollowRedirectsLayer::response_drain_limit), so that its connection can be reused;
//!    but one over HTTP/2 is dropped, and an upload that is still under way is ended. Then the inner
//!    service is polled ready, a [hook](FollowRedirectsLayer::on_request) may change the headers of
//!    this one request, and the inner service is called.
//!
//! The response tells what was followed, and what was removed on the way: [`RedirectHistory::of`].
//! The error of a call, [`FollowError`], says at which URL and hop it failed, and has the reason as
//! its source.
//!
//! Pitfalls: http and https on one host are two origins, so that an upgrade drops credentials, and a
//! 401 may be the answer; the history tells. A redirection whose body stalls waits as a stalled 200
//! does: put a timeout outside. One inside limits each hop; with its `BoxError`, use
//! [`FollowError::into_boxed`]. `Display` of an error prints the place alone; print the
//! [sources](std::error::Error::source), too, as `anyhow` does with `{:#}`. A request body that is a stream needs
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
//! assert!(error.redirect().is_some_and(|error| error.is_too_many_redirects()));
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

mod at;
mod context;
mod drain;
mod dropped;
mod error;
mod final_uri;
mod future;
mod history;
mod hop_request;
mod layer;
mod location;
mod method;
mod next_request;
mod options;
mod origins;
mod plain_reference;
mod policy;
mod redacted;
mod redirect_error;
mod saved_body;
mod saved_headers;
mod sensitive_names;
mod service;
mod settings;
mod step;
mod strip_headers;
mod userinfo;

pub use at::At;
pub use context::RedirectContext;
pub use dropped::Dropped;
pub use error::FollowError;
pub use final_uri::FinalUri;
pub use future::ResponseFuture;
pub use history::{Hop, RedirectHistory};
pub use hop_request::HopRequest;
pub use layer::FollowRedirectsLayer;
pub use method::MethodRewrite;
pub use options::{FollowOptions, OnLimit, RedirectMode};
pub use policy::{
    Action, Attempt, FollowAll, FollowFn, FollowPolicy, LayerPolicy, SameOriginOnly,
    SameOriginOrHttps, When, follow_fn,
};
pub use redirect_error::{RedirectError, RedirectErrorKind};
pub use service::FollowRedirects;
