//! Answers redirections in front of any tower service.
//!
//! Rules, in order:
//!
//! 1. The policy is asked about the request's head. Where it passes, the inner service gets the
//!    request unchanged, at the cost of no allocation.
//!    A redirection to a host of ours is not sent yet: the policies are asked again about the request
//!    as it would come back, so that several become one. A circle is answered 500.
//! 2. A host that a policy asked for and that is refused is answered 400 or 421, whatever the policy
//!    then said.
//! 3. Every answer of this layer carries `Content-Length`, where the status has content, and
//!    `Cache-Control`: what a policy's own response says, else `max-age` on 301, 308 and 410, and
//!    `no-store` on all others. Where it may be kept, `Vary` names the fields that the decision read.
//! 4. Over HTTP/1 an upload that is under way is read away *before* the answer, up to
//!    [`RedirectLayer::upload_drain_limit`]: a server that closes with unread input resets the connection,
//!    and the client sees a broken pipe instead of the 307. With `Expect: 100-continue` nothing is
//!    read, and nothing uploaded. In both cases where input stays unread: `Connection: close`.
//!    [`RedirectLayer::drain_on`] answers at once, and reads the upload away elsewhere.
//!
//! Pitfalls: a client that announces a body and never sends it is waited for while something keeps
//! the connection open, so put a timeout outside. An application answer that depends on a field
//! which a policy read is the application's to mark with `Vary`.
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
