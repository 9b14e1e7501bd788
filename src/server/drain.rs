//! Reads the rest of an upload whose request the layer answers: see rules 4 to 6 of the
//! [module](crate::server).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Version, header};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::drain::poll_drain;
use crate::list::has_member;
use crate::media_type::{is_grpc, is_named};
use crate::system_clock::Instant;
use crate::timer::{Timeout, Timer};

/// The time limit for an HTTP/2 upload of unknown length, which may be half of a bidirectional stream whose
/// client waits for the answer.
const UNKNOWN_LENGTH_TIME: Duration = Duration::from_secs(1);

/// Limits how much of an upload is read, and for how long.
#[derive(Clone, Debug)]
pub struct DrainLimit {
    pub(super) bytes: u64,
    pub(super) time: Duration,
    pub(super) timer: Option<Timer>,
}

impl Default for DrainLimit {
    fn default() -> Self {
        Self { bytes: 64 * 1024 * 1024, time: Duration::from_secs(30), timer: None }
    }
}

pin_project! {
    /// Reads the rest of a request's body until it ends, it fails, or a limit is reached.
    #[derive(Debug)]
    pub struct Upload<B> {
        #[pin]
        body: Option<B>,
        left: u64,
        deadline: Option<Instant>,
        timeout: Timeout,
        connection: Connection,
    }
}

/// Whether the connection can be used for another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Everything was read, an executor reads the rest, or only the stream is reset.
    Keep,
    /// Input remains unread.
    Close,
}

impl Connection {
    /// Adds `Connection: close` if the connection ends after this response.
    pub(super) fn add_header(self, headers: &mut HeaderMap) {
        if self == Self::Close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }

    /// Whether a connection with unread input is kept. Over HTTP/2 only the stream is reset, when its body
    /// is dropped, and there is no `Connection` header (RFC 9113 §8.2.2).
    fn with_unread_input<B>(request: &Request<B>) -> Self {
        if request.version() < Version::HTTP_2 { Self::Close } else { Self::Keep }
    }
}

impl<B> Upload<B> {
    /// Creates an upload that is not read any further.
    pub(super) const fn finished(connection: Connection) -> Self {
        Self { body: None, left: 0, deadline: None, timeout: Timeout::Unlimited, connection }
    }

    pub(super) const fn is_pending(&self) -> bool {
        self.body.is_some()
    }
}

impl<B: Body> Upload<B> {
    /// Takes the body of a request, to be read before the answer.
    pub(super) fn before_answer(request: Request<B>, limit: &DrainLimit) -> Self {
        if request.body().is_end_stream() {
            return Self::finished(Connection::Keep);
        }
        let may_be_bidirectional =
            request.version() >= Version::HTTP_2 && has_unknown_length(&request);
        if waits_for_answer(&request) || may_be_bidirectional && limit.timer.is_none() {
            return Self::finished(Connection::with_unread_input(&request));
        }
        let time =
            if may_be_bidirectional { limit.time.min(UNKNOWN_LENGTH_TIME) } else { limit.time };
        Self::new(request, limit, time)
    }

    /// Takes the body of a request that is answered at once, to be read afterwards.
    pub(super) fn after_answer(request: Request<B>, limit: &DrainLimit) -> Self {
        Self::new(request, limit, limit.time)
    }

    fn new(request: Request<B>, limit: &DrainLimit, time: Duration) -> Self {
        let connection = Connection::with_unread_input(&request);
        // If the client waits for 100, polling the body makes the server send 100, and then the client
        // uploads. The bytes after a CONNECT are not content.
        let is_left_unread = expects_continue(&request) || *request.method() == Method::CONNECT;
        let body = request.into_body();
        if body.is_end_stream() {
            return Self::finished(Connection::Keep);
        }
        // A body that is longer than the limit would be cut off in any case.
        if is_left_unread || body.size_hint().lower() > limit.bytes {
            return Self::finished(connection);
        }
        Self {
            body: Some(body),
            left: limit.bytes,
            deadline: Instant::now().checked_add(time),
            timeout: Timeout::new(limit.timer.as_ref(), time),
            connection,
        }
    }
}

/// Returns whether the client may wait for 100 before it sends its body (RFC 9110 §10.1.1): `Expect` lists
/// `100-continue`, which HTTP/1.0 does not define.
fn expects_continue<B>(request: &Request<B>) -> bool {
    request.version() >= Version::HTTP_11
        && has_member(request.headers(), header::EXPECT, "100-continue")
}

fn has_unknown_length<B: Body>(request: &Request<B>) -> bool {
    request.body().size_hint().upper().is_none()
}

/// Returns whether the client may wait for the beginning of the answer before it sends its whole body.
/// Apart from gRPC, a client that has announced the length of its body does not wait.
fn waits_for_answer<B: Body>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let mut accept = headers.get_all(header::ACCEPT).iter();
    headers.get(header::CONTENT_TYPE).is_some_and(is_grpc)
        || has_unknown_length(request) && accept.any(|value| is_named(value, "text/event-stream"))
}

impl<B: Body> Future for Upload<B> {
    type Output = Connection;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Connection> {
        let mut this = self.project();
        if let Some(body) = this.body.as_mut().as_pin_mut() {
            let deadline = *this.deadline;
            let in_time = |_: &B, _| deadline.is_none_or(|deadline| Instant::now() < deadline);
            match poll_drain(body, this.left, cx, in_time) {
                Poll::Ready(has_ended) => {
                    if has_ended {
                        *this.connection = Connection::Keep;
                    }
                }
                // If the client sends nothing, only the timer wakes this task.
                Poll::Pending => ready!(this.timeout.poll_elapsed(cx)),
            }
            this.body.set(None);
        }
        Poll::Ready(*this.connection)
    }
}
