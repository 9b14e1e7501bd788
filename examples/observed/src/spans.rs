//! A CLIENT span for each attempt, by OpenTelemetry's semantic conventions for HTTP: the first without
//! `http.request.resend_count`, the next ones with 1, 2 and so on, whether a redirection or a retry sends
//! them. There is no span around them.
//!
//! [`Calls`] goes outside the follower, [`Attempts`] inside both the follower and a retry. If a chain ends in
//! an error, so does its last span, with `error.type`; a 3xx alone leaves the span's status unset.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower::{Layer, Service};
use tower_redirect::FollowError;
use tracing::Instrument;

pub use crate::call::Call;
use crate::call::fail;

/// The layer outside the follower.
#[derive(Clone, Copy, Default)]
pub struct Calls;

/// The layer inside the follower.
#[derive(Clone, Copy, Default)]
pub struct Attempts;

impl<S> Layer<S> for Calls {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> CallService<S> {
        CallService(inner)
    }
}

impl<S> Layer<S> for Attempts {
    type Service = AttemptService<S>;

    fn layer(&self, inner: S) -> AttemptService<S> {
        AttemptService(inner)
    }
}

/// The service of [`Calls`].
#[derive(Clone)]
pub struct CallService<S>(S);

/// The service of [`Attempts`].
#[derive(Clone)]
pub struct AttemptService<S>(S);

type Boxed<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl<S, B, R, E> Service<Request<B>> for CallService<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = FollowError<E>, Future: Send + 'static>,
{
    type Response = Response<R>;
    type Error = FollowError<E>;
    type Future = Boxed<Response<R>, FollowError<E>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let call = Call::default();
        request.extensions_mut().insert(call.clone());
        let answered = self.0.call(request);
        Box::pin(async move {
            let answered = answered.await;
            let error = answered.as_ref().err().and_then(FollowError::redirect);
            call.end(error.map(|error| error.kind().name()));
            answered
        })
    }
}

impl<S, B, R> Service<Request<B>> for AttemptService<S>
where
    S: Service<Request<B>, Response = Response<R>, Future: Send + 'static>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Boxed<Response<R>, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call = request.extensions().get::<Call>().cloned().unwrap_or_default();
        let span = call.begin(&request);
        let sent = span.in_scope(|| self.0.call(request)).instrument(span.clone());
        Box::pin(async move {
            let answered = sent.await;
            match &answered {
                Ok(response) => {
                    let status = response.status();
                    span.record("http.response.status_code", status.as_u16());
                    if status.is_client_error() || status.is_server_error() {
                        fail(&span, status.as_str());
                    }
                }
                Err(_) => fail(&span, "service"),
            }
            answered
        })
    }
}
