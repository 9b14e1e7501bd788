//! The body of a request, saved for the requests that follow it.

use http_body::Body;

use crate::replay::{NotReplayable, Replay};

/// A request body, saved so that the next requests can send it.
pub(in crate::follow) enum SavedBody<B> {
    /// The request has no content, or the content was dropped.
    Empty,
    /// A body whose replays can be sent.
    Replayable(B),
    /// The body could not be saved. Its handle, if there is one, can end the upload.
    NotReplayable(NotReplayable, Option<B>),
}

impl<B: Body + Replay> SavedBody<B> {
    /// Splits `body` into the body to send and the saved body.
    pub(in crate::follow) fn split(body: B) -> (B, Self) {
        if body.is_end_stream() {
            return (body, Self::Empty);
        }
        match body.replay() {
            Ok(sent) => (sent, Self::Replayable(body)),
            Err(why) => {
                let handle = body.abort_handle();
                (body, Self::NotReplayable(why, handle))
            }
        }
    }

    pub(in crate::follow) fn has_content(&self) -> bool {
        !matches!(self, Self::Empty)
    }

    pub(in crate::follow) fn is_uploading(&self) -> bool {
        self.handle().is_some_and(Replay::is_uploading)
    }

    /// Whether [`replay`](Self::replay) is expected to return a body.
    pub(in crate::follow) fn is_replayable(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Replayable(body) => body.check_replayable().is_ok(),
            Self::NotReplayable(..) => false,
        }
    }

    /// Returns the body of the next request.
    pub(in crate::follow) fn replay(&self) -> Result<B, NotReplayable> {
        match self {
            Self::Empty => Ok(B::empty()),
            Self::Replayable(body) => body.replay(),
            Self::NotReplayable(why, _) => Err(*why),
        }
    }

    /// Ends an upload that is under way, and frees the saved content. Called if the next request has no
    /// content, or if a redirection could not be followed and the call ends with an error.
    pub(in crate::follow) fn abort(&mut self) {
        if let Some(body) = self.handle() {
            body.abort();
        }
        *self = Self::Empty;
    }

    fn handle(&self) -> Option<&B> {
        match self {
            Self::Empty => None,
            Self::Replayable(body) => Some(body),
            Self::NotReplayable(_, handle) => handle.as_ref(),
        }
    }

    /// Frees the saved content, and lets an upload that is under way continue. Called before a response is
    /// returned to the caller.
    pub(in crate::follow) fn release(&mut self) {
        *self = Self::Empty;
    }
}
