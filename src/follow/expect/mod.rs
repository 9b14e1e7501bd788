//! `Expect: 100-continue` (RFC 9110 §10.1.1) for hyper clients: a long upload waits until the server asks
//! for it.
//!
//! A server that redirects an upload often does not read it. Over HTTP/1.1 it then closes the
//! connection, and a client that is still writing sees a broken pipe instead of the 307. With this
//! layer, a long body first waits for the server to ask for it.
//!
//! 1. [`ExpectContinueLayer`] belongs *inside* [`FollowRedirectsLayer`](crate::FollowRedirectsLayer),
//!    around a client of `hyper-util`, or any client that honours
//!    [`hyper::ext::on_informational`]. An HTTP/1.1 request whose body is longer than a
//!    [threshold](ExpectContinueLayer::threshold), or of unknown length, gets
//!    `Expect: 100-continue`. If a request already has that header, its body waits whatever its length.
//!    A request with another expectation is not changed, and its body is sent at once.
//! 2. The body waits until the server sends 100, until a final response arrives, or until
//!    [`wait`](ExpectContinueLayer::wait) is over. The wait begins when the client first polls the
//!    body, after the head is written.
//! 3. After a final 2xx the body is sent, because the server reads it. After any other final response
//!    the body ends with an [`ExpectBodyError`], once the response's own body has ended or been
//!    dropped, unless it has been sent in full by then. After such an end, the connection on which the body
//!    was announced is closed, and never used again.
//! 4. After 417 (RFC 9110 §15.5.18) the same request is sent again without the header, once, if its body
//!    can be sent again.
//! 5. Bodies do not wait for an origin that answered after the wait had run out, with 417, or over HTTP/2.
//!    This is remembered for an hour, for up to 1,000 origins. Over HTTP/2 a redirection closes no
//!    connection, so bodies need not wait. With
//!    [`after_redirect`](ExpectContinueLayer::after_redirect), the header is added only for origins that
//!    redirected a long upload within the last hour.
//!
//! [`ExpectOptions`] in the extensions of a request can turn the layer off for that request.
//!
//! Pitfalls: a hyper request has only one callback for informational responses. This layer cannot keep
//! the caller's callback, and replaces it for requests whose body waits. If a server neither sends 100
//! nor answers, the first upload to that server waits for the full time. Bodies up to the threshold are
//! sent at once, as without this layer, unless the caller has set the header.
//!
//! ```no_run
//! use bytes::Bytes;
//! use http::Request;
//! use http_body_util::Full;
//! use hyper_util::client::legacy::Client;
//! use hyper_util::rt::TokioExecutor;
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_redirect::FollowRedirectsLayer;
//! use tower_redirect::follow::expect::ExpectContinueLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = ServiceBuilder::new()
//!     .layer(FollowRedirectsLayer::new())
//!     .layer(ExpectContinueLayer::new(tokio::time::sleep))
//!     .service(Client::builder(TokioExecutor::new()).build_http());
//! let upload = Full::new(Bytes::from(vec![0; 64 << 20]));
//! let response = client.oneshot(Request::put("http://a.test/backup").body(upload)?).await?;
//! assert!(response.status().is_success());
//! # Ok(())
//! # }
//! ```

mod body;
mod future;
mod gate;
mod layer;
mod memory;
mod response_body;
mod service;

pub use body::{ExpectBody, ExpectBodyError};
pub use future::ExpectFuture;
pub use layer::{ExpectContinueLayer, ExpectOptions};
pub use response_body::ExpectResponseBody;
pub use service::ExpectContinue;
