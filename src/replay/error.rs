use std::error::Error;
use std::fmt;

/// The reason why a body cannot be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReplayable {
    /// The body is larger than the limit.
    TooLarge,
    /// The [`ReplayBudget`](super::ReplayBudget) that the body shares with others was spent.
    BudgetSpent,
    /// The recording was freed, since no handle was left that could have replayed it.
    Released,
    /// The body has a frame that is neither data nor trailers, which cannot be recorded.
    UnknownFrame,
    /// The source of the body failed.
    SourceFailed,
}

impl fmt::Display for NotReplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "request body is larger than the replay limit",
            Self::BudgetSpent => "the memory for replaying request bodies is spent",
            Self::Released => "request body was no longer kept for replay",
            Self::UnknownFrame => "request body holds a frame that cannot be replayed",
            Self::SourceFailed => "request body failed and cannot be replayed",
        })
    }
}

impl Error for NotReplayable {}

/// The error of a [`ReplayBody`](super::ReplayBody) or a [`ReplayFn`](super::ReplayFn).
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// A newer attempt reads the body now.
    Superseded,
    /// This attempt began after the first byte was gone.
    NotReplayable(NotReplayable),
    /// The source failed with this error.
    ///
    /// It is boxed, since the error of many bodies is a `BoxError`: a type that is generic over its
    /// source cannot be an [`Error`] if the source is a `BoxError`.
    Source(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superseded => f.write_str("request body is being sent again elsewhere"),
            Self::NotReplayable(why) => why.fmt(f),
            Self::Source(error) => error.fmt(f),
        }
    }
}

/// `source` is that of the error inside, since `Display` prints that error.
impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Source(error) => error.source(),
            _ => None,
        }
    }
}
