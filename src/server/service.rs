use std::any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::answer;
use super::body::ResponseBody;
use super::drain::Upload;
use super::future::ResponseFuture;
use super::settings::Settings;
use crate::head::RequestHead;
use crate::policy::{Decision, RedirectPolicy, settle};

/// Asks a [`RedirectPolicy`] before the inner service: made by
/// [`RedirectLayer`](crate::RedirectLayer).
pub struct Redirect<S, P> {
    inner: S,
    policy: Arc<P>,
    settings: Arc<Settings>,
}

impl<S, P> Redirect<S, P> {
    pub(super) fn new(inner: S, policy: Arc<P>, settings: Arc<Settings>) -> Self {
        Self { inner, policy, settings }
    }
}

impl<S, P> Redirect<S, P> {
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

/// The inner service is called, or this answers.
enum Verdict {
    Call,
    Annotate(http::HeaderMap),
    Answer(Response<Bytes>),
}

impl<S, P: RedirectPolicy> Redirect<S, P> {
    fn judge<B>(&self, request: &Request<B>) -> Verdict {
        let Settings { trust, hosts, on_diagnosis, .. } = &*self.settings;
        let head = RequestHead::new(request, trust, hosts);
        let decision = settle(&head, self.policy.decide(&head));
        let verdict = match (head.refusal(), decision) {
            (Some(refusal), _) => Verdict::Answer(answer::refuse(&head, refusal)),
            (None, Decision::Pass) => Verdict::Call,
            (None, Decision::Annotate(fields)) => Verdict::Annotate(fields),
            (None, Decision::Redirect(to)) => Verdict::Answer(answer::redirect(&head, &to)),
            (None, Decision::Respond(with)) => Verdict::Answer(answer::respond(&head, with)),
        };
        on_diagnosis.tell(&head.take_diagnoses());
        verdict
    }
}

impl<S, P, B, R> Service<Request<B>> for Redirect<S, P>
where
    S: Service<Request<B>, Response = Response<R>>,
    P: RedirectPolicy,
    B: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.judge(&request) {
            Verdict::Call => ResponseFuture::inner(self.inner.call(request)),
            Verdict::Annotate(fields) => ResponseFuture::annotate(self.inner.call(request), fields),
            Verdict::Answer(response) => {
                // The head ends here: while it lives, the connection cannot use its buffer again.
                let upload = Upload::of(request, self.settings.drain);
                ResponseFuture::answer(response, upload)
            }
        }
    }
}

impl<S: Clone, P> Clone for Redirect<S, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            policy: self.policy.clone(),
            settings: self.settings.clone(),
        }
    }
}

impl<S: fmt::Debug, P> fmt::Debug for Redirect<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirect")
            .field("inner", &self.inner)
            .field("policy", &any::type_name::<P>())
            .field("settings", &self.settings)
            .finish()
    }
}
