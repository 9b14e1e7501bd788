//! Bodies that can be sent again.
//!
//! Rules:
//!
//! 1. A body is [`Replay`] if it can be made anew from its first byte: `Full`, `Empty`, `String`, and
//!    any other inside a [`ReplayBody`], or made anew by a [`ReplayFn`], as a file is opened again.
//! 2. A [`ReplayBody`] records what its first attempt reads *while that is sent*; nothing is collected
//!    beforehand. A newer attempt gets what was recorded, then goes on with the source: each byte
//!    once, in order, trailers at the end.
//! 3. The newest attempt reads. [`Replay::replay`] supersedes the older one as soon as it is made:
//!    an upload under way is woken and ends with [`ReplayError::Superseded`], so that nobody takes it
//!    for whole. A clone supersedes when it is first polled. An upload that was finished stays so.
//! 4. At most `limit` bytes are kept. Beyond it the attempt under way goes on and the buffer is freed
//!    at once; a later replay fails with [`NotReplayable::TooLarge`] before anything is sent. A source
//!    that announces more than the limit is not recorded at all. A [`ReplayBudget`] limits what many
//!    bodies keep together.
//! 5. What is read while no other handle is left that could replay is not recorded, and what was
//!    recorded is freed: make the attempt first, then read it.
//!
//! Pitfalls: the limit counts bytes; a chunk of 1 KiB or more is kept as the frame that it came in,
//! and pins the memory which that frame shares. A source is polled under a lock: one that asks for
//! its own `ReplayBody` while it is polled waits for itself.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use tower_redirect::replay::{Replay, ReplayBody};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let kept = ReplayBody::new(Full::new(Bytes::from("order")), 1024);
//! let first = kept.replay()?;
//! assert_eq!(first.collect().await?.to_bytes(), "order");
//! assert_eq!(kept.replay()?.collect().await?.to_bytes(), "order");
//!
//! let kept = ReplayBody::new(Full::new(Bytes::from("order")), 4);
//! let first = kept.replay()?;
//! assert_eq!(first.collect().await?.to_bytes(), "order");
//! assert!(kept.replay().is_err(), "longer than the limit, and gone");
//! # Ok(())
//! # }
//! ```

mod body;
mod budget;
mod error;
mod func;
mod layer;
mod recording;
mod state;
mod sync;

use bytes::Buf;
use http_body_util::{Empty, Full};

pub use body::ReplayBody;
pub use budget::ReplayBudget;
pub use error::{NotReplayable, ReplayError};
pub use func::ReplayFn;
pub use layer::{ReplayBodyLayer, ReplayBodyService};

/// A body that can be sent again from its first byte.
#[diagnostic::on_unimplemented(
    message = "the body `{Self}` cannot be sent again",
    label = "not `Replay`",
    note = "put `ReplayBodyLayer::new(limit)` outside of `FollowRedirectsLayer`, or make the body a \
            `ReplayBody`, `Full`, `Empty` or `String`"
)]
pub trait Replay: Sized {
    /// The same body from its first byte. An older attempt that is still under way ends with an
    /// error.
    ///
    /// # Errors
    ///
    /// [`NotReplayable`], where what was sent is gone.
    fn replay(&self) -> Result<Self, NotReplayable>;

    /// A body of nothing, as a GET carries.
    fn empty() -> Self;

    /// Whether an attempt is under way: polled, neither at its end nor dropped. Bodies that do not
    /// know, as `Full`, say no.
    fn is_uploading(&self) -> bool {
        false
    }

    /// Gives the body up: an attempt that is under way ends with an error, and what was kept is freed,
    /// unless another handle is left. Does nothing for bodies that do not know of their attempts.
    fn abort(&self) {}
}

impl<D: Buf + Clone> Replay for Full<D> {
    fn replay(&self) -> Result<Self, NotReplayable> {
        Ok(self.clone())
    }

    fn empty() -> Self {
        Self::default()
    }
}

impl<D: Buf> Replay for Empty<D> {
    fn replay(&self) -> Result<Self, NotReplayable> {
        Ok(Self::new())
    }

    fn empty() -> Self {
        Self::new()
    }
}

impl Replay for String {
    fn replay(&self) -> Result<Self, NotReplayable> {
        Ok(self.clone())
    }

    fn empty() -> Self {
        Self::new()
    }
}
