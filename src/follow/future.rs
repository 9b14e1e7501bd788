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
use super::error::FollowError;
use super::exchange::Exchange;
use super::kept::Kept;
use super::service::Settings;
use super::step::{Next, fail_replay, step};
use crate::replay::Replay;

pin_project! {
    /// The response of [`FollowRedirects`](crate::FollowRedirects).
    pub struct ResponseFuture<S, B, R>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S::Future, R>,
        service: S,
        exchange: Exchange,
        kept: Kept<B>,
        // The next request's, while its way is cleared.
        body: Option<B>,
        settings: Arc<Settings>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, R> {
        // The request is on its way.
        Calling { #[pin] future: F },
        // The body of a redirection is read away.
        Draining { #[pin] body: R, left: u64 },
        // The service is asked whether it takes another request.
        Waiting,
    }
}

impl<S, B, R> ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
{
    pub(super) fn new(
        future: S::Future,
        service: S,
        exchange: Exchange,
        kept: Kept<B>,
        settings: Arc<Settings>,
    ) -> Self {
        let state = State::Calling { future };
        Self {
            state,
            service,
            exchange,
            kept,
            body: None,
            settings,
        }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: Body + Replay,
    R: Body,
{
    type Output = Result<Response<R>, FollowError<S::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProj::Calling { future } => {
                    let mut response = ready!(future.poll(cx)).map_err(FollowError::Service)?;
                    let (status, exchange) = (response.status(), &mut *this.exchange);
                    let rules = &this.settings.rules;
                    let next = step(rules, exchange, status, response.headers());
                    if next.map_err(FollowError::Redirect)? == Next::Done {
                        // Nobody will replay: what was kept is freed, an upload goes on unrecorded.
                        *this.kept = Kept::Nothing;
                        if !exchange.history.is_empty() {
                            let history = std::mem::take(&mut exchange.history);
                            response.extensions_mut().insert(history);
                        }
                        return Poll::Ready(Ok(response));
                    }
                    let uploading = this.kept.is_uploading();
                    match this.kept.next(exchange.has_content) {
                        Ok(body) => *this.body = Some(body),
                        Err(why) => {
                            let error = fail_replay(exchange, why);
                            return Poll::Ready(Err(FollowError::Redirect(error)));
                        }
                    }
                    // A connection whose upload was cut short is of no use; any other is, once the
                    // response is read.
                    if uploading {
                        this.state.set(State::Waiting);
                    } else {
                        let left = this.settings.drain_limit;
                        this.state.set(State::Draining {
                            body: response.into_body(),
                            left,
                        });
                    }
                }
                StateProj::Draining { body, left } => {
                    ready!(drain::poll_drained(body, left, cx));
                    // Drops the response before readiness is asked for: with one permit or one
                    // connection it would wait for itself.
                    this.state.set(State::Waiting);
                }
                StateProj::Waiting => {
                    ready!(this.service.poll_ready(cx)).map_err(FollowError::Service)?;
                    let body = this.body.take().unwrap_or_else(B::empty);
                    let request = this.exchange.request(body);
                    let future = this.service.call(request);
                    this.state.set(State::Calling { future });
                }
            }
        }
    }
}

impl<S, B, R> fmt::Debug for ResponseFuture<S, B, R>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}
