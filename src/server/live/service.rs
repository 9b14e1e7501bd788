use std::fmt;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::handle::Live;
use crate::inner_access::inner_access;
use crate::policy::RedirectPolicy;
use crate::server::body::ResponseBody;
use crate::server::drain_on::{Drain, DrainInline};
use crate::server::future::ResponseFuture;
use crate::server::service::Responder;

/// A service that asks the policy of a [`Live`] layer before it calls the inner service.
pub struct LiveRedirect<S, P, D = DrainInline> {
    inner: S,
    live: Live<P, D>,
}

impl<S, P, D> LiveRedirect<S, P, D> {
    pub(super) fn new(inner: S, live: Live<P, D>) -> Self {
        Self { inner, live }
    }
}

inner_access!(LiveRedirect<S, P, D>);

impl<S, P, D, B, R> Service<Request<B>> for LiveRedirect<S, P, D>
where
    S: Service<Request<B>, Response = Response<R>>,
    P: RedirectPolicy,
    D: Drain<B>,
    B: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Loaded once, so that one layer decides everything about this request.
        let layer = self.live.load();
        match layer.decide(&request) {
            Responder::Inner => {
                drop(layer);
                ResponseFuture::inner(self.inner.call(request))
            }
            responder => layer.answer(responder, &mut self.inner, request),
        }
    }
}

impl<S: Clone, P, D> Clone for LiveRedirect<S, P, D> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), live: self.live.clone() }
    }
}

impl<S: fmt::Debug, P, D> fmt::Debug for LiveRedirect<S, P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveRedirect")
            .field("inner", &self.inner)
            .field("live", &self.live)
            .finish()
    }
}
