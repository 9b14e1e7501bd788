use std::any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::error::FollowError;
use super::exchange::Exchange;
use super::future::ResponseFuture;
use super::kept::Kept;
use super::options::{FollowOptions, RedirectMode};
use super::policy::{Decides, FollowAll};
use super::rules::Rules;
use crate::replay::Replay;

/// What a service shares with its clones and calls.
#[derive(Debug)]
pub(super) struct Shared<P> {
    pub(super) rules: Rules,
    pub(super) policy: P,
}

/// Follows redirections of the inner service: made by
/// [`FollowRedirectsLayer`](crate::FollowRedirectsLayer).
pub struct FollowRedirects<S, P = FollowAll> {
    inner: S,
    shared: Arc<Shared<Arc<P>>>,
}

impl<S, P> FollowRedirects<S, P> {
    pub(super) fn new(inner: S, rules: Rules, policy: Arc<P>) -> Self {
        Self { inner, shared: Arc::new(Shared { rules, policy }) }
    }

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

impl<S, P, B, R> Service<Request<B>> for FollowRedirects<S, P>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    P: Decides,
    B: Body + Replay,
    R: Body,
{
    type Response = Response<R>;
    type Error = FollowError<S::Error>;
    type Future = ResponseFuture<S, B, R, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(FollowError::Service)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let options = request.extensions_mut().remove::<FollowOptions>();
        let mode = options.as_ref().and_then(|options| options.mode);
        if mode.unwrap_or(self.shared.rules.mode) == RedirectMode::Manual {
            // Nothing to keep, and no instance to be called again.
            return ResponseFuture::direct(self.inner.call(request));
        }
        // The instance that was polled ready is the one that is called; the clone, which is not
        // ready, takes its place.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);

        let (parts, body) = request.into_parts();
        let (body, kept) = Kept::split(body);
        let exchange = Exchange::save(&parts, kept.has_content(), options.unwrap_or_default());
        let future = inner.call(Request::from_parts(parts, body));
        ResponseFuture::following(future, inner, exchange, kept, self.shared.clone())
    }
}

impl<S: Clone, P> Clone for FollowRedirects<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shared: self.shared.clone() }
    }
}

impl<S: fmt::Debug, P> fmt::Debug for FollowRedirects<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowRedirects")
            .field("inner", &self.inner)
            .field("policy", &any::type_name::<P>())
            .field("rules", &self.shared.rules)
            .finish()
    }
}
