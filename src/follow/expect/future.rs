use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::body::ExpectBody;
use super::gate::EndOnDrop;
use super::memory::{Memory, OriginKey};
use super::response_body::ExpectResponseBody;
use crate::follow::saved_body::SavedBody;
use crate::replay::Replay;

pin_project! {
    /// The response future of [`ExpectContinue`](super::ExpectContinue).
    ///
    /// If the body had to wait for the server, dropping the future before the response arrives ends the
    /// upload, even if the body is being sent already.
    pub struct ExpectFuture<S, B>
    where
        S: Service<Request<ExpectBody<B>>>,
    {
        #[pin]
        kind: Kind<S, S::Future, B>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<S, F, B> {
        // The body is sent at once, and the response is only returned.
        Plain { #[pin] future: F },
        // Boxed, so that plain calls do not move it.
        Expecting { state: Pin<Box<State<S, F, B>>> },
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F, B> {
        // The body is sent at once. If the origin in `watched` redirects the upload, the memory notes it.
        AtOnce { #[pin] future: F, watched: Option<(Memory, OriginKey)> },
        // The body waits or is being sent. `call` is taken when the response arrives.
        Waiting { #[pin] future: F, call: Option<WaitingCall<S, B>> },
        // The service is polled until it is ready to send the request again after 417. `resend` is
        // taken once it is ready.
        Resend { resend: Option<Resend<S, B>> },
    }
}

/// A call whose body waits until the server asks for it.
pub(super) struct WaitingCall<S, B> {
    pub(super) upload: EndOnDrop,
    pub(super) origin: Option<OriginKey>,
    pub(super) memory: Memory,
    /// Sends the request again after 417.
    pub(super) service: S,
    /// The head without `Expect`.
    pub(super) head: Parts,
    pub(super) saved_body: SavedBody<B>,
}

/// A request without `Expect`, and the service to send it with.
struct Resend<S, B> {
    service: S,
    request: Request<ExpectBody<B>>,
}

impl<S, B> ExpectFuture<S, B>
where
    S: Service<Request<ExpectBody<B>>>,
{
    pub(super) fn plain(future: S::Future) -> Self {
        Self { kind: Kind::Plain { future } }
    }

    pub(super) fn watched(future: S::Future, memory: Memory, origin: OriginKey) -> Self {
        Self::expecting(State::AtOnce { future, watched: Some((memory, origin)) })
    }

    pub(super) fn waiting(future: S::Future, call: WaitingCall<S, B>) -> Self {
        Self::expecting(State::Waiting { future, call: Some(call) })
    }

    fn expecting(state: State<S, S::Future, B>) -> Self {
        Self { kind: Kind::Expecting { state: Box::pin(state) } }
    }
}

/// The next step after the response to a request whose body waited.
enum Next<S, B, R> {
    Return(Response<ExpectResponseBody<R>>),
    SendAgain(Resend<S, B>),
}

impl<S, B> WaitingCall<S, B> {
    fn answered<R: Body>(self, response: Response<R>) -> Next<S, B, R>
    where
        B: Body + Replay,
    {
        let Self { upload, origin, memory, saved_body, head, service } = self;
        let status = response.status();
        if let Some(origin) = &origin {
            let timed_out = upload.gate().has_timed_out();
            let is_refused = status == StatusCode::EXPECTATION_FAILED;
            if timed_out || is_refused || response.version() >= Version::HTTP_2 {
                memory.note_useless_wait(origin);
            }
            if status.is_redirection() {
                memory.note_redirected(origin);
            }
        }
        if status.is_success() {
            upload.release();
            return Next::Return(response.map(ExpectResponseBody::new));
        }
        if status == StatusCode::EXPECTATION_FAILED {
            if let Ok(body) = saved_body.replay() {
                let request = Request::from_parts(head, ExpectBody::at_once(body));
                return Next::SendAgain(Resend { service, request });
            }
        }
        Next::Return(response.map(|body| ExpectResponseBody::ending(body, upload)))
    }
}

impl<S, B, R> Future for ExpectFuture<S, B>
where
    S: Service<Request<ExpectBody<B>>, Response = Response<R>>,
    B: Body + Replay,
    R: Body,
{
    type Output = Result<Response<ExpectResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Plain { future } => {
                let response = ready!(future.poll(cx))?;
                Poll::Ready(Ok(response.map(ExpectResponseBody::new)))
            }
            KindProj::Expecting { state } => state.as_mut().poll(cx),
        }
    }
}

impl<S, F, B, R> State<S, F, B>
where
    S: Service<Request<ExpectBody<B>>, Response = Response<R>, Future = F>,
    F: Future<Output = Result<Response<R>, S::Error>>,
    B: Body + Replay,
    R: Body,
{
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<ExpectResponseBody<R>>, S::Error>> {
        loop {
            let next = match self.as_mut().project() {
                StateProj::AtOnce { future, watched } => {
                    let response = ready!(future.poll(cx))?;
                    if let Some((memory, origin)) = watched.take() {
                        if response.status().is_redirection() {
                            memory.note_redirected(&origin);
                        }
                    }
                    return Poll::Ready(Ok(response.map(ExpectResponseBody::new)));
                }
                StateProj::Waiting { future, call } => {
                    let response = ready!(future.poll(cx))?;
                    #[allow(clippy::expect_used)]
                    // Panics only if the caller breaks the contract of `Future`.
                    let call = call.take().expect("`ExpectFuture` polled after it was ready");
                    match call.answered(response) {
                        Next::Return(response) => return Poll::Ready(Ok(response)),
                        Next::SendAgain(resend) => State::Resend { resend: Some(resend) },
                    }
                }
                StateProj::Resend { resend } => {
                    #[allow(clippy::expect_used)] // As above.
                    let mut taken = resend.take().expect("`ExpectFuture` polled after it failed");
                    match taken.service.poll_ready(cx) {
                        Poll::Ready(result) => result?,
                        Poll::Pending => {
                            *resend = Some(taken);
                            return Poll::Pending;
                        }
                    }
                    let Resend { mut service, request } = taken;
                    State::AtOnce { future: service.call(request), watched: None }
                }
            };
            self.set(next);
        }
    }
}

impl<S, B> fmt::Debug for ExpectFuture<S, B>
where
    S: Service<Request<ExpectBody<B>>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpectFuture").finish_non_exhaustive()
    }
}
