use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use super::additions::Additions;
use super::after_not_found::SavedHead;
use super::body::ResponseBody;
use super::drain::Upload;

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
        // `additions` are taken when the response is there. `saved` is for the policy that is asked
        // once the inner service has answered 404.
        WithAdditions {
            #[pin] future: F,
            additions: Option<Additions>,
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

    pub(super) fn with_additions(
        future: F,
        additions: Additions,
        saved: Option<Box<SavedHead>>,
    ) -> Self {
        Self { state: State::WithAdditions { future, additions: Some(additions), saved } }
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
            StateProj::WithAdditions { future, additions, saved } => {
                let mut response = ready!(future.poll(cx))?;
                let saved = saved.take().filter(|_| response.status() == StatusCode::NOT_FOUND);
                if let Some(mut answer) = saved.and_then(|saved| saved.answer()) {
                    if let Some(additions) = additions.take() {
                        additions.without_headers().add_to(answer.headers_mut());
                    }
                    return Poll::Ready(Ok(answer.map(ResponseBody::answer)));
                }
                if let Some(additions) = additions.take() {
                    additions.add_to(response.headers_mut());
                }
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
