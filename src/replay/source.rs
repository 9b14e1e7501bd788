use std::pin::Pin;

use http_body::{Body, SizeHint};

/// The body that a [`ReplayBody`](super::ReplayBody) wraps.
pub(super) enum Source<B> {
    /// Boxed, so that it stays pinned when it is moved to a [`Deferred`](super::deferred::Deferred).
    Live(Pin<Box<B>>),
    /// It was read to its end and was dropped, or there was none.
    Ended,
    /// It failed or was aborted, and was dropped.
    Failed,
}

impl<B: Body> Source<B> {
    pub(super) fn is_end(&self) -> bool {
        match self {
            Self::Live(body) => body.is_end_stream(),
            Self::Ended => true,
            Self::Failed => false,
        }
    }

    /// The size of the rest; `None` if the source failed.
    pub(super) fn size_hint(&self) -> Option<SizeHint> {
        match self {
            Self::Live(body) => Some(body.size_hint()),
            Self::Ended => Some(SizeHint::with_exact(0)),
            Self::Failed => None,
        }
    }
}
