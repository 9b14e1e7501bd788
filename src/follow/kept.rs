//! What is kept of a body while it is sent.

use http_body::Body;

use crate::replay::{NotReplayable, Replay};

#[derive(Debug)]
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

    pub(super) fn is_uploading(&self) -> bool {
        matches!(self, Self::Handle(body) if body.is_uploading())
    }

    /// The body of the next request. An upload that is still under way ends here.
    pub(super) fn next(&mut self, with_content: bool) -> Result<B, NotReplayable> {
        match self {
            Self::Handle(body) if with_content => body.replay(),
            Self::Lost(why) if with_content => Err(*why),
            Self::Handle(body) => {
                // The newest attempt reads: one that nobody polls ends the one under way.
                drop(body.replay());
                *self = Self::Nothing;
                Ok(B::empty())
            }
            Self::Nothing | Self::Lost(_) => {
                *self = Self::Nothing;
                Ok(B::empty())
            }
        }
    }
}
