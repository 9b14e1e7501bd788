use std::error::Error;
use std::fmt;

/// The reason why a body cannot be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReplayable {
    /// The body is larger than the limit.
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The [`ReplayBudget`](super::ReplayBudget) that the body shares with others was spent.
    BudgetSpent,
    /// The recording was freed: no handle was left that could have replayed it, or the body was
    /// [aborted](super::Replay::abort).
    Released,
    /// The body has a frame that is neither data nor trailers, which cannot be recorded.
    UnknownFrame,
    /// The source of the body failed, or the function of a [`ReplayFn`](super::ReplayFn) did.
    SourceFailed,
    /// The body cannot be sent again at all. For implementations of [`Replay`](super::Replay) that
    /// have no other reason.
    Unsupported,
}

impl fmt::Display for NotReplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge { limit } => {
                let limit = byte_count(*limit);
                return write!(
                    f,
                    "request body is larger than the limit of {limit}; raise the limit given to \
                     `ReplayBodyLayer::new`, or use a `ReplayFn`"
                );
            }
            Self::BudgetSpent => {
                "the budget for replaying request bodies is spent; raise that of `ReplayBudget::new`, or use \
                 a `ReplayFn`"
            }
            Self::Released => "request body was no longer kept for replay",
            Self::UnknownFrame => "request body holds a frame that cannot be replayed",
            Self::Unsupported => "request body cannot be sent again",
            Self::SourceFailed => "request body failed and cannot be replayed",
        })
    }
}

impl Error for NotReplayable {}

/// The error of a [`ReplayBody`](super::ReplayBody) or a [`ReplayFn`](super::ReplayFn).
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// A newer attempt reads the body now, or the body was [aborted](super::Replay::abort).
    Superseded,
    /// This attempt began after the first byte was gone, or was polled again after the source failed.
    NotReplayable(NotReplayable),
    /// The source failed with this error.
    ///
    /// The error is boxed, because many bodies fail with a `BoxError`: an error type that is generic over
    /// its source does not implement [`Error`] if the source is a `BoxError`.
    Source(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superseded => {
                f.write_str("request body is sent again, or its upload was aborted")
            }
            Self::NotReplayable(why) => why.fmt(f),
            Self::Source(error) => error.fmt(f),
        }
    }
}

/// `source` skips the inner error, which `Display` prints already.
impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Source(error) = self { error.source() } else { None }
    }
}

/// Formats a number of bytes, in MiB or KiB if that gives a whole number.
fn byte_count(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match bytes {
        _ if bytes >= MIB && bytes % MIB == 0 => format!("{} MiB", bytes / MIB),
        _ if bytes >= KIB && bytes % KIB == 0 => format!("{} KiB", bytes / KIB),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_large_names_the_limit_and_the_remedy() {
        for (limit, shown) in [
            (0, "0 bytes"),
            (1000, "1000 bytes"),
            (1024, "1 KiB"),
            (256 * 1024, "256 KiB"),
            (4 * 1024 * 1024, "4 MiB"),
            (1024 * 1024 + 1024, "1025 KiB"),
        ] {
            let remedy = "raise the limit given to `ReplayBodyLayer::new`, or use a `ReplayFn`";
            let expected = format!("request body is larger than the limit of {shown}; {remedy}");
            assert_eq!(NotReplayable::TooLarge { limit }.to_string(), expected);
        }
    }
}
