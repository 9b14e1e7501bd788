use std::error::Error;
use std::fmt;

/// Why a body cannot be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReplayable {
    /// More was sent than the limit allows to keep.
    TooLarge,
    /// The memory that many bodies share, a [`ReplayBudget`](super::ReplayBudget), was spent.
    BudgetSpent,
    /// No handle was left that could have replayed it, so that it was no longer kept.
    Released,
    /// A frame that is neither data nor trailers cannot be kept.
    UnknownFrame,
    /// The source ended with an error.
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

/// Why an attempt of a [`ReplayBody`](super::ReplayBody) ended early.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// A newer attempt reads the body now.
    Superseded,
    /// This attempt came too late to begin.
    NotReplayable(NotReplayable),
    /// The source's own error. Boxed, since bodies of which the error is a `BoxError` are common, and
    /// a type that holds one cannot be generic over it and an [`Error`] at once.
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

/// Transparent about [`Source`](Self::Source).
impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Source(error) => error.source(),
            _ => None,
        }
    }
}
