use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::inner_access::inner_access;

/// The security of a connection. The acceptor sets it as a request extension, or
/// [`RedirectLayer::transport`](crate::RedirectLayer::transport) fixes it for all requests.
///
/// This type is also the layer that sets the extension. Put it around the application on the listener
/// that accepts only TLS, and leave it out on the plain listener:
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use tower_redirect::{HttpsOnly, RedirectLayer, Transport};
///
/// let app: Router = Router::new()
///     .route("/", get(|| async { "tea" }))
///     .layer(RedirectLayer::new(HttpsOnly::new()));
/// let over_tls = app.clone().layer(Transport::Secure);
/// # let _ = (app, over_tls);
/// ```
///
/// Without a fixed transport or trusted proxies, only the extension makes a request secure. Only an
/// acceptor should set it:
///
/// ```
/// use http::Request;
/// use tower_redirect::{RequestHead, Transport};
///
/// let mut request = Request::get("/").body(())?;
/// assert!(!RequestHead::from(&request).is_secure());
/// request.extensions_mut().insert(Transport::Secure);
/// assert!(RequestHead::from(&request).is_secure());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Not protected: anyone on the path can read and change what is sent.
    Plain,
    /// Protected by TLS, by QUIC, or by other means that the operator vouches for.
    Secure,
}

impl<S> Layer<S> for Transport {
    type Service = SetTransport<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SetTransport { inner, transport: *self }
    }
}

/// A service that sets the [`Transport`] of each request, and replaces one that is set already. Created
/// by [`Transport`], which is the layer.
#[derive(Clone, Debug)]
pub struct SetTransport<S> {
    inner: S,
    transport: Transport,
}

inner_access!(SetTransport<S>);

impl<S, B> Service<Request<B>> for SetTransport<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.transport);
        self.inner.call(request)
    }
}
