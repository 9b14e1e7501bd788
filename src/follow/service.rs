use std::any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, Request, Response, header};
use http_body::Body;
use tower_service::Service;

use super::error::FollowError;
use super::final_uri::FinalUri;
use super::future::{Chain, Observer, ResponseFuture};
use super::guard::with_plain_address;
use super::history::{RedirectHistory, Upgrade};
use super::options::{FollowOptions, RedirectMode};
use super::policy::{FollowAll, LayerPolicy};
use super::redirect_error::RedirectError;
use super::remembered::MemoryUse;
use super::saved_body::SavedBody;
use super::saved_request::SavedRequest;
use super::settings::Settings;
use super::userinfo;
use crate::inner_access::inner_access;
use crate::replay::Replay;

/// Follows redirections of the inner service. Created by
/// [`FollowRedirectsLayer`](crate::FollowRedirectsLayer).
pub struct FollowRedirects<S, P = FollowAll> {
    inner: S,
    policy: Arc<P>,
    settings: Arc<Settings>,
}

impl<S, P> FollowRedirects<S, P> {
    pub(super) fn new(inner: S, policy: Arc<P>, settings: Arc<Settings>) -> Self {
        Self { inner, policy, settings }
    }
}

inner_access!(FollowRedirects<S, P>);

impl<S, P, B, R> Service<Request<B>> for FollowRedirects<S, P>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    P: LayerPolicy,
    B: Body + Replay,
    R: Body,
{
    type Response = Response<R>;
    type Error = FollowError<S::Error>;
    type Future = ResponseFuture<S, B, R, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(FollowError::service)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let mut upgraded = None;
        if self.settings.hsts.is_some() || self.settings.guard.is_some() {
            match upgrade_and_guard(&self.settings, &mut request) {
                Ok(upgrade) => upgraded = upgrade,
                Err(error) => {
                    // Nothing is sent. The instance that was polled ready may hold a permit, and would
                    // keep it from others until the next call.
                    self.inner = self.inner.clone();
                    return ResponseFuture::refused(error);
                }
            }
        }
        let options = request.extensions_mut().remove::<FollowOptions>();
        if self.settings.userinfo_as_basic {
            userinfo::move_to_authorization(&mut request);
        }
        let mode = options.as_ref().and_then(|options| options.mode);
        if mode.unwrap_or(self.settings.mode) == RedirectMode::Manual {
            // Nothing is followed, so nothing is saved and no clone is needed.
            let mut extensions = Extensions::new();
            if self.settings.final_uri {
                extensions.insert(FinalUri(request.uri().clone()));
            }
            if upgraded.is_some() {
                extensions.insert(RedirectHistory::with_upgrade(upgraded));
            }
            let observer = self.settings.learns().then(|| {
                let (method, uri) = (request.method().clone(), request.uri().clone());
                Box::new(Observer { settings: self.settings.clone(), method, uri })
            });
            return ResponseFuture::direct(self.inner.call(request), extensions, observer);
        }
        // The instance that was polled ready is the one that is called; the clone, which is not
        // ready, takes its place.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);

        let (parts, body) = request.into_parts();
        let (body, saved_body) = SavedBody::split(body);
        let options = options.unwrap_or_default();
        let has_content = saved_body.has_content();
        let history = RedirectHistory::with_upgrade(upgraded);
        let mut saved_request = SavedRequest::save(&parts, has_content, options, history);
        let mut request = Request::from_parts(parts, body);
        if let Some(memory) = &self.settings.remembered {
            saved_request.memory_use = MemoryUse::of(&request, saved_request.is_followable());
            if let Err(error) = memory.apply(&self.settings, &*self.policy, &mut saved_request) {
                self.settings.events.failed(&error);
                return ResponseFuture::refused(error);
            }
            if !saved_request.history.is_empty() {
                let body = request.into_body();
                let body = if saved_request.has_content { body } else { B::empty() };
                request = saved_request.with_body(body);
            }
        }
        // The hooks come after `save`, so that what they add is not sent on later hops.
        let request = self.settings.request_hooks.apply(request);
        let future = inner.call(request);
        let (policy, settings) = (self.policy.clone(), self.settings.clone());
        let chain = Chain { service: inner, saved_request, saved_body, policy, settings };
        ResponseFuture::following(future, chain)
    }
}

/// Upgrades the URL of a call to https if HSTS knows its host, and returns the upgrade. Returns an error if
/// the guard refuses the URL. If there is a guard and the host is an IPv4 address, the address is rewritten
/// in the form in which the guard has read it.
#[cold]
fn upgrade_and_guard<B>(
    settings: &Settings,
    request: &mut Request<B>,
) -> Result<Option<Box<Upgrade>>, RedirectError> {
    let upgrade = settings.upgraded(request.uri()).map(|https| {
        // `Host` may contain port 80, which is wrong for https.
        request.headers_mut().remove(header::HOST);
        let http = std::mem::replace(request.uri_mut(), https.clone());
        Box::new(Upgrade { http, https })
    });
    if settings.refuses(request.uri()) {
        let error = RedirectError::refused(request.uri().clone());
        settings.events.failed(&error);
        return Err(error);
    }
    if settings.guard.is_some() {
        if let Some(uri) = with_plain_address(request.uri()) {
            request.headers_mut().remove(header::HOST);
            *request.uri_mut() = uri;
        }
    }
    Ok(upgrade)
}

/// A clone shares policy and settings.
impl<S: Clone, P> Clone for FollowRedirects<S, P> {
    fn clone(&self) -> Self {
        let Self { inner, policy, settings } = self;
        Self { inner: inner.clone(), policy: policy.clone(), settings: settings.clone() }
    }
}

impl<S: fmt::Debug, P> fmt::Debug for FollowRedirects<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowRedirects")
            .field("inner", &self.inner)
            .field("policy", &any::type_name::<P>())
            .field("settings", &self.settings)
            .finish()
    }
}
