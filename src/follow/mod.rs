//! Follows redirections in front of any tower client.
//!
//! Rules, in the order in which they apply to a response:
//!
//! 1. 301, 302, 303, 307 and 308 with a `Location` are followed. All other responses are returned
//!    to the caller. A redirection without `Location` is returned, too, but is an error in mode
//!    [`Error`](RedirectMode::Error). A redirection that answers a CONNECT or an upgrade is never
//!    followed: it is an error, unless the mode is [`Manual`](RedirectMode::Manual) or the policy
//!    [stops](Action::Stop).
//! 2. `Location` is resolved as in browsers (WHATWG URL). It is an error if there are two different
//!    ones, if it does not resolve, or if its scheme is neither http nor https. A `Location`
//!    without a host keeps the request's scheme, host and port, even if they are not those of a valid
//!    http or https URL, as in `http://svc.1/` or `unix://socket/`. For a request in origin-form
//!    (`/path`), only a `Location` without a host is followed, unless the scheme of such requests is
//!    [configured](FollowRedirectsLayer::origin_form_scheme) and the request has `Host`.
//! 3. The mode is that of the request's [options](FollowOptions), or else that of the layer.
//!    [`Manual`](RedirectMode::Manual) returns every redirection, before rules 1 and 2 apply, and
//!    [`Error`](RedirectMode::Error) makes each an error. Otherwise, the [policy](FollowPolicy) decides:
//!    follow, stop or reject. The policy is also asked if `Location` cannot be followed or the body cannot
//!    be sent again. It can then stop, so that the caller gets the redirection in place of the error, or
//!    name [another URL](Action::FollowTo) if the `Location` is at fault. The checks below apply whatever
//!    the policy says.
//! 4. By default, ten redirections are followed. The next is an error, which names the URLs that
//!    repeat, or is [returned](FollowRedirectsLayer::on_limit). A redirection from https to http is
//!    an error, unless it is [allowed](FollowRedirectsLayer::allow_https_to_http).
//! 5. Method and content are kept or changed: see [`MethodRewrite`]. If the content is kept, as on 307
//!    and 308, the body is sent again from its first byte. Once a redirection has dropped the body,
//!    later ones do not send it.
//! 6. Headers, extensions and userinfo are removed:
//!    - If the content is dropped or the request becomes GET, those about content: `Content-Encoding`,
//!      `Content-Language`,
//!      `Content-Location`, `Content-Type`, `Content-Length`, `Content-Range`, `Content-Digest`,
//!      `Content-MD5`, `Repr-Digest`, `Digest`, `Last-Modified`, `Transfer-Encoding`, `Trailer`,
//!      `Expect` and `Idempotency-Key`. If the request becomes GET, also `If`, `If-*` and `Range`.
//!    - If the origin changes (scheme, host or port), `Host`.
//!    - If the origin changes, the credentials, and all extensions except `ExpectOptions` and those that
//!      are [kept](FollowRedirectsLayer::keep_extension). Credentials are by default `Authorization`,
//!      `Cookie`, `Cookie2`, `Proxy-Authorization`, `Proxy-Authenticate`, `WWW-Authenticate`,
//!      `Referer`, `Origin`, headers with a value that
//!      [is sensitive](http::HeaderValue::is_sensitive), and those that are
//!      [configured](FollowRedirectsLayer::sensitive_headers). Credentials and extensions are kept
//!      between the origins of [a list](FollowRedirectsLayer::trust_origins), where
//!      [a predicate](FollowRedirectsLayer::trust_origins_when) returns `true`, and, if
//!      [configured](FollowRedirectsLayer::keep_credentials_on_https_upgrade), from http to https on the
//!      same host, each on its default port, but never from https to http.
//!    - Always, connection-specific headers (`Connection` and those that it names, `Keep-Alive`, `Upgrade`
//!      and others) except `TE: trailers`, and the userinfo of a URL (`user:password@`). The userinfo of
//!      the caller's own URL is removed, too, unless the layer has
//!      [moved it to `Authorization`](FollowRedirectsLayer::userinfo_as_basic).
//!
//!    Nothing that was removed comes back, even if the chain returns to the first origin. The
//!    [`RedirectContext`] tells an inner layer the number of the hop, the first and the previous URL, and
//!    whether the chain has left the trusted origins.
//! 7. The redirection's own body is read, up to [a limit](FollowRedirectsLayer::response_drain_limit), so
//!    that its connection can be reused. Over HTTP/2, the next request does not wait for this, since it has
//!    a stream of its own. The body is read all the same, because dropping it resets its stream, and
//!    servers end connections with many resets; it is dropped when the next response arrives, or earlier if
//!    the inner service is not ready for the next request. It is dropped unread if it announces more than
//!    the limit, or if the connection will be closed. If the request is still being uploaded, its upload is
//!    ended, and the redirection's body is dropped unread, too. Then the inner service is polled
//!    ready, a [hook](FollowRedirectsLayer::on_request) may change the headers of this one request, and the
//!    inner service is called.
//!
//! Three optional parts apply to the URL of a call and to each target: the [HSTS store](hsts), the
//! [memory of permanent redirections](Remembered) and the [guard]. The figure shows their order.
//!
#![doc = include_str!("../guide/follow.svg")]
//!
//! [`RedirectHistory::of`] returns the redirections that led to a response, and what each removed from
//! the request. The error of a call, [`FollowError`], prints the URL and the hop at which the call failed.
//! The reason is its source.
//!
//! Pitfalls: http and https on one host are two origins. A redirection between them drops
//! credentials, and the server may then answer 401; the history lists what was dropped. The
//! follower waits for a redirection whose body stalls, as any client does for a 200: put a timeout
//! outside of it. Over HTTP/2 it waits only if such bodies take all the streams that the server allows at
//! a time. A `tower::timeout` inside limits each hop up to the head of its response, so over HTTP/1 it
//! does not limit that wait. Its error is a `BoxError`, for which there is [`FollowError::into_boxed`].
//! `Display` of an error prints only the URL and the hop: print its
//! [sources](std::error::Error::source), too, as `anyhow` does with `{:#}`. A request body that is
//! a stream needs [`ReplayBodyLayer`](crate::ReplayBodyLayer) outside of this layer.
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
//! `reqwest::Client` has its own types of requests and responses. This adapter
//! (`examples/follow_reqwest`) takes and returns them, so that `client.post(..)`, `.timeout(..)`
//! and `.json()` work as before:
//!
#![doc = concat!("```\n", include_str!("../../examples/follow_reqwest/adapter.rs"), "```")]
//!
//! The timeout of a request covers all hops together; that of the client covers each hop. The
//! response's extensions hold the [`RedirectHistory`]. Inner layers, and `reqwest`'s own
//! retries, see every body as a stream.

mod cache_control;
mod context;
mod drain;
mod dropped;
mod error;
mod events;
#[cfg(feature = "hyper")]
pub mod expect;
mod failed_request;
mod final_uri;
mod freshness;
mod future;
pub mod guard;
mod history;
mod hooks;
mod hop_request;
pub mod hsts;
mod layer;
mod location;
mod make_room;
mod method;
mod options;
mod origins;
mod plain_reference;
mod policy;
mod redacted;
mod redirect_error;
mod remembered;
mod saved_body;
mod saved_headers;
mod saved_request;
mod sensitive_names;
mod service;
mod settings;
mod step;
mod strip_headers;
mod userinfo;

pub use context::RedirectContext;
pub use dropped::Dropped;
pub use error::FollowError;
pub use events::{Finished, Followed, Outcome};
pub use failed_request::FailedRequest;
pub use final_uri::FinalUri;
pub use future::ResponseFuture;
pub use history::{Hop, RedirectHistory};
pub use hop_request::HopRequest;
pub use layer::FollowRedirectsLayer;
pub use method::MethodRewrite;
pub use options::{FollowOptions, OnLimit, RedirectMode};
pub use policy::{
    Action, Attempt, FollowAll, FollowFn, FollowPolicy, LayerPolicy, SameOriginOnly,
    SameOriginOrHttpsUpgrade, When, follow_fn,
};
pub use redirect_error::{RedirectError, RedirectErrorKind};
pub use remembered::Remembered;
pub use service::FollowRedirects;
