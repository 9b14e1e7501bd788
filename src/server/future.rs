use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body::Body;
use pin_project_lite::pin_project;

use super::after_not_found::SavedHead;
use super::answer::NO_STORE;
use super::body::ResponseBody;
use super::drain::Upload;
use crate::response::append_headers;

pin_project! {
    /// The response future of [`Redirect`](crate::Redirect).
    ///
    /// It resolves to the inner service's response, or to an answer of the layer once the upload
    /// before it is read.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Inner { #[pin] future: F },
        // `saved` is for the policy that is asked once the inner service has answered 404.
        AddHeaders {
            #[pin] future: F,
            headers: HeaderMap,
            no_store: bool,
            saved: Option<Box<SavedHead>>,
        },
        // `response` is taken when the upload is read.
        DrainUpload { #[pin] upload: Upload<B>, response: Option<Response<Bytes>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    pub(super) fn with_headers(
        future: F,
        headers: HeaderMap,
        no_store: bool,
        saved: Option<Box<SavedHead>>,
    ) -> Self {
        Self { state: State::AddHeaders { future, headers, no_store, saved } }
    }

    pub(super) fn answer(response: Response<Bytes>, upload: Upload<B>) -> Self {
        Self { state: State::DrainUpload { upload, response: Some(response) } }
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
            StateProj::AddHeaders { future, headers, no_store, saved } => {
                let mut response = ready!(future.poll(cx))?;
                let saved = saved.take().filter(|_| response.status() == StatusCode::NOT_FOUND);
                if let Some(answer) = saved.and_then(|saved| saved.answer()) {
                    // The inner service has read what it wanted of the upload.
                    return Poll::Ready(Ok(answer.map(ResponseBody::answer)));
                }
                if *no_store {
                    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
                }
                append_headers(response.headers_mut(), mem::take(headers));
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            StateProj::DrainUpload { upload, response } => {
                let connection = ready!(upload.poll(cx));
                #[allow(clippy::expect_used)] // Only a caller that breaks the contract of `Future`.
                let mut response =
                    response.take().expect("`ResponseFuture` polled after it was ready");
                if let Some((name, value)) = connection.header() {
                    response.headers_mut().insert(name, value);
                }
                Poll::Ready(Ok(response.map(ResponseBody::answer)))
            }
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
