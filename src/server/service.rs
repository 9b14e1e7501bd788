use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::additions::Additions;
use super::after_not_found::SavedHead;
use super::body::ResponseBody;
use super::drain_on::{Drain, DrainInline};
use super::future::ResponseFuture;
use super::layer::RedirectLayer;
use super::settings::Settings;
use super::{answer, diagnose, report};
use crate::event::{AnswerKind, DiagnosisHook};
use crate::head::{Notes, NotesHandle, Refusal, RequestHead, Trace};
use crate::inner_access::inner_access;
use crate::policy::{self, Annotation, Decision, RedirectPolicy};

/// A service that asks a [`RedirectPolicy`] before it calls the inner one. Made by
/// [`RedirectLayer`](crate::RedirectLayer).
pub struct Redirect<S, P, D = DrainInline> {
    inner: S,
    layer: RedirectLayer<P, D>,
}

impl<S, P, D> Redirect<S, P, D> {
    pub(super) fn new(inner: S, layer: RedirectLayer<P, D>) -> Self {
        Self { inner, layer }
    }
}

inner_access!(Redirect<S, P, D>);

/// Who answers a request.
pub(super) enum Responder {
    Inner,
    /// The inner service, whose response gets these additions.
    InnerWithAdditions(Additions),
    /// This layer, with this response.
    Layer(Response<Bytes>),
}

/// Asks `policy` about a request. If the layer answers, reports the answer.
#[inline]
pub(super) fn decide<P: RedirectPolicy + ?Sized, B>(
    policy: &P,
    request: &Request<B>,
    settings: &Settings,
) -> Responder {
    if settings.wants_answers() || settings.on_diagnosis.wants_diagnoses() {
        return decide_reported(policy, request, settings, |responder, _| responder);
    }
    let notes = Notes::default();
    let head = head(request, settings, None, &notes, None);
    decide_about(&head, policy, settings, None, report::answered)
}

/// [`decide`] for a layer that reports answers or diagnoses, or has a policy to ask after a 404. `finish` may
/// change who answers, and gets the head with the notes of the decision. Kept out of `decide`, so that other
/// layers do not pay for it.
#[cold]
#[inline(never)]
fn decide_reported<P: RedirectPolicy + ?Sized, B>(
    policy: &P,
    request: &Request<B>,
    settings: &Settings,
    finish: impl FnOnce(Responder, &RequestHead<'_>) -> Responder,
) -> Responder {
    let hook = Some(&settings.on_diagnosis).filter(|hook| hook.wants_diagnoses());
    let (notes, trace) = (Notes::default(), Trace::default());
    let is_traced = hook.is_some() || settings.wants_answers();
    let head = head(request, settings, hook, &notes, is_traced.then_some(&trace));
    let responder = decide_not_inlined(&head, policy, settings, hook, &report::answered);
    match responder {
        // The layer only reports, so the inner service answers. `finish` is not called: if the layer
        // answered, no policy would be asked after a 404.
        Responder::Layer(_) if settings.report_only => Responder::Inner,
        _ if settings.report_only => finish(Responder::Inner, &head),
        responder => finish(responder, &head),
    }
}

type Report<'r> = &'r dyn Fn(&RequestHead<'_>, AnswerKind, &mut Response<Bytes>, &Settings);

/// [`decide_about`], not inlined.
#[inline(never)]
pub(super) fn decide_not_inlined<P: RedirectPolicy + ?Sized>(
    head: &RequestHead<'_>,
    policy: &P,
    settings: &Settings,
    hook: Option<&DiagnosisHook>,
    report: Report<'_>,
) -> Responder {
    decide_about(head, policy, settings, hook, report)
}

/// The head of a request, as policies see it.
#[inline(always)] // Builds the head in the caller's frame, without a move.
pub(super) fn head<'a, B>(
    request: &'a Request<B>,
    settings: &'a Settings,
    hook: Option<&'a DiagnosisHook>,
    notes: &'a Notes,
    trace: Option<&'a Trace>,
) -> RequestHead<'a> {
    let Settings { hosts, uri_source, .. } = settings;
    let notes = NotesHandle::Shared(notes);
    RequestHead::new(request, *uri_source, settings.trust(), hosts, notes, trace, hook)
}

/// Asks `policy` about a request. If the layer answers, calls `report` with the answer.
#[inline(always)] // Has two callers. Not inlined, it adds 40 instructions to a pass.
fn decide_about<P: RedirectPolicy + ?Sized>(
    head: &RequestHead<'_>,
    policy: &P,
    settings: &Settings,
    hook: Option<&DiagnosisHook>,
    report: impl Fn(&RequestHead<'_>, AnswerKind, &mut Response<Bytes>, &Settings),
) -> Responder {
    // The list of hosts is enforced even if no policy asks for the host. If the host is refused, no
    // policy decides.
    let host_is_refused = settings.hosts.has_list() && !head.has_listed_host();
    let steps_before = head.step_count();
    let mut decision = if host_is_refused { Decision::Pass } else { policy.decide(head) };
    if !host_is_refused {
        let separate = settings.separate_https_redirect;
        policy::conclude(&mut decision, policy, head, steps_before, separate);
    }
    match decision {
        Decision::Pass if head.refusal().is_none() => pass(None, policy, head, hook),
        _ => carry_out(&mut decision, policy, head, settings, hook, report),
    }
}

/// Lets the inner service answer. `headers` and those that the policies add are added to its response.
#[inline(always)] // For the same reason as `decide_about`.
fn pass<P: RedirectPolicy + ?Sized>(
    headers: Option<HeaderMap>,
    policy: &P,
    head: &RequestHead<'_>,
    hook: Option<&DiagnosisHook>,
) -> Responder {
    diagnose::note_scheme(head, hook);
    let annotation = annotation(policy, head);
    let no_store = head.forbids_storing();
    if headers.is_none() && annotation.is_none() && !no_store {
        return Responder::Inner;
    }
    let additions = Additions { headers, annotation, no_store, ..Additions::default() };
    Responder::InnerWithAdditions(additions)
}

/// Carries out a decision, or refuses the request if its head has a refusal. Not inlined, which saves a pass
/// 50 instructions.
#[inline(never)]
fn carry_out<P: RedirectPolicy + ?Sized>(
    decision: &mut Decision,
    policy: &P,
    head: &RequestHead<'_>,
    settings: &Settings,
    hook: Option<&DiagnosisHook>,
    report: impl Fn(&RequestHead<'_>, AnswerKind, &mut Response<Bytes>, &Settings),
) -> Responder {
    let mut kind = AnswerKind::Respond;
    let mut response = match (head.refusal(), &mut *decision) {
        (Some(refusal), _) => {
            kind = AnswerKind::Refuse;
            refuse(head, refusal)
        }
        (None, Decision::Redirect(to)) => {
            let answer = answer::redirect(head, to, settings);
            // A redirection whose `Location` needs a host that is missing becomes a refusal.
            kind = if answer.status().is_redirection() {
                AnswerKind::Redirect
            } else {
                AnswerKind::Refuse
            };
            diagnose::redirected(head, to, hook);
            answer
        }
        (None, Decision::Respond(response)) => {
            // The layer refuses a redirection without an end: no policy answers it.
            if head.is_endless() {
                kind = AnswerKind::Refuse;
            }
            answer::respond(head, mem::take(response))
        }
        (None, Decision::Pass) => return pass(None, policy, head, hook),
        (None, Decision::PassWithHeaders(headers)) => {
            return pass(Some(mem::take(headers)), policy, head, hook);
        }
    };
    report(head, kind, &mut response, settings);
    diagnose::note_scheme(head, hook);
    if let Some(annotation) = annotation(policy, head) {
        answer::annotate(&mut response, &annotation);
    }
    Responder::Layer(response)
}

fn refuse(head: &RequestHead<'_>, refusal: Refusal) -> Response<Bytes> {
    let answer = answer::refuse(head, refusal);
    head.forget_decider();
    head.because(refusal.reason.trim_end());
    if head.wants_diagnoses() {
        head.diagnose_replaced_host();
    }
    answer
}

/// Asks the policies for the headers that they add. `None` if the host or the forwarded headers are refused.
/// Called after the decision, so a host that is refused only when `annotate` reads it does not change the
/// answer.
#[inline]
fn annotation<P: RedirectPolicy + ?Sized>(
    policy: &P,
    head: &RequestHead<'_>,
) -> Option<Annotation> {
    let annotation = policy.annotate(head)?;
    head.refusal().is_none().then_some(annotation)
}

impl Responder {
    /// Keeps `saved` until the inner service has answered, unless the layer answers.
    fn saving(self, saved: Option<Box<SavedHead>>) -> Self {
        match self {
            Self::Inner if saved.is_none() => Self::Inner,
            Self::Inner => Self::InnerWithAdditions(Additions { saved, ..Additions::default() }),
            Self::InnerWithAdditions(additions) => {
                Self::InnerWithAdditions(Additions { saved, ..additions })
            }
            Self::Layer(response) => Self::Layer(response),
        }
    }
}

impl<P: RedirectPolicy, D> RedirectLayer<P, D> {
    /// Decides who answers a request.
    #[inline]
    pub(super) fn decide<B>(&self, request: &Request<B>) -> Responder {
        if self.settings.after_not_found.is_some() {
            return self.decide_before_not_found(request);
        }
        decide(&*self.policy, request, &self.settings)
    }

    /// [`decide`](Self::decide) for a layer that asks another policy if the inner service answers 404.
    #[cold]
    #[inline(never)]
    fn decide_before_not_found<B>(&self, request: &Request<B>) -> Responder {
        let settings = &self.settings;
        decide_reported(&*self.policy, request, settings, |responder, head| {
            responder.saving(SavedHead::of(request, settings, head.vary()))
        })
    }

    /// Lets `responder` answer a request. Not inlined, which saves a redirection 50 instructions.
    #[inline(never)]
    pub(super) fn answer<S, B>(
        &self,
        responder: Responder,
        inner: &mut S,
        request: Request<B>,
    ) -> ResponseFuture<S::Future, B>
    where
        S: Service<Request<B>>,
        D: Drain<B>,
    {
        match responder {
            Responder::Inner => ResponseFuture::inner(inner.call(request)),
            Responder::InnerWithAdditions(additions) => {
                ResponseFuture::with_additions(inner.call(request), additions)
            }
            Responder::Layer(response) => {
                // Drops the request's headers now: they pin the connection's read buffer.
                let upload = self.drain.start(request, &self.settings.drain);
                ResponseFuture::answer(response, upload)
            }
        }
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
        match self.layer.decide(&request) {
            // Called here, and not by `answer`: this saves a pass 30 instructions.
            Responder::Inner => ResponseFuture::inner(self.inner.call(request)),
            responder => self.layer.answer(responder, &mut self.inner, request),
        }
    }
}

impl<S: Clone, P, D: Clone> Clone for Redirect<S, P, D> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S: fmt::Debug, P, D> fmt::Debug for Redirect<S, P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirect").field("inner", &self.inner).field("layer", &self.layer).finish()
    }
}
