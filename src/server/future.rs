use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::additions::Additions;
use super::body::ResponseBody;
use super::drain::Upload;

pin_project! {
    /// The response future of [`Redirect`](crate::Redirect).
    ///
    /// It resolves to the inner service's response, or to an answer of the layer, for which it may first
    /// read the upload: see the [module](crate::server).
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        Inner { #[pin] future: F },
        Changed { #[pin] future: ChangedFuture<F, B> },
    }
}

pin_project! {
    /// Resolves to a response that may differ from the inner service's.
    #[project = ChangedProj]
    enum ChangedFuture<F, B> {
        // `additions` are taken when the response arrives.
        WithAdditions { #[pin] future: F, additions: Option<Additions> },
        // `response` is taken when `upload` is ready.
        DrainUpload { #[pin] upload: Upload<B>, response: Option<Response<Bytes>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    pub(super) fn with_additions(future: F, additions: Additions) -> Self {
        let additions = Some(additions);
        Self::changed(ChangedFuture::WithAdditions { future, additions })
    }

    pub(super) fn answer(response: Response<Bytes>, upload: Upload<B>) -> Self {
        let response = Some(response);
        Self::changed(ChangedFuture::DrainUpload { upload, response })
    }

    fn changed(future: ChangedFuture<F, B>) -> Self {
        Self { state: State::Changed { future } }
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
            StateProj::Changed { future } => future.poll(cx),
        }
    }
}

impl<F, B, R, E> Future for ChangedFuture<F, B>
where
    F: Future<Output = Result<Response<R>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    // Not inlined, so that a pass does not save registers that it does not use: 15 instructions fewer.
    #[inline(never)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            ChangedProj::WithAdditions { future, additions } => {
                let response = ready!(future.poll(cx))?;
                Poll::Ready(Ok(additions.take().unwrap_or_default().apply(response)))
            }
            ChangedProj::DrainUpload { upload, response } => {
                let connection = ready!(upload.poll(cx));
                // Changed in place, because a response that is moved once more costs 30 instructions.
                if let Some(response) = response {
                    connection.add_header(response.headers_mut());
                }
                #[allow(clippy::expect_used)] // Panics only if polled after completion.
                let response = response.take().expect("`ResponseFuture` polled after it was ready");
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
