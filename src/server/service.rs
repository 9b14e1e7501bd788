use std::any;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::answer;
use super::body::ResponseBody;
use super::drain::Upload;
use super::drain_on::{Drain, DrainInline};
use super::future::ResponseFuture;
use super::settings::Settings;
use crate::head::RequestHead;
use crate::policy::{Decision, RedirectPolicy, decide};

/// Asks a [`RedirectPolicy`] before the inner service: made by
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
    /// The inner response gets these fields, and `no-store` where it is not for everybody.
    Annotate {
        fields: HeaderMap,
        unstored: bool,
    },
    Answer(Response<Bytes>),
}

impl<S, P: RedirectPolicy, D> Redirect<S, P, D> {
    fn judge<B>(&self, request: &Request<B>) -> Verdict {
        let Settings { trust, hosts, on_diagnosis, .. } = &*self.settings;
        let original = self.settings.original_uri.and_then(|find| find(request.extensions()));
        let head = RequestHead::new(request, original.unwrap_or(request.uri()), trust, hosts);
        let head = head.heard(on_diagnosis.is_some());
        let decision = decide(&*self.policy, &head, self.settings.separate_https_redirect);
        let tell = || head.each_diagnosis(|diagnosis| on_diagnosis.tell(&diagnosis));
        let answer = match (head.refusal(), decision) {
            (None, Decision::Pass) if head.is_unstored() => {
                Verdict::Annotate { fields: HeaderMap::new(), unstored: true }
            }
            (None, Decision::Pass) => {
                if head.is_heard() {
                    tell();
                }
                // Said at once: a pass does not carry the room of an answer around.
                return Verdict::Call;
            }
            (None, Decision::PassWithHeaders(fields)) => {
                Verdict::Annotate { fields, unstored: head.is_unstored() }
            }
            (None, Decision::Redirect(to)) => {
                Verdict::Answer(answer::redirect(&head, &to, &self.settings))
            }
            (None, Decision::Respond(with)) => Verdict::Answer(answer::respond(&head, with)),
            (Some(refusal), _) => Verdict::Answer(answer::refuse(&head, refusal)),
        };
        tell();
        answer
    }
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
        match self.judge(&request) {
            Verdict::Call => ResponseFuture::inner(self.inner.call(request)),
            Verdict::Annotate { fields, unstored } => {
                ResponseFuture::annotate(self.inner.call(request), fields, unstored)
            }
            Verdict::Answer(response) => {
                // The head ends here: while it lives, the connection cannot use its buffer again.
                let upload = Upload::new(request, self.settings.drain);
                ResponseFuture::answer(response, self.drain.start(upload))
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
