//! Implements `Replay` for types that wrap a body.

use http_body_util::Either;

use super::{NotReplayable, Replay};

/// A body that is one of two. [`empty`](Replay::empty) makes the left one.
impl<L: Replay, R: Replay> Replay for Either<L, R> {
    fn replay(&self) -> Result<Self, NotReplayable> {
        match self {
            Self::Left(body) => body.replay().map(Self::Left),
            Self::Right(body) => body.replay().map(Self::Right),
        }
    }

    fn check_replayable(&self) -> Result<(), NotReplayable> {
        match self {
            Self::Left(body) => body.check_replayable(),
            Self::Right(body) => body.check_replayable(),
        }
    }

    fn empty() -> Self {
        Self::Left(L::empty())
    }

    fn is_uploading(&self) -> bool {
        match self {
            Self::Left(body) => body.is_uploading(),
            Self::Right(body) => body.is_uploading(),
        }
    }

    fn abort_handle(&self) -> Option<Self> {
        match self {
            Self::Left(body) => body.abort_handle().map(Self::Left),
            Self::Right(body) => body.abort_handle().map(Self::Right),
        }
    }

    fn abort(&self) {
        match self {
            Self::Left(body) => body.abort(),
            Self::Right(body) => body.abort(),
        }
    }
}

/// For a body type of your own that has an optional body as a field: `Option` itself is no
/// [`Body`](http_body::Body). [`empty`](Replay::empty) makes `None`.
impl<B: Replay> Replay for Option<B> {
    fn replay(&self) -> Result<Self, NotReplayable> {
        self.as_ref().map(B::replay).transpose()
    }

    fn check_replayable(&self) -> Result<(), NotReplayable> {
        self.as_ref().map_or(Ok(()), B::check_replayable)
    }

    fn empty() -> Self {
        None
    }

    fn is_uploading(&self) -> bool {
        self.as_ref().is_some_and(B::is_uploading)
    }

    fn abort_handle(&self) -> Option<Self> {
        self.as_ref()?.abort_handle().map(Some)
    }

    fn abort(&self) {
        if let Some(body) = self {
            body.abort();
        }
    }
}

impl<B: Replay> Replay for Box<B> {
    fn replay(&self) -> Result<Self, NotReplayable> {
        (**self).replay().map(Self::new)
    }

    fn check_replayable(&self) -> Result<(), NotReplayable> {
        (**self).check_replayable()
    }

    fn empty() -> Self {
        Self::new(B::empty())
    }

    fn is_uploading(&self) -> bool {
        (**self).is_uploading()
    }

    fn abort_handle(&self) -> Option<Self> {
        (**self).abort_handle().map(Self::new)
    }

    fn abort(&self) {
        (**self).abort();
    }
}
