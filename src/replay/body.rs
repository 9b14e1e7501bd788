use std::fmt;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Replay;
use super::budget::ReplayBudget;
use super::error::{NotReplayable, ReplayError};
use super::recording::Recording;
use super::state::{Afterwards, State};
use super::sync::{Arc, Mutex, MutexGuard};

/// Any body, made [`Replay`] by recording up to a limit what is sent: see the [module](super) for
/// the rules.
pub struct ReplayBody<B> {
    shared: Arc<Mutex<State<B>>>,
    number: u64,
    /// This attempt has got everything; whatever others do, it stays so.
    done: bool,
}

impl<B: Body> ReplayBody<B> {
    /// Keeps at most `limit` bytes.
    pub fn new(body: B, limit: u64) -> Self {
        Self::recorded(body, limit, Recording::default())
    }

    /// Keeps at most `limit` bytes, and no more than `budget` has left.
    pub fn with_budget(body: B, limit: u64, budget: &ReplayBudget) -> Self {
        Self::recorded(body, limit, Recording::within(budget))
    }

    fn recorded(body: B, limit: u64, recording: Recording) -> Self {
        let over_limit = body.size_hint().lower() > limit;
        Self::of(State::new(Some(body), limit, over_limit, recording))
    }
}

impl<B> ReplayBody<B> {
    fn of(state: State<B>) -> Self {
        Self { shared: Arc::new(Mutex::new(state)), number: 0, done: false }
    }

    fn lock(&self) -> MutexGuard<'_, State<B>> {
        // The state is whole between its methods; a source that panicked is the source's affair.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Body> Replay for ReplayBody<B>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn replay(&self) -> Result<Self, NotReplayable> {
        let mut after = Afterwards::nothing();
        let mut state = self.lock();
        state.replayable()?;
        let number = state.enter();
        state.supersede(number, &mut after);
        drop(state);
        after.run();
        Ok(Self { shared: self.shared.clone(), number, done: false })
    }

    fn empty() -> Self {
        Self::of(State::new(None, 0, false, Recording::default()))
    }

    fn abort(&self) {
        let mut after = Afterwards::nothing();
        self.lock().abort(&mut after);
        after.run();
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
        let mut after = Afterwards::nothing();
        let mut state = self.lock();
        if let Err(error) = state.claim(self.number, &mut after) {
            return Poll::Ready(Some(Err(error)));
        }
        let polled = state.poll_current(cx, &mut after);
        let done = matches!(polled, Poll::Ready(None)) || state.is_end(self.number);
        drop(state);
        self.done = done;
        after.run();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.lock().is_end(self.number)
    }

    fn size_hint(&self) -> SizeHint {
        if self.done { SizeHint::with_exact(0) } else { self.lock().size_hint(self.number) }
    }
}

/// A newer attempt, which supersedes the older one when it is first polled.
impl<B> Clone for ReplayBody<B> {
    fn clone(&self) -> Self {
        let number = self.lock().enter();
        Self { shared: self.shared.clone(), number, done: false }
    }
}

impl<B> Drop for ReplayBody<B> {
    fn drop(&mut self) {
        let mut after = Afterwards::nothing();
        self.lock().leave(self.number, &mut after);
        after.run();
    }
}

impl<B> fmt::Debug for ReplayBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayBody")
            .field("number", &self.number)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
