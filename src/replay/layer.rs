use std::task::{Context, Poll};

use http::Request;
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ReplayBody;

/// Makes every request body a [`ReplayBody`]; goes outside of
/// [`FollowRedirectsLayer`](crate::FollowRedirectsLayer) or `tower::retry`.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ReplayBodyLayer {
    limit: u64,
}

impl ReplayBodyLayer {
    /// Keeps at most `limit` bytes of each body.
    pub const fn new(limit: u64) -> Self {
        Self { limit }
    }
}

impl<S> Layer<S> for ReplayBodyLayer {
    type Service = ReplayBodyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ReplayBodyService { inner, limit: self.limit }
    }
}

/// Made by [`ReplayBodyLayer`].
#[derive(Clone, Copy, Debug)]
pub struct ReplayBodyService<S> {
    inner: S,
    limit: u64,
}

impl<S, B> Service<Request<B>> for ReplayBodyService<S>
where
    S: Service<Request<ReplayBody<B>>>,
    B: Body,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.inner.call(request.map(|body| ReplayBody::new(body, self.limit)))
    }
}
