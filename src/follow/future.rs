use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Extensions, Method, Request, Response, Uri};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::drain::{Rest, poll_rest};
use super::error::FollowError;
use super::events::End;
use super::failed_request::FailedRequest;
use super::final_uri::FinalUri;
use super::policy::{FollowAll, LayerPolicy};
use super::redacted::Redacted;
use super::redirect_error::RedirectError;
use super::remembered::MemoryUse;
use super::saved_body::SavedBody;
use super::saved_request::SavedRequest;
use super::settings::Settings;
use super::step::{NextStep, not_replayable, step};
use crate::replay::Replay;

pin_project! {
    /// The response future of [`FollowRedirects`](crate::FollowRedirects).
    pub struct ResponseFuture<S, B, R, P = FollowAll>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        kind: Kind<S, S::Future, B, R, P>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<S, F, B, R, P> {
        // Mode `Manual`. The extensions are added to the response.
        Direct { #[pin] future: F, extensions: Extensions, observer: Option<Box<Observer>> },
        // No request is sent. The first poll takes `error`.
        Refused { error: Option<RedirectError> },
        // `rest` is the body of the last redirection, until it is read.
        Following { #[pin] state: State<F, B>, #[pin] rest: Option<Rest<R>>, chain: Chain<S, B, P> },
    }
}

/// The settings that [observe](Settings::observe) the response to a call in mode `Manual`, with the method
/// and the URL of the request.
pub(super) struct Observer {
    pub(super) settings: Arc<Settings>,
    pub(super) method: Method,
    pub(super) uri: Uri,
}

/// The state from which a call sends its next requests.
pub(super) struct Chain<S, B, P> {
    pub(super) service: S,
    pub(super) saved_request: SavedRequest,
    pub(super) saved_body: SavedBody<B>,
    pub(super) policy: Arc<P>,
    pub(super) settings: Arc<Settings>,
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        // The inner service handles a request.
        Calling { #[pin] future: F },
        // The next request waits until the redirection's body is read (over HTTP/1) and the inner service is
        // ready. `body` is taken when the request is sent.
        Waiting { body: Option<B> },
    }
}

impl<S, B, R, P> ResponseFuture<S, B, R, P>
where
    S: Service<Request<B>>,
{
    pub(super) fn direct(
        future: S::Future,
        extensions: Extensions,
        observer: Option<Box<Observer>>,
    ) -> Self {
        Self { kind: Kind::Direct { future, extensions, observer } }
    }

    /// Creates the future of a call that is not sent.
    pub(super) fn refused(error: RedirectError) -> Self {
        Self { kind: Kind::Refused { error: Some(error) } }
    }

    pub(super) fn following(future: S::Future, chain: Chain<S, B, P>) -> Self {
        Self { kind: Kind::Following { state: State::Calling { future }, rest: None, chain } }
    }
}

/// The response to return to the caller (`Break`), or the body of the next request and the body of the
/// redirection, if the latter is to be read (`Continue`).
type Handled<B, R> = ControlFlow<Response<R>, (B, Option<Rest<R>>)>;

impl<S, B: Body + Replay, P: LayerPolicy> Chain<S, B, P> {
    /// Makes the error of a call whose last request failed with `error`. Reports the end of the call if a
    /// redirection was followed. Takes the history out of the saved request.
    fn failed<E>(&mut self, error: E) -> FollowError<E> {
        let SavedRequest { uri, history, .. } = &mut self.saved_request;
        if !history.is_empty() {
            self.settings.events.finished(history, End::Failed("service"));
        }
        let at = FailedRequest::new(uri.clone(), std::mem::take(history));
        FollowError::Service { error, at: Some(Box::new(at)) }
    }

    /// Decides what to do after a response, and prepares the next request if there is one.
    fn handle_response<R: Body>(
        &mut self,
        mut response: Response<R>,
    ) -> Result<Handled<B, R>, RedirectError> {
        let Self { saved_request, saved_body, policy, settings, .. } = self;
        settings.observe(&saved_request.method, &saved_request.uri, &response);
        let (status, headers) = (response.status(), response.headers());
        let can_resend = || saved_body.is_replayable();
        let may_learn = settings.remembered.is_some()
            && settings.request_hooks.is_empty()
            && saved_request.memory_use != MemoryUse::None
            && !saved_request.has_credentials(settings);
        let next = step(settings, &**policy, saved_request, status, headers, can_resend);
        if next.map_err(|error| error.with_headers_of(&mut response))? == NextStep::Return {
            saved_body.release();
            if settings.final_uri {
                response.extensions_mut().insert(FinalUri(saved_request.uri.clone()));
            }
            if saved_request.history.has_hop_or_upgrade() {
                let history = std::mem::take(&mut saved_request.history);
                if !history.is_empty() {
                    settings.events.finished(&history, End::Returned(response.status()));
                }
                response.extensions_mut().insert(history);
            }
            return Ok(ControlFlow::Break(response));
        }
        let uploading = saved_body.is_uploading();
        if !saved_request.has_content {
            saved_body.abort();
        }
        let body = saved_body
            .replay()
            .map_err(|why| not_replayable(saved_request, why).with_headers_of(&mut response))?;
        let length = saved_request.has_content.then(|| body.size_hint().lower());
        settings.events.followed(&saved_request.history, length);
        if let Some(memory) = &settings.remembered {
            if let Some(hop) = saved_request.history.hops().last().filter(|_| may_learn) {
                memory.learn(hop, response.headers());
            }
            memory.apply(settings, &**policy, saved_request)?;
        }
        // A remembered redirection may have dropped the content.
        let body = if saved_request.has_content { body } else { B::empty() };
        // An upload that was cut short has lost its connection or stream. Reading the redirection's body
        // would save neither.
        let limit = settings.response_drain_limit;
        let rest = if uploading { None } else { Rest::of(response, limit) };
        Ok(ControlFlow::Continue((body, rest)))
    }
}

impl<S, B, R, P> Future for ResponseFuture<S, B, R, P>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: Body + Replay,
    R: Body,
    P: LayerPolicy,
{
    type Output = Result<Response<R>, FollowError<S::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (mut state, mut rest, chain) = match self.project().kind.project() {
            KindProj::Direct { future, extensions, observer } => {
                let mut outcome = ready!(future.poll(cx)).map_err(FollowError::service);
                if let Ok(response) = &mut outcome {
                    if let Some(observer) = observer {
                        let Observer { settings, method, uri } = &**observer;
                        settings.observe(method, uri, response);
                    }
                    response.extensions_mut().extend(std::mem::take(extensions));
                }
                return Poll::Ready(outcome);
            }
            KindProj::Refused { error } => {
                #[allow(clippy::expect_used)] // `Future` forbids polling after completion.
                let error = error.take().expect("`ResponseFuture` polled after it was ready");
                return Poll::Ready(Err(FollowError::Redirect(error)));
            }
            KindProj::Following { state, rest, chain } => (state, rest, chain),
        };
        loop {
            let next = match state.as_mut().project() {
                StateProj::Calling { future } => {
                    let Poll::Ready(outcome) = future.poll(cx) else {
                        // The request was sent already, so it does not wait for the redirection's body.
                        let _ = poll_rest(rest.as_mut(), cx);
                        return Poll::Pending;
                    };
                    // Dropped now, because the caller may keep this future after it is ready.
                    rest.set(None);
                    let response = outcome.map_err(|error| chain.failed(error))?;
                    match chain.handle_response(response) {
                        Ok(ControlFlow::Break(response)) => return Poll::Ready(Ok(response)),
                        Ok(ControlFlow::Continue((body, redirection_body))) => {
                            rest.set(redirection_body);
                            State::Waiting { body: Some(body) }
                        }
                        Err(error) => {
                            chain.saved_body.abort();
                            chain.settings.events.failed(&error);
                            return Poll::Ready(Err(FollowError::Redirect(error)));
                        }
                    }
                }
                StateProj::Waiting { body } => {
                    ready!(poll_rest(rest.as_mut(), cx));
                    let mut readiness = chain.service.poll_ready(cx);
                    if rest.is_some() && readiness.is_pending() {
                        // The redirection's body may hold the permit that the inner service waits for.
                        rest.set(None);
                        readiness = chain.service.poll_ready(cx);
                    }
                    ready!(readiness).map_err(|error| chain.failed(error))?;
                    #[allow(clippy::panic)] // Polled again after a hook or `call` panicked.
                    let Some(body) = body.take() else {
                        panic!("`ResponseFuture` polled after it panicked")
                    };
                    let request = chain.saved_request.with_body(body);
                    let request = chain.settings.request_hooks.apply(request);
                    State::Calling { future: chain.service.call(request) }
                }
            };
            state.set(next);
        }
    }
}

impl<S, B, R, P> fmt::Debug for ResponseFuture<S, B, R, P>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ResponseFuture");
        if let Kind::Following { chain, .. } = &self.kind {
            let SavedRequest { method, uri, history, .. } = &chain.saved_request;
            shown.field("method", method).field("uri", &Redacted(uri)).field("history", history);
        }
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::task::Waker;

    use http::{StatusCode, header};
    use http_body_util::Empty;
    use tower_layer::Layer;

    use super::*;

    /// Redirects its first request, and panics on the second.
    #[derive(Clone)]
    struct PanicsOnSecondCall {
        called: bool,
    }

    impl Service<Request<Empty<&'static [u8]>>> for PanicsOnSecondCall {
        type Response = Response<Empty<&'static [u8]>>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Empty<&'static [u8]>>) -> Self::Future {
            assert!(!std::mem::replace(&mut self.called, true), "the second call");
            let response = Response::builder().status(StatusCode::FOUND);
            ready(Ok(response.header(header::LOCATION, "/").body(Empty::new()).expect("valid")))
        }
    }

    #[test]
    fn panics_again_if_it_is_polled_after_a_panic() {
        let layer = crate::FollowRedirectsLayer::new();
        let mut client = layer.layer(PanicsOnSecondCall { called: false });
        let mut future = pin!(client.call(Request::new(Empty::new())));
        for message in ["the second call", "`ResponseFuture` polled after it panicked"] {
            let mut cx = Context::from_waker(Waker::noop());
            let poll = AssertUnwindSafe(|| future.as_mut().poll(&mut cx).is_ready());
            let panic = catch_unwind(poll).expect_err("a panic");
            assert_eq!(panic.downcast_ref::<&str>().copied(), Some(message));
        }
    }
}
