//! Reads and discards bodies, so that their connections can be used again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::Body;

/// Reads `body` until it ends, fails, or has used up more than `left` bytes, or until `may_continue`
/// returns `false`. Returns whether the body has ended. Each frame uses up its bytes of data, and at least
/// one, so that an endless series of frames without data reaches the limit. `may_continue` is called before
/// each frame, with the body and the bytes that are left.
pub(crate) fn poll_drain<B: Body>(
    mut body: Pin<&mut B>,
    left: &mut u64,
    cx: &mut Context<'_>,
    may_continue: impl Fn(&B, u64) -> bool,
) -> Poll<bool> {
    while !body.is_end_stream() {
        if !may_continue(&body, *left) {
            return Poll::Ready(false);
        }
        let read = match ready!(body.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Buf::remaining).max(1) as u64,
            Some(Err(_)) => return Poll::Ready(false),
            None => break,
        };
        let Some(rest) = left.checked_sub(read) else {
            *left = 0;
            return Poll::Ready(false);
        };
        *left = rest;
    }
    Poll::Ready(true)
}
