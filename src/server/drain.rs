//! Reads an upload away, so that the answer arrives.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Buf;
use http::{HeaderValue, Request, Version, header};
use http_body::Body;
use pin_project_lite::pin_project;

use super::settings::DrainLimit;

pin_project! {
    /// What is left of a request that is answered here.
    #[derive(Debug)]
    pub struct Upload<B> {
        #[pin]
        body: Option<B>,
        left: u64,
        deadline: Option<Instant>,
        outcome: Outcome,
    }
}

/// What the answer has to say of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All was read, or the protocol can do without.
    Done,
    /// Input stays unread: the connection cannot be used again.
    Close,
}

impl Outcome {
    pub(super) fn field(self) -> Option<(header::HeaderName, HeaderValue)> {
        match self {
            Self::Done => None,
            Self::Close => Some((header::CONNECTION, HeaderValue::from_static("close"))),
        }
    }
}

impl<B> Upload<B> {
    pub(super) const fn nothing() -> Self {
        Self { body: None, left: 0, deadline: None, outcome: Outcome::Done }
    }

    pub(super) const fn is_pending(&self) -> bool {
        self.body.is_some()
    }
}

impl<B: Body> Upload<B> {
    pub(super) fn of(request: Request<B>, limit: DrainLimit) -> Self {
        let http1 = request.version() < Version::HTTP_2;
        let held_back = request.headers().contains_key(header::EXPECT);
        let body = request.into_body();
        if !http1 || body.is_end_stream() {
            return Self::nothing();
        }
        // Polled, a body with `Expect` makes the server send 100 and the client upload. One that is
        // longer than the limit would be cut off in any case.
        if held_back || body.size_hint().lower() > limit.bytes {
            return Self { body: None, left: 0, deadline: None, outcome: Outcome::Close };
        }
        let deadline = Instant::now().checked_add(limit.time);
        Self { body: Some(body), left: limit.bytes, deadline, outcome: Outcome::Done }
    }

    pub(super) fn poll_drained(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut this = self.project();
        while let Some(body) = this.body.as_mut().as_pin_mut() {
            if body.is_end_stream() {
                break;
            }
            let late = this.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let frame = if late { None } else { Some(ready!(body.poll_frame(cx))) };
            let left = match frame {
                Some(None) => break,
                // A frame of nothing counts as one byte, so that a flood of them ends, too.
                Some(Some(Ok(frame))) => {
                    let read = frame.data_ref().map_or(0, Buf::remaining).max(1);
                    this.left.checked_sub(read as u64)
                }
                Some(Some(Err(_))) | None => None,
            };
            match left {
                Some(left) => *this.left = left,
                None => {
                    *this.outcome = Outcome::Close;
                    break;
                }
            }
        }
        this.body.set(None);
        Poll::Ready(*this.outcome)
    }
}
