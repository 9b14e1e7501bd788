//! Request bodies that can be sent again from their first byte.
//!
//! An attempt is one reading of a body. The handles of a recording are the [`ReplayBody`]s that share it: the
//! first one, its replays and their clones. Rules:
//!
//! 1. A body is [`Replay`] if another attempt can be made from it: `Full`, `Empty` and `String` are
//!    cloned, `Either`, `Option` and `Box` delegate to the inner body, a [`ReplayFn`] calls a function
//!    again, such as one that opens a file, and a [`ReplayBody`] records any other body.
//! 2. A [`ReplayBody`] records the bytes of its source *while they are sent*; nothing is collected
//!    beforehand. A newer attempt first reads the recording, and then goes on with the source: each byte
//!    once, in order, with the trailers at the end.
//! 3. Only the newest attempt reads. [`Replay::replay`] supersedes the older one as soon as it is called:
//!    an upload under way is woken and ends with [`ReplayError::Superseded`], so that no server takes
//!    the upload for complete. A clone supersedes other attempts when it is first polled. An attempt that
//!    has read everything stays complete.
//! 4. At most `limit` bytes are recorded. If there are more, the attempt under way goes on and the
//!    recording is freed at once; a later replay fails with [`NotReplayable::TooLarge`], before anything
//!    is sent again. A source that announces more than the limit is not recorded at all. A
//!    [`ReplayBudget`] limits the bytes that many bodies record together.
//! 5. Each attempt announces the same length as the first, or none if the source did not know its length.
//!    Only a body that turned out to be empty then announces 0.
//! 6. While the attempt that reads is the only handle, nothing is recorded, and the existing recording is
//!    freed: call `replay` first, then read.
//!
//! Pitfalls: the limit counts bytes, but a chunk of 1 KiB or more is kept as it is, and keeps alive the
//! whole buffer that it is part of. A source is polled under a lock: a source that uses its own
//! `ReplayBody` while it is polled deadlocks.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::{BodyExt, Full};
//! use tower_redirect::replay::{Replay, ReplayBody};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let body = ReplayBody::new(Full::new(Bytes::from("order")), 1024);
//! let first = body.replay()?;
//! assert_eq!(first.collect().await?.to_bytes(), "order");
//! assert_eq!(body.replay()?.collect().await?.to_bytes(), "order");
//!
//! let body = ReplayBody::new(Full::new(Bytes::from("order")), 4);
//! let first = body.replay()?;
//! assert_eq!(first.collect().await?.to_bytes(), "order");
//! assert!(body.replay().is_err(), "longer than the limit");
//! # Ok(())
//! # }
//! ```

mod attempts;
mod body;
mod budget;
mod deferred;
mod error;
mod func;
mod layer;
mod lineage;
mod recording;
mod source;
mod state;
mod sync;
mod wrapped;

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
    /// Makes a new attempt: the same body from its first byte. An older attempt that is still under
    /// way ends with an error, unless the body does not track its attempts, such as `Full`.
    ///
    /// # Errors
    ///
    /// Returns [`NotReplayable`] if the body cannot be sent again from its first byte.
    fn replay(&self) -> Result<Self, NotReplayable>;

    /// Checks whether another attempt can be made, without making one. The default implementation
    /// returns `Ok`.
    ///
    /// # Errors
    ///
    /// Returns [`NotReplayable`] if it is known that [`replay`](Self::replay) would fail now. A [`ReplayFn`]
    /// always returns `Ok`, because only a call of its function can tell.
    fn check_replayable(&self) -> Result<(), NotReplayable> {
        Ok(())
    }

    /// Creates a body without content, for a GET.
    fn empty() -> Self;

    /// Whether an attempt is under way: it was polled, has neither ended nor failed, and was not superseded,
    /// aborted or dropped. `false` for bodies that do not track their attempts, such as `Full`.
    fn is_uploading(&self) -> bool {
        false
    }

    /// Returns a handle for calling [`is_uploading`](Self::is_uploading) and [`abort`](Self::abort) on a
    /// body that is sent although it cannot be replayed. `None` for bodies that do not track their
    /// attempts.
    fn abort_handle(&self) -> Option<Self> {
        None
    }

    /// Makes an attempt that is under way end with an error. Frees the recording, unless a handle is left
    /// besides this one and that of the attempt. Does nothing for bodies that do not track their attempts.
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
