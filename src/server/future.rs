use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use http_body::Body;
use pin_project_lite::pin_project;

use super::answer::NO_STORE;
use super::body::ResponseBody;
use super::drain::Upload;
use crate::response::append_headers;

pin_project! {
    /// The response of [`Redirect`](crate::Redirect): the inner service's, or an answer once the
    /// upload before it is read away.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Inner { #[pin] future: F },
        Annotate { #[pin] future: F, fields: Option<HeaderMap>, unstored: bool },
        Answer { #[pin] upload: Upload<B>, response: Option<Response<Bytes>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    pub(super) fn annotate(future: F, fields: HeaderMap, unstored: bool) -> Self {
        Self { state: State::Annotate { future, fields: Some(fields), unstored } }
    }

    pub(super) fn answer(response: Response<Bytes>, upload: Upload<B>) -> Self {
        Self { state: State::Answer { upload, response: Some(response) } }
    }
}

impl<F, B, R, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<R>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Inner { future } => {
                let response = ready!(future.poll(cx))?;
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            StateProj::Annotate { future, fields, unstored } => {
                let mut response = ready!(future.poll(cx))?;
                if *unstored {
                    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
                }
                if let Some(fields) = fields.take() {
                    append_headers(response.headers_mut(), fields);
                }
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            StateProj::Answer { upload, response } => {
                let connection = ready!(upload.poll_drained(cx));
                let Some(mut response) = response.take() else {
                    // Polled after it was ready, which the contract of `Future` leaves open.
                    return Poll::Pending;
                };
                if let Some((name, value)) = connection.header() {
                    response.headers_mut().insert(name, value);
                }
                Poll::Ready(Ok(response.map(ResponseBody::own)))
            }
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
