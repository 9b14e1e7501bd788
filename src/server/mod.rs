//! Answers with redirections in front of any tower service.
//!
//! Rules, in order:
//!
//! 1. The policy is asked about the request's head. If it passes, the inner service gets the request
//!    unchanged, and nothing is allocated.
//!    A redirection to a host of this server is not sent yet: the policy is asked again about the
//!    request that it would lead to, so that several redirections become one. A loop is answered 500.
//! 2. If a policy asked for the host and the host is refused, the answer is 400 or 421, whatever the
//!    policy decided.
//! 3. Every answer of this layer has `Content-Length`, if its status allows content, and
//!    `Cache-Control`: that of a policy's own response, else `max-age` on 301, 308 and 410, and
//!    `no-store` on all others. If caches may keep it, `Vary` names the headers that were read.
//! 4. Over HTTP/1 the rest of an upload is read *before* the answer, up to
//!    [`RedirectLayer::upload_drain_limit`]: a server that closes a connection with unread input resets
//!    it, and the client sees a broken pipe instead of the 307. With `Expect: 100-continue` nothing
//!    is read, and the client uploads nothing. Whenever input stays unread, the answer says
//!    `Connection: close`. [`RedirectLayer::drain_on`] answers at once, and reads the upload on an
//!    executor.
//!
//! Pitfalls: a client that announces a body and never sends it keeps its request waiting as long as
//! the connection is open, so put a timeout outside. If the application's own answer depends on a
//! header which a policy read, the application has to set `Vary` itself.
//!
//! ```
//! use http::{Request, Response, StatusCode, header};
//! use http_body_util::Empty;
//! use tower::{Layer, ServiceExt, service_fn};
//! use tower_redirect::{HttpsOnly, RedirectLayer, Transport};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
//! });
//! let service = RedirectLayer::new(HttpsOnly::new()).layer(inner);
//!
//! let plain = Request::post("/pay").header(header::HOST, "shop.test").body(Empty::new())?;
//! let response = service.clone().oneshot(plain).await?;
//! assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
//! assert_eq!(response.headers()[header::LOCATION], "https://shop.test/pay");
//!
//! let mut secure = Request::post("/pay").header(header::HOST, "shop.test").body(Empty::new())?;
//! secure.extensions_mut().insert(Transport::Secure);
//! assert_eq!(service.oneshot(secure).await?.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```

mod after_not_found;
mod answer;
mod body;
mod drain;
mod drain_on;
mod future;
mod layer;
mod redirected;
mod service;
mod settings;

pub use body::ResponseBody;
pub use drain_on::{DrainInline, DrainOn, DrainTask};
pub use future::ResponseFuture;
pub use layer::RedirectLayer;
pub use redirected::Redirected;
pub use service::Redirect;
