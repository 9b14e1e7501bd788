//! Reads a redirection's own body away, so that its connection can be used again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::Body;

/// Ready at the end, at an error, or once `left` bytes do not suffice. A frame of nothing counts as
/// one byte, so that a flood of them ends, too.
pub(super) fn poll_drained<R: Body>(
    mut body: Pin<&mut R>,
    left: &mut u64,
    cx: &mut Context<'_>,
) -> Poll<()> {
    while *left > 0 && !body.is_end_stream() && body.size_hint().lower() <= *left {
        let read = match ready!(body.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Buf::remaining).max(1),
            Some(Err(_)) | None => break,
        };
        *left = left.saturating_sub(read as u64);
    }
    Poll::Ready(())
}
