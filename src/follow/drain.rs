//! Reads a redirection's own body, so that its connection can be used again.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::Body;

use crate::drain::poll_drain;

/// Reads `body` until it ends or fails, or until `left` bytes are used up. A body that announces more
/// than `left` bytes is not read at all, because its connection could not be reused.
pub(super) fn poll_drained<R: Body>(
    body: Pin<&mut R>,
    left: &mut u64,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let fits = |body: &R, left| left > 0 && body.size_hint().lower() <= left;
    poll_drain(body, left, cx, fits).map(drop)
}
