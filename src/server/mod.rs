//! Answers with redirections in front of any tower service.
//!
//! Rules, in order:
//!
//! 1. A request for a host outside of [`RedirectLayer::hosts`] is answered 421, and one without a host 400,
//!    before the policy is asked. Without a list, the answer is 400 or 421 if the host is refused and was
//!    read: by a policy in `decide`, whatever it decided, or by the layer, for a redirection. With or without
//!    a list, it is 400 if a header of a trusted proxy was read for the decision and is malformed. HTTP/1.0
//!    requests without a host get the [`RedirectLayer::default_host`], if there is one; otherwise a
//!    redirection whose `Location` needs the host is answered 400.
//! 2. The policy is asked about the request's head. If it passes, the inner service gets the request
//!    unchanged. The layer allocates nothing for a pass, unless it adds headers, reports answers or
//!    diagnoses, or has a policy to ask after a 404.
//!    A redirection to a host of this server that keeps the method is not sent yet, unless
//!    [`allow_self`](crate::Redirection::allow_self) is set or the policy
//!    [redirects once](crate::RedirectPolicy::redirects_once): the policy is asked
//!    again about the request that it would lead to, so that several redirections become one. A loop, and
//!    more than 16 redirections in a row, are answered 500.
//! 3. Every answer of this layer has `Content-Length`, if its status allows content, and
//!    `Cache-Control`: that of a policy's own response, else `max-age` on 301, 308 and 410, and
//!    `no-store` on all others. It is always `no-store` after
//!    [`RequestHead::forbid_storing`](crate::RequestHead::forbid_storing). If caches may keep the answer,
//!    `Vary` names the headers that were read, except `Host`.
//! 4. The rest of an upload is read *before* the answer, up to
//!    [`RedirectLayer::upload_drain_limit`]: a server that closes a connection with unread input, or
//!    resets an HTTP/2 stream, can make the client see a broken upload instead of the 307. An upload that
//!    announces more bytes than the limit is not read at all. If input stays unread, the answer has
//!    `Connection: close` over HTTP/1; over HTTP/2 the stream is reset after the answer.
//! 5. Some requests are answered at once, with the upload unread: those with `Expect: 100-continue`,
//!    whose client then uploads nothing; CONNECT; gRPC; those that accept `text/event-stream` and do not
//!    announce the length of their body. Their clients may wait for the answer before they go on. An
//!    HTTP/2 upload of unknown length may belong to such a client, too: it is read for 1 s at most,
//!    and only with a [`RedirectLayer::drain_timer`].
//! 6. [`RedirectLayer::drain_on`] answers at once, and reads uploads on an executor, including those of
//!    gRPC and of unknown length.
//!
#![doc = include_str!("../guide/server.svg")]
//!
//! With axum, add the layer to the outermost router with `.layer(..)`, after all routes: a
//! `route_layer`, and a nested router without its own fallback, do not see paths that no route
//! matches.
//!
//! Pitfalls: without [`RedirectLayer::drain_timer`], a client that announces a body and never sends it
//! keeps its request waiting as long as the connection is open. If the application's own answer
//! depends on a header that a policy read, the application has to set `Vary` itself. The layer is ready
//! only when the inner service is ready: with a `ConcurrencyLimit` inside of it, redirections wait for a
//! permit that they do not use, and after a redirection the service holds its permit until a later request
//! passes or the service is dropped. Put the limit outside of the layer, or around the handlers.
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
//! let layer = RedirectLayer::new(HttpsOnly::new()).drain_timer(tokio::time::sleep);
//! let service = layer.layer(inner);
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

mod additions;
mod after_not_found;
mod answer;
mod body;
mod diagnose;
mod drain;
mod drain_on;
mod explain;
mod future;
mod head;
mod hooks;
mod layer;
#[cfg(feature = "live")]
pub mod live;
mod report;
mod service;
mod settings;
mod site;

pub use body::ResponseBody;
pub use drain_on::{DrainInline, DrainOn, DrainTask};
pub use explain::Explanation;
pub use future::ResponseFuture;
pub use layer::RedirectLayer;
pub use service::Redirect;

pub use crate::event::{AnswerKind, Answered};
