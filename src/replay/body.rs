use std::fmt;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Replay;
use super::budget::ReplayBudget;
use super::deferred::Deferred;
use super::error::{NotReplayable, ReplayError};
use super::lineage::Handle;
use super::recording::Recording;
use super::state::State;
use super::sync::{Arc, Mutex, MutexGuard};

/// Makes any body [`Replay`] by recording its bytes, up to a limit, while they are sent. See the
/// [module](super) for the rules.
pub struct ReplayBody<B> {
    shared: Arc<Mutex<State<B>>>,
    handle: Handle,
    /// Whether this attempt has read everything. Later attempts do not change that.
    done: bool,
}

impl<B: Body> ReplayBody<B> {
    /// Wraps `body`, to record at most `limit` bytes of it.
    pub fn new(body: B, limit: u64) -> Self {
        Self::with_recording(Some(body), limit, Recording::default())
    }

    /// Wraps `body`, to record at most `limit` bytes of it, and no more than `budget` has left.
    pub fn with_budget(body: B, limit: u64, budget: &ReplayBudget) -> Self {
        Self::with_recording(Some(body), limit, Recording::within(budget))
    }

    /// Creates the first handle. Without a `source`, the body is empty.
    fn with_recording(source: Option<B>, limit: u64, recording: Recording) -> Self {
        let announced = source.as_ref().map_or(SizeHint::with_exact(0), B::size_hint);
        let state = State::new(source, announced, limit, recording);
        Self { shared: Arc::new(Mutex::new(state)), handle: Handle::FIRST, done: false }
    }
}

impl<B> ReplayBody<B> {
    fn lock(&self) -> MutexGuard<'_, State<B>> {
        // The state is consistent even if a source panics while it is polled: the source is
        // then treated as failed.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Body> Replay for ReplayBody<B>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn replay(&self) -> Result<Self, NotReplayable> {
        let mut deferred = Deferred::nothing();
        let mut state = self.lock();
        state.check_replayable()?;
        state.add_handle();
        let handle = state.begin_replay(self.handle, &mut deferred);
        drop(state);
        Ok(Self { shared: self.shared.clone(), handle, done: false })
    }

    fn check_replayable(&self) -> Result<(), NotReplayable> {
        self.lock().check_replayable()
    }

    fn empty() -> Self {
        Self::with_recording(None, 0, Recording::default())
    }

    fn abort_handle(&self) -> Option<Self> {
        // A clone does not supersede other attempts before it is polled.
        Some(self.clone())
    }

    fn abort(&self) {
        let mut deferred = Deferred::nothing();
        self.lock().abort(self.handle, &mut deferred);
    }

    fn is_uploading(&self) -> bool {
        self.lock().is_uploading()
    }
}

impl<B: Body> Body for ReplayBody<B>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = ReplayError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let mut deferred = Deferred::nothing();
        let mut state = self.lock();
        let handle = match state.claim(self.handle, &mut deferred) {
            Ok(handle) => handle,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        let polled = state.poll_current(cx, &mut deferred);
        let done = matches!(polled, Poll::Ready(None)) || state.is_end(handle);
        drop(state);
        (self.handle, self.done) = (handle, done);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.lock().is_end(self.handle)
    }

    fn size_hint(&self) -> SizeHint {
        if self.done { SizeHint::with_exact(0) } else { self.lock().size_hint(self.handle) }
    }
}

/// A clone supersedes all other attempts when it is first polled, even those made after it. But a clone of
/// a replay is itself superseded if the body that the replay was made from is replayed again or aborted.
impl<B> Clone for ReplayBody<B> {
    fn clone(&self) -> Self {
        self.lock().add_handle();
        Self { shared: self.shared.clone(), handle: self.handle.for_clone(), done: false }
    }
}

impl<B> Drop for ReplayBody<B> {
    fn drop(&mut self) {
        let mut deferred = Deferred::nothing();
        self.lock().remove_handle(self.handle, &mut deferred);
    }
}

impl<B> fmt::Debug for ReplayBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayBody")
            .field("number", &self.handle.number)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
