use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::drain;
use super::error::{FollowError, RedirectError};
use super::exchange::Exchange;
use super::history::Shown;
use super::kept::Kept;
use super::policy::{Decides, FollowAll};
use super::service::Shared;
use super::step::{Next, not_replayable, step};
use crate::replay::Replay;

pin_project! {
    /// The response of [`FollowRedirects`](crate::FollowRedirects).
    pub struct ResponseFuture<S, B, R, P = FollowAll>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S::Future, B, R>,
        // Nothing, where nothing is followed.
        call: Option<Call<S, B, P>>,
    }
}

/// What a call keeps from hop to hop.
struct Call<S, B, P> {
    service: S,
    exchange: Exchange,
    kept: Kept<B>,
    shared: Arc<Shared<Arc<P>>>,
}

pin_project! {
    #[project = StateProj]
    enum State<F, B, R> {
        // The request is on its way.
        Calling { #[pin] future: F },
        // The body of a redirection is read away; `body` is the next request's.
        Draining { #[pin] response: R, left: u64, body: Option<B> },
        // The service is asked whether it takes another request.
        Waiting { body: Option<B> },
    }
}

impl<S, B, R, P> ResponseFuture<S, B, R, P>
where
    S: Service<Request<B>>,
{
    pub(super) fn direct(future: S::Future) -> Self {
        Self { state: State::Calling { future }, call: None }
    }

    pub(super) fn following(
        future: S::Future,
        service: S,
        exchange: Exchange,
        kept: Kept<B>,
        shared: Arc<Shared<Arc<P>>>,
    ) -> Self {
        let call = Call { service, exchange, kept, shared };
        Self { state: State::Calling { future }, call: Some(call) }
    }
}

/// What a response leads to.
enum Then<F, B, R> {
    Done(Response<R>),
    On(State<F, B, R>),
}

impl<S, B: Body + Replay, P: Decides> Call<S, B, P> {
    fn judge<F, R>(&mut self, mut response: Response<R>) -> Result<Then<F, B, R>, RedirectError> {
        let Self { exchange, kept, shared, .. } = self;
        let Shared { rules, policy } = &**shared;
        let next = step(rules, &**policy, exchange, response.status(), response.headers())?;
        if next == Next::Done {
            kept.let_go();
            if !exchange.history.is_empty() {
                response.extensions_mut().insert(std::mem::take(&mut exchange.history));
            }
            return Ok(Then::Done(response));
        }
        let uploading = kept.is_uploading();
        if !exchange.has_content {
            kept.give_up();
        }
        let body = Some(kept.again().map_err(|why| not_replayable(exchange, why))?);
        // A connection whose upload was cut short is of no use; any other is, once the response is
        // read.
        Ok(Then::On(if uploading {
            State::Waiting { body }
        } else {
            let left = rules.response_drain_limit;
            State::Draining { response: response.into_body(), left, body }
        }))
    }
}

impl<S, B, R, P> Future for ResponseFuture<S, B, R, P>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: Body + Replay,
    R: Body,
    P: Decides,
{
    type Output = Result<Response<R>, FollowError<S::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match (this.state.as_mut().project(), this.call.as_mut()) {
                (StateProj::Calling { future }, call) => {
                    let response = ready!(future.poll(cx)).map_err(FollowError::Service)?;
                    let Some(call) = call else { return Poll::Ready(Ok(response)) };
                    match call.judge(response) {
                        Ok(Then::Done(response)) => return Poll::Ready(Ok(response)),
                        Ok(Then::On(state)) => state,
                        Err(error) => {
                            call.kept.give_up();
                            return Poll::Ready(Err(FollowError::Redirect(error)));
                        }
                    }
                }
                (StateProj::Draining { response, left, body }, _) => {
                    ready!(drain::poll_drained(response, left, cx));
                    // Drops the response before readiness is asked for: with one permit or one
                    // connection it would wait for itself.
                    State::Waiting { body: body.take() }
                }
                (StateProj::Waiting { body }, Some(call)) => {
                    ready!(call.service.poll_ready(cx)).map_err(FollowError::Service)?;
                    let Some(body) = body.take() else {
                        // The call panicked, and whoever caught that polls again.
                        return Poll::Pending;
                    };
                    let request = call.exchange.request(body);
                    State::Calling { future: call.service.call(request) }
                }
                // Nothing waits where nothing is followed.
                (StateProj::Waiting { .. }, None) => return Poll::Pending,
            };
            this.state.set(next);
        }
    }
}

impl<S, B, R, P> fmt::Debug for ResponseFuture<S, B, R, P>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ResponseFuture");
        if let Some(Call { exchange: Exchange { method, uri, history, .. }, .. }) = &self.call {
            shown.field("method", method).field("uri", &Shown(uri)).field("history", history);
        }
        shown.finish_non_exhaustive()
    }
}
