use std::any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::after_not_found::SavedHead;
use super::answer;
use super::body::ResponseBody;
use super::drain_on::{Drain, DrainInline};
use super::future::ResponseFuture;
use super::settings::Settings;
use crate::head::RequestHead;
use crate::policy::{self, Decision, RedirectPolicy};

/// A service that asks a [`RedirectPolicy`] before it calls the inner one. Made by
/// [`RedirectLayer`](crate::RedirectLayer).
pub struct Redirect<S, P, D = DrainInline> {
    inner: S,
    policy: Arc<P>,
    settings: Arc<Settings>,
    drain: D,
}

impl<S, P, D> Redirect<S, P, D> {
    pub(super) fn new(inner: S, policy: Arc<P>, settings: Arc<Settings>, drain: D) -> Self {
        Self { inner, policy, settings, drain }
    }

    /// Returns the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the inner service, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service, and drops the rest.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

/// Who answers a request.
pub(super) enum Responder {
    Inner,
    /// The inner service. Its response gets these headers, and `no-store` if the policy forbids
    /// storing.
    InnerWithHeaders {
        headers: HeaderMap,
        no_store: bool,
    },
    /// This layer, with this response.
    Layer(Response<Bytes>),
}

/// Asks `policy` about a request.
pub(super) fn decide<P: RedirectPolicy + ?Sized, B>(
    policy: &P,
    request: &Request<B>,
    settings: &Settings,
) -> Responder {
    let Settings { trust, hosts, on_diagnosis, .. } = settings;
    let original = settings.original_uri.and_then(|find| find(request.extensions()));
    let head = RequestHead::new(request, original.unwrap_or(request.uri()), trust, hosts);
    let head = if on_diagnosis.is_some() { head.collect_diagnoses() } else { head };
    let decision = policy::decide(policy, &head, settings.separate_https_redirect);
    let responder = match (head.refusal(), decision) {
        // Returns early so that the pass path never moves a `Response`, nor looks for diagnoses:
        // 60 instructions less.
        (None, Decision::Pass) if !head.is_unstored() && !head.collects_diagnoses() => {
            return Responder::Inner;
        }
        (None, Decision::Pass) if !head.is_unstored() => Responder::Inner,
        (None, Decision::Pass) => {
            Responder::InnerWithHeaders { headers: HeaderMap::new(), no_store: true }
        }
        (None, Decision::PassWithHeaders(headers)) => {
            Responder::InnerWithHeaders { headers, no_store: head.is_unstored() }
        }
        (None, Decision::Redirect(to)) => Responder::Layer(answer::redirect(&head, &to, settings)),
        (None, Decision::Respond(with)) => Responder::Layer(answer::respond(&head, with)),
        (Some(refusal), _) => Responder::Layer(answer::refuse(&head, refusal)),
    };
    head.each_diagnosis(|diagnosis| on_diagnosis.report(&diagnosis));
    responder
}

impl<S, P, D, B, R> Service<Request<B>> for Redirect<S, P, D>
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
        match decide(&*self.policy, &request, &self.settings) {
            Responder::Inner if self.settings.after_not_found.is_none() => {
                ResponseFuture::inner(self.inner.call(request))
            }
            Responder::Inner => {
                let saved = SavedHead::of(&request, &self.settings);
                let future = self.inner.call(request);
                ResponseFuture::with_headers(future, HeaderMap::new(), false, saved)
            }
            Responder::InnerWithHeaders { headers, no_store } => {
                let saved = SavedHead::of(&request, &self.settings);
                let future = self.inner.call(request);
                ResponseFuture::with_headers(future, headers, no_store, saved)
            }
            Responder::Layer(response) => {
                // Drops the request's headers now: they pin the connection's read buffer.
                let upload = self.drain.start(request, &self.settings.drain);
                ResponseFuture::answer(response, upload)
            }
        }
    }
}

impl<S: Clone, P, D: Clone> Clone for Redirect<S, P, D> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            policy: self.policy.clone(),
            settings: self.settings.clone(),
            drain: self.drain.clone(),
        }
    }
}

impl<S: fmt::Debug, P, D> fmt::Debug for Redirect<S, P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirect")
            .field("inner", &self.inner)
            .field("policy", &any::type_name::<P>())
            .field("settings", &self.settings)
            .finish()
    }
}
