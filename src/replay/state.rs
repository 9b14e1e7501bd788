//! What all attempts of one body share. Only the current attempt reads, so its place is here.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::error::{NotReplayable, ReplayError};
use super::recording::Recording;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(super) struct State<B> {
    source: Source<B>,
    recording: Recording,
    trailers: Option<HeaderMap>,
    limit: u64,
    /// Why what is read next will not be kept.
    unkept: Option<NotReplayable>,
    /// Why what was read is not there any more.
    lost: Option<NotReplayable>,
    /// The highest number given.
    latest: u64,
    current: Current,
    handles: usize,
}

enum Source<B> {
    Live(Pin<Box<B>>),
    Ended,
    Failed,
}

/// The attempt that reads.
struct Current {
    number: u64,
    /// Chunks of the recording that it has got; all of them, where it reads the source.
    position: usize,
    /// Bytes of the recording that it has not got.
    unread: u64,
    trailers_sent: bool,
    polled: bool,
    alive: bool,
    waker: Option<Waker>,
}

impl Current {
    fn begin(number: u64, unread: u64) -> Self {
        let (position, trailers_sent, polled, waker) = (0, false, false, None);
        Self {
            number,
            position,
            unread,
            trailers_sent,
            polled,
            alive: true,
            waker,
        }
    }
}

impl<B> State<B> {
    pub(super) fn new(source: Option<B>, limit: u64, unkept: Option<NotReplayable>) -> Self {
        Self {
            source: source.map_or(Source::Ended, |source| Source::Live(Box::pin(source))),
            recording: Recording::default(),
            trailers: None,
            limit,
            unkept,
            lost: None,
            latest: 0,
            current: Current::begin(0, 0),
            handles: 1,
        }
    }

    /// A number for a new handle.
    pub(super) fn enter(&mut self) -> u64 {
        self.handles += 1;
        self.latest += 1;
        self.latest
    }

    /// Makes `number` the attempt that reads, from the first byte. The waker is the older one's, to
    /// be woken once the lock is released.
    pub(super) fn supersede(&mut self, number: u64) -> Option<Waker> {
        self.recording.seal();
        let next = Current::begin(number, self.recording.len());
        std::mem::replace(&mut self.current, next).waker
    }

    pub(super) fn replayable(&self) -> Result<(), NotReplayable> {
        self.lost.map_or(Ok(()), Err)
    }

    /// A handle is gone. If the one that is left is reading, nobody can replay: nothing needs to be
    /// kept.
    pub(super) fn leave(&mut self, number: u64) {
        self.handles = self.handles.saturating_sub(1);
        if number == self.current.number {
            self.current.alive = false;
            self.current.waker = None;
        }
        if self.handles == 1 && self.current.alive && self.unkept.is_none() {
            self.unkept = Some(NotReplayable::Released);
            self.release();
        }
    }

    /// Frees what the current attempt has got.
    fn release(&mut self) {
        let position = self.current.position;
        let got_all = position == self.recording.chunks();
        if position > 0 || got_all && self.recording.len() > 0 {
            self.lost = self.lost.or(self.unkept);
        }
        if got_all {
            self.recording.clear();
            self.current.position = 0;
        } else {
            (0..position).for_each(|index| self.recording.forget(index));
        }
    }
}

impl<B: Body> State<B>
where
    B::Error: Into<BoxError>,
{
    pub(super) fn poll_current(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplayError>>> {
        self.current.polled = true;
        let released = self.unkept == Some(NotReplayable::Released);
        if let Some(chunk) = self.recording.get(self.current.position) {
            if released {
                self.recording.forget(self.current.position);
                self.lost = self.lost.or(self.unkept);
            }
            self.current.position += 1;
            self.current.unread = self.current.unread.saturating_sub(chunk.len() as u64);
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if !self.current.trailers_sent {
            if let Some(trailers) = &self.trailers {
                self.current.trailers_sent = true;
                return Poll::Ready(Some(Ok(Frame::trailers(trailers.clone()))));
            }
        }
        let source = match &mut self.source {
            Source::Live(source) => source,
            Source::Ended => return Poll::Ready(None),
            Source::Failed => {
                let again = ReplayError::NotReplayable(NotReplayable::SourceFailed);
                return Poll::Ready(Some(Err(again)));
            }
        };
        let Poll::Ready(frame) = source.as_mut().poll_frame(cx) else {
            match &mut self.current.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        };
        self.current.waker = None;
        Poll::Ready(match frame {
            None => {
                self.source = Source::Ended;
                None
            }
            Some(Err(error)) => {
                self.source = Source::Failed;
                self.lose(NotReplayable::SourceFailed);
                Some(Err(ReplayError::Source(error.into())))
            }
            Some(Ok(frame)) => {
                let frame = frame.map_data(|mut data| data.copy_to_bytes(data.remaining()));
                self.keep(&frame);
                Some(Ok(frame))
            }
        })
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        if let Some(why) = self.unkept {
            self.lose(why);
        } else if let Some(data) = frame.data_ref() {
            if self.recording.len().saturating_add(data.len() as u64) > self.limit {
                self.unkept = Some(NotReplayable::TooLarge);
                self.lose(NotReplayable::TooLarge);
            } else {
                self.recording.push(data);
                self.current.position = self.recording.chunks();
            }
        } else if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
            self.current.trailers_sent = true;
        } else {
            self.unkept = Some(NotReplayable::UnknownFrame);
            self.lose(NotReplayable::UnknownFrame);
        }
    }

    /// What was read is gone for good; its memory is freed.
    fn lose(&mut self, why: NotReplayable) {
        self.lost = self.lost.or(Some(why));
        self.recording.clear();
        self.current.position = 0;
    }

    pub(super) fn is_uploading(&self) -> bool {
        self.current.polled && self.current.alive && !self.is_end(self.current.number)
    }

    /// Whether the attempt has got everything.
    pub(super) fn is_end(&self, number: u64) -> bool {
        let source_ended = match &self.source {
            Source::Live(source) => source.is_end_stream(),
            Source::Ended => true,
            Source::Failed => false,
        };
        let (unread, trailers) = if number == self.current.number {
            (
                self.current.position < self.recording.chunks(),
                !self.current.trailers_sent,
            )
        } else {
            (self.recording.len() > 0, true)
        };
        number >= self.current.number
            && source_ended
            && !unread
            && !(trailers && self.trailers.is_some())
    }

    pub(super) fn size_hint(&self, number: u64) -> SizeHint {
        let recorded = match number.cmp(&self.current.number) {
            std::cmp::Ordering::Less => return SizeHint::default(),
            std::cmp::Ordering::Equal => self.current.unread,
            std::cmp::Ordering::Greater => self.recording.len(),
        };
        let source = match &self.source {
            Source::Live(source) => source.size_hint(),
            Source::Ended | Source::Failed => SizeHint::with_exact(0),
        };
        let mut hint = SizeHint::new();
        hint.set_lower(source.lower().saturating_add(recorded));
        if let Some(upper) = source.upper().and_then(|upper| upper.checked_add(recorded)) {
            hint.set_upper(upper);
        }
        hint
    }

    /// Hands the body to `number`, if it is newer and comes in time. The waker is to be woken once
    /// the lock is released.
    pub(super) fn claim(&mut self, number: u64) -> Result<Option<Waker>, ReplayError> {
        match number.cmp(&self.current.number) {
            std::cmp::Ordering::Less => Err(ReplayError::Superseded),
            std::cmp::Ordering::Equal => Ok(None),
            std::cmp::Ordering::Greater => {
                self.replayable().map_err(ReplayError::NotReplayable)?;
                Ok(self.supersede(number))
            }
        }
    }
}
