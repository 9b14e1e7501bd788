//! The state that all attempts of one [`ReplayBody`](super::ReplayBody) share, behind its lock.
//!
//! Only the current attempt reads, so one position in the recording is enough. The attempt reads the
//! recording first, then polls the source and records its frames. If the recording does not hold everything
//! that the source gave, the body is no longer replayable, and `not_replayable` is the reason.

use std::cmp::Ordering;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::attempts::Attempts;
use super::deferred::Deferred;
use super::error::{NotReplayable, ReplayError};
use super::lineage::{Handle, Lineage};
use super::recording::Recording;
use super::source::Source;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(super) struct State<B> {
    source: Source<B>,
    recording: Recording,
    /// The trailers of the source, once they have been read.
    trailers: Option<HeaderMap>,
    /// The size hint of the source before it was read.
    announced: SizeHint,
    limit: u64,
    /// Whether the source announced more bytes than the limit, or the recording would have exceeded it.
    over_limit: bool,
    /// The reason why no attempt can begin from the first byte any more.
    not_replayable: Option<NotReplayable>,
    attempts: Attempts,
    lineage: Lineage,
    position: Position,
    /// The number of `ReplayBody`s that share this state.
    handles: usize,
}

/// How much of the recording the current attempt has read.
struct Position {
    /// The number of chunks read; all of them once the attempt reads the source.
    chunks: usize,
    /// The number of recorded bytes that are not read yet.
    unread: u64,
    trailers_sent: bool,
}

impl Position {
    fn start(recording: &Recording) -> Self {
        Self { chunks: 0, unread: recording.len(), trailers_sent: false }
    }
}

impl<B> State<B> {
    /// A state with one handle, whose attempt has number 0 and is current.
    pub(super) fn new(
        source: Option<B>,
        announced: SizeHint,
        limit: u64,
        recording: Recording,
    ) -> Self {
        let over_limit = announced.lower() > limit;
        Self {
            announced,
            source: source.map_or(Source::Ended, |body| Source::Live(Box::pin(body))),
            position: Position::start(&recording),
            recording,
            trailers: None,
            limit,
            over_limit,
            not_replayable: None,
            attempts: Attempts::default(),
            lineage: Lineage::default(),
            handles: 1,
        }
    }

    /// Counts a new handle.
    pub(super) fn add_handle(&mut self) {
        self.handles += 1;
    }

    /// Removes a handle. If the only handle left is the one that reads, no later attempt can be made, and
    /// the chunks that were read are freed.
    pub(super) fn remove_handle(&mut self, handle: Handle, deferred: &mut Deferred<B>) {
        self.handles = self.handles.saturating_sub(1);
        deferred.drop_waker = handle.number.and_then(|number| self.attempts.end(number));
        if self.current_is_only_handle() && self.attempts.is_reading() {
            if self.has_read_recording() {
                self.discard(NotReplayable::Released);
            } else {
                // Freed in place: `position` and the size hint still count these chunks.
                (0..self.position.chunks).for_each(|index| self.recording.free(index));
                self.mark_not_replayable(NotReplayable::Released);
            }
        }
    }

    /// Whether the current attempt is the only handle.
    fn current_is_only_handle(&self) -> bool {
        self.handles == 1 && !self.attempts.has_ended()
    }

    fn has_read_recording(&self) -> bool {
        self.position.chunks >= self.recording.chunk_count()
            && (self.position.trailers_sent || self.trailers.is_none())
    }

    /// Begins a replay of `handle` at the first byte, and makes it the current attempt. It replaces the
    /// replay that was made earlier from the same family.
    pub(super) fn begin_replay(&mut self, handle: Handle, deferred: &mut Deferred<B>) -> Handle {
        let number = self.begin_attempt(deferred);
        self.lineage.replace(handle, number)
    }

    /// Makes a new attempt current, from the first byte. Returns its number.
    fn begin_attempt(&mut self, deferred: &mut Deferred<B>) -> u64 {
        let (number, waker) = self.attempts.supersede();
        deferred.wake = waker;
        self.rewind();
        number
    }

    /// Compares an attempt with the current one: `Greater` for a clone that was not polled, unless it was
    /// cloned from a replay that ended because a body it was made from was replayed again or aborted.
    fn compare(&self, handle: Handle) -> Ordering {
        match handle.number {
            Some(number) => self.attempts.compare(number),
            None if self.lineage.may_begin(handle) => Ordering::Greater,
            None => Ordering::Less,
        }
    }

    /// Ends the current attempt, the replays made from the family of `handle`, and the replays made from
    /// those. If no handle is left besides `handle` and that of the current attempt, the recording and the
    /// source are freed.
    pub(super) fn abort(&mut self, handle: Handle, deferred: &mut Deferred<B>) {
        let is_own = self.compare(handle) == Ordering::Equal;
        self.lineage.remove_replays(handle);
        let current_handles = usize::from(!is_own && !self.attempts.has_ended());
        let others = self.handles.saturating_sub(1 + current_handles);
        deferred.wake = self.attempts.abort();
        self.rewind();
        if others == 0 {
            self.discard(NotReplayable::Released);
            deferred.drop_source = std::mem::replace(&mut self.source, Source::Failed);
        }
    }

    /// Moves the position to the first byte, for an attempt that has just become current.
    fn rewind(&mut self) {
        // Small chunks that are still being gathered can be read only after this.
        self.recording.seal();
        self.position = Position::start(&self.recording);
    }

    /// Returns the handle of an attempt that may read. A clone that was not polled becomes a new attempt.
    /// Fails if the attempt is superseded, or if the first byte that a new attempt needs is gone.
    pub(super) fn claim(
        &mut self,
        handle: Handle,
        deferred: &mut Deferred<B>,
    ) -> Result<Handle, ReplayError> {
        match self.compare(handle) {
            Ordering::Equal => Ok(handle),
            Ordering::Less => Err(ReplayError::Superseded),
            Ordering::Greater => {
                self.check_replayable().map_err(ReplayError::NotReplayable)?;
                Ok(Handle { number: Some(self.begin_attempt(deferred)), ..handle })
            }
        }
    }

    pub(super) fn check_replayable(&self) -> Result<(), NotReplayable> {
        match self.not_replayable {
            Some(why) => Err(why),
            // A source that panicked has set no reason.
            None if matches!(self.source, Source::Failed) => Err(NotReplayable::SourceFailed),
            None => Ok(()),
        }
    }

    /// Keeps the first reason, because the later ones follow from it.
    fn mark_not_replayable(&mut self, why: NotReplayable) {
        self.not_replayable = self.not_replayable.or(Some(why));
    }

    /// Frees the recording; nothing more is recorded.
    fn discard(&mut self, why: NotReplayable) {
        self.mark_not_replayable(why);
        self.recording.clear();
        self.position.chunks = 0;
    }

    /// Records a frame of the source for later attempts. Discards the recording if there can be no later
    /// attempt.
    fn record(&mut self, frame: &Frame<Bytes>) {
        if self.over_limit {
            // The size hint of the source, or an earlier frame, has exceeded the limit.
            self.discard(NotReplayable::TooLarge { limit: self.limit });
        } else if self.current_is_only_handle() {
            // No other handle is left that could begin a later attempt.
            self.discard(NotReplayable::Released);
        } else if let Some(data) = frame.data_ref() {
            if self.recording.len().saturating_add(data.len() as u64) > self.limit {
                self.over_limit = true;
                self.discard(NotReplayable::TooLarge { limit: self.limit });
            } else if self.not_replayable.is_none() {
                // The current attempt gets this frame directly, so its position moves past it.
                if self.recording.push(data) {
                    self.position.chunks = self.recording.chunk_count();
                } else {
                    self.discard(NotReplayable::BudgetSpent);
                }
            }
        } else if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
            self.position.trailers_sent = true;
        } else {
            self.discard(NotReplayable::UnknownFrame);
        }
    }
}

impl<B: Body> State<B>
where
    B::Error: Into<BoxError>,
{
    /// Polls the next frame of the current attempt.
    pub(super) fn poll_current(
        &mut self,
        cx: &mut Context<'_>,
        deferred: &mut Deferred<B>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplayError>>> {
        self.attempts.begin();
        let index = self.position.chunks;
        if let Some(chunk) = self.recording.get(index) {
            if self.current_is_only_handle() {
                // No other handle is left that could read this chunk again.
                self.recording.free(index);
                self.mark_not_replayable(NotReplayable::Released);
            }
            self.position.chunks += 1;
            self.position.unread = self.position.unread.saturating_sub(chunk.len() as u64);
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if !self.position.trailers_sent {
            if let Some(trailers) = &self.trailers {
                self.position.trailers_sent = true;
                return Poll::Ready(Some(Ok(Frame::trailers(trailers.clone()))));
            }
        }
        // The source is treated as failed while it is polled. If it panics it stays failed: a frame may be
        // lost, and an attempt would take the rest for a whole body.
        deferred.drop_source = std::mem::replace(&mut self.source, Source::Failed);
        let source = match &mut deferred.drop_source {
            Source::Live(source) => source,
            Source::Ended => {
                self.source = Source::Ended;
                return Poll::Ready(None);
            }
            Source::Failed => {
                let error = ReplayError::NotReplayable(NotReplayable::SourceFailed);
                return Poll::Ready(Some(Err(error)));
            }
        };
        // `copy_to_bytes` does not copy if the data is `Bytes`, as in most bodies.
        let polled = source
            .as_mut()
            .poll_frame(cx)
            .map_ok(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
        self.source = match polled {
            Poll::Ready(None) => Source::Ended,
            Poll::Ready(Some(Err(_))) => Source::Failed,
            _ => std::mem::replace(&mut deferred.drop_source, Source::Ended),
        };
        // While the source is pending, the waker is kept so that a newer attempt can end this one. Old
        // wakers are dropped after unlocking, because their code may call back into the body.
        deferred.drop_waker = match polled {
            Poll::Ready(_) => self.attempts.unregister(),
            Poll::Pending => self.attempts.register(cx),
        };
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.record(frame);
        }
        polled.map_err(|error| {
            self.discard(NotReplayable::SourceFailed);
            ReplayError::Source(error.into())
        })
    }

    /// Whether the current attempt was polled, has a handle, has not failed, and has not read everything.
    pub(super) fn is_uploading(&self) -> bool {
        self.attempts.is_reading()
            && !matches!(self.source, Source::Failed)
            && !(self.source.is_end() && self.has_read_recording())
    }

    /// Whether an attempt has read everything. `false` for an attempt that is superseded or that begins
    /// after the first byte is gone, because it ends with an error.
    pub(super) fn is_end(&self, handle: Handle) -> bool {
        match self.compare(handle) {
            Ordering::Less => false,
            Ordering::Equal => self.source.is_end() && self.has_read_recording(),
            // The attempt begins at the first byte, so it is at the end only if the body is empty.
            Ordering::Greater => {
                self.source.is_end()
                    && self.not_replayable.is_none()
                    && self.recording.len() == 0
                    && self.trailers.is_none()
            }
        }
    }

    /// The size of the rest that an attempt still has to read.
    pub(super) fn size_hint(&self, handle: Handle) -> SizeHint {
        let read = match (self.compare(handle), self.source.size_hint()) {
            // The attempt reads the source itself.
            (Ordering::Equal, Some(hint)) if self.has_read_recording() => return hint,
            (Ordering::Equal, Some(_)) => self.recording.len().saturating_sub(self.position.unread),
            (Ordering::Greater, Some(_)) if self.not_replayable.is_none() => 0,
            // The attempt ends with an error, so its size is not known.
            _ => return SizeHint::default(),
        };
        // Each attempt announces the same size as the first, even if more is known by now. A request
        // without `Content-Length` then has none on the next hop either.
        let mut hint = SizeHint::new();
        hint.set_lower(self.announced.lower().saturating_sub(read));
        if let Some(upper) = self.announced.upper() {
            hint.set_upper(upper.saturating_sub(read));
        }
        hint
    }
}
