//! What is kept of a body while it is sent.

use http_body::Body;

use crate::replay::{NotReplayable, Replay};

pub(super) enum Kept<B> {
    /// There is no content, or it was given up.
    Nothing,
    /// From this it can be sent again.
    Handle(B),
    /// It could not be kept.
    Lost(NotReplayable),
}

impl<B: Body + Replay> Kept<B> {
    /// The body to send, and what is kept of it.
    pub(super) fn split(body: B) -> (B, Self) {
        if body.is_end_stream() {
            return (body, Self::Nothing);
        }
        match body.replay() {
            Ok(sent) => (sent, Self::Handle(body)),
            Err(why) => (body, Self::Lost(why)),
        }
    }

    pub(super) fn has_content(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    pub(super) fn is_uploading(&self) -> bool {
        matches!(self, Self::Handle(body) if body.is_uploading())
    }

    /// The body for the next request.
    pub(super) fn again(&self) -> Result<B, NotReplayable> {
        match self {
            Self::Nothing => Ok(B::empty()),
            Self::Handle(body) => body.replay(),
            Self::Lost(why) => Err(*why),
        }
    }

    /// Nobody will ask for the content again, nor for the answer to it: an upload ends here.
    pub(super) fn give_up(&mut self) {
        if let Self::Handle(body) = self {
            body.abort();
        }
        *self = Self::Nothing;
    }

    /// Nobody will ask for the content again: what was kept is freed, an upload goes on unrecorded.
    pub(super) fn let_go(&mut self) {
        *self = Self::Nothing;
    }
}
