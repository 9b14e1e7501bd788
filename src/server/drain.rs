//! Reads the rest of an upload before its request is answered: see rule 4 of the
//! [module](crate::server).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{HeaderValue, Request, Version, header};
use http_body::Body;
use pin_project_lite::pin_project;

use super::settings::DrainLimit;
use crate::drain::{Drained, poll_drain};

pin_project! {
    /// The rest of a request's body, to be read before the answer.
    #[derive(Debug)]
    pub struct Upload<B> {
        #[pin]
        body: Option<B>,
        left: u64,
        deadline: Option<Instant>,
        connection: Connection,
    }
}

/// Whether the connection can be used for another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    /// Everything was read, or the protocol resets a stream alone.
    Keep,
    /// Input stays unread.
    Close,
}

impl Connection {
    /// Returns the header that tells the client, where there is something to tell.
    pub(super) fn header(self) -> Option<(header::HeaderName, HeaderValue)> {
        match self {
            Self::Keep => None,
            Self::Close => Some((header::CONNECTION, HeaderValue::from_static("close"))),
        }
    }
}

impl<B> Upload<B> {
    /// An upload without anything left to read.
    pub(super) const fn finished(connection: Connection) -> Self {
        Self { body: None, left: 0, deadline: None, connection }
    }

    pub(super) const fn is_pending(&self) -> bool {
        self.body.is_some()
    }
}

impl<B: Body> Upload<B> {
    /// Takes the body of `request`, unless none of it is to be read.
    pub(super) fn new(request: Request<B>, limit: DrainLimit) -> Self {
        let http1 = request.version() < Version::HTTP_2;
        let expects_continue = request.headers().contains_key(header::EXPECT);
        let body = request.into_body();
        if !http1 || body.is_end_stream() {
            return Self::finished(Connection::Keep);
        }
        // Polling a body with `Expect` makes the server send 100, and the client upload. A body that
        // is longer than the limit would be cut off in any case.
        if expects_continue || body.size_hint().lower() > limit.bytes {
            return Self::finished(Connection::Close);
        }
        let deadline = Instant::now().checked_add(limit.time);
        Self { body: Some(body), left: limit.bytes, deadline, connection: Connection::Keep }
    }

    pub(super) fn poll_drained(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Connection> {
        let mut this = self.project();
        if let Some(body) = this.body.as_mut().as_pin_mut() {
            let deadline = *this.deadline;
            let in_time = |_: &B, _| deadline.is_none_or(|deadline| Instant::now() < deadline);
            if ready!(poll_drain(body, this.left, cx, in_time)) != Drained::All {
                *this.connection = Connection::Close;
            }
            this.body.set(None);
        }
        Poll::Ready(*this.connection)
    }
}
