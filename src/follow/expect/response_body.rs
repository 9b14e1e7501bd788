use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::gate::EndOnDrop;

pin_project! {
    /// The response body of [`ExpectContinue`](super::ExpectContinue). If the response made an upload
    /// pointless, the upload is ended when this body ends or is dropped.
    #[derive(Debug)]
    pub struct ExpectResponseBody<R> {
        #[pin]
        body: R,
        upload: Option<EndOnDrop>,
    }
}

impl<R> ExpectResponseBody<R> {
    pub(super) fn new(body: R) -> Self {
        Self { body, upload: None }
    }

    /// Creates a body that ends `upload` when the body ends or is dropped.
    pub(super) fn ending(body: R, upload: EndOnDrop) -> Self
    where
        R: Body,
    {
        let upload = if body.is_end_stream() { None } else { Some(upload) };
        Self { body, upload }
    }
}

/// Creates an empty body, for layers of tower-http that make their own responses.
impl<R: Default> Default for ExpectResponseBody<R> {
    fn default() -> Self {
        Self::new(R::default())
    }
}

impl<R: Body> Body for ExpectResponseBody<R> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || this.body.is_end_stream() {
            *this.upload = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
