use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::gate::{Gate, Permission};
use crate::timer::Timeout;

type BoxError = Box<dyn Error + Send + Sync>;

pin_project! {
    /// The request body that [`ExpectContinue`](super::ExpectContinue) passes to the client. It may be
    /// held back until the server asks for it.
    #[derive(Debug)]
    pub struct ExpectBody<B> {
        #[pin]
        body: B,
        // `None` for a body that is sent at once.
        wait: Option<Box<Wait>>,
    }
}

#[derive(Debug)]
struct Wait {
    gate: Gate,
    timeout: Timeout,
}

impl<B> ExpectBody<B> {
    pub(super) fn at_once(body: B) -> Self {
        Self { body, wait: None }
    }

    pub(super) fn waiting(body: B, gate: Gate, timeout: Timeout) -> Self {
        Self { body, wait: Some(Box::new(Wait { gate, timeout })) }
    }
}

impl Wait {
    /// Polls for the permission to read the body. Returns an error if it is denied.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ExpectBodyError>> {
        let mut permission = self.gate.poll(cx);
        if permission.is_pending() {
            ready!(self.timeout.poll_elapsed(cx));
            self.gate.time_out();
            // Asked again, because another thread may have ended the body meanwhile.
            permission = self.gate.poll(cx);
        }
        permission.map(|permission| match permission {
            Permission::Granted => Ok(()),
            Permission::Denied => Err(ExpectBodyError(None)),
        })
    }
}

impl<B> Body for ExpectBody<B>
where
    B: Body<Error: Into<BoxError>>,
{
    type Data = B::Data;
    type Error = ExpectBodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, ExpectBodyError>>> {
        let this = self.project();
        if let Some(wait) = this.wait {
            ready!(wait.poll(cx))?;
        }
        let frame = ready!(this.body.poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(|error| ExpectBodyError(Some(error.into())))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The error of an [`ExpectBody`]: the body was ended before it was sent in full, or it failed.
#[derive(Debug)]
pub struct ExpectBodyError(
    /// The error of the body. `None` if the body was ended before it was sent in full.
    Option<BoxError>,
);

impl ExpectBodyError {
    /// Whether the body was ended before it was sent in full: the final response was not a 2xx, so the
    /// server does not need the body, or the call was dropped.
    pub const fn is_ended_early(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Display for ExpectBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(_) => "the body failed",
            None => "the body was ended before it was sent in full",
        })
    }
}

impl Error for ExpectBodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|error| &**error as &(dyn Error + 'static))
    }
}
