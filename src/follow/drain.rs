//! Reads the body of a redirection, so that the connection can be used again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Response, Version, header};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::drain::poll_drain;
use crate::list::has_member;

pin_project! {
    /// The body of a redirection, which is dropped once the frames read have used up `left` bytes.
    pub(super) struct Rest<R> {
        #[pin]
        body: R,
        left: u64,
        // Whether the next request can be sent while the body is read.
        is_multiplexed: bool,
    }
}

impl<R: Body> Rest<R> {
    /// Takes the body out of `response`. Returns `None` if there is nothing to read, or if the server closes
    /// the connection in any case.
    ///
    /// Over HTTP/1, the next request waits until the body is read, because both need the connection. Over
    /// HTTP/2 and later, it does not wait. The body is read all the same, because dropping it resets its
    /// stream, and servers close connections on which resets are frequent (CVE-2023-44487).
    pub(super) fn of(response: Response<R>, left: u64) -> Option<Self> {
        if response.body().is_end_stream() {
            return None;
        }
        let is_multiplexed = response.version() >= Version::HTTP_2;
        let is_read = is_multiplexed || persists(response.version(), response.headers());
        is_read.then(|| Self { body: response.into_body(), left, is_multiplexed })
    }
}

/// Whether an HTTP/1 connection stays open after a response (RFC 9112 §9.3).
fn persists(version: Version, headers: &HeaderMap) -> bool {
    let has_option = |option| has_member(headers, header::CONNECTION, option);
    !has_option("close") && (version >= Version::HTTP_11 || has_option("keep-alive"))
}

/// Reads the body until it ends, fails, or its limit is used up, and then drops it. A body that announces
/// more than the limit is not read at all: it would be dropped before its end in any case. Returns `Pending`
/// if the next request has to wait.
pub(super) fn poll_rest<R: Body>(
    mut rest: Pin<&mut Option<Rest<R>>>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if let Some(current) = rest.as_mut().as_pin_mut() {
        let current = current.project();
        let fits = |body: &R, left| left > 0 && body.size_hint().lower() <= left;
        let drained = poll_drain(current.body, current.left, cx, fits);
        if *current.is_multiplexed && drained.is_pending() {
            return Poll::Ready(());
        }
        ready!(drained);
        rest.set(None);
    }
    Poll::Ready(())
}
