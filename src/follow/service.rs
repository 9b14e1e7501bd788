use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::error::FollowError;
use super::exchange::Exchange;
use super::future::ResponseFuture;
use super::kept::Kept;
use super::method::MethodRewrite;
use super::step::Rules;
use crate::replay::Replay;

/// What a layer was told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) rules: Rules,
    pub(super) drain_limit: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let rules = Rules {
            limit: 10,
            rewrite: MethodRewrite::Standard,
            downgrade_allowed: false,
            origin_form_scheme: None,
        };
        Self { rules, drain_limit: 64 * 1024 }
    }
}

/// Follows redirections of the inner service: made by
/// [`FollowRedirectsLayer`](crate::FollowRedirectsLayer).
#[derive(Clone, Debug)]
pub struct FollowRedirects<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> FollowRedirects<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S> FollowRedirects<S> {
    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, alone.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for FollowRedirects<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    B: Body + Replay,
    R: Body,
{
    type Response = Response<R>;
    type Error = FollowError<S::Error>;
    type Future = ResponseFuture<S, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(FollowError::Service)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The instance that was polled ready is the one that is called; the clone, which is not
        // ready, takes its place.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);

        let (parts, body) = request.into_parts();
        let (body, kept) = Kept::split(body);
        let exchange = Exchange::save(&parts, kept.has_content());
        let future = inner.call(Request::from_parts(parts, body));
        ResponseFuture::new(future, inner, exchange, kept, self.settings.clone())
    }
}
