//! What all attempts of one body share. Only the current attempt reads, so its place is here.

use std::cmp::Ordering;
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
    /// More than the limit was announced or read: nothing more is kept.
    over_limit: bool,
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
        Self { number, position, unread, trailers_sent, polled, alive: true, waker }
    }
}

/// Foreign code, to be run once the lock is released: it may come back and ask for it.
#[must_use]
pub(super) struct Afterwards<B> {
    wake: Option<Waker>,
    drop_waker: Option<Waker>,
    drop_source: Source<B>,
}

impl<B> Afterwards<B> {
    pub(super) fn nothing() -> Self {
        Self { wake: None, drop_waker: None, drop_source: Source::Ended }
    }

    pub(super) fn run(self) {
        drop((self.drop_waker, self.drop_source));
        if let Some(waker) = self.wake {
            waker.wake();
        }
    }
}

impl<B> State<B> {
    pub(super) fn new(
        source: Option<B>,
        limit: u64,
        over_limit: bool,
        recording: Recording,
    ) -> Self {
        Self {
            source: source.map_or(Source::Ended, |source| Source::Live(Box::pin(source))),
            recording,
            trailers: None,
            limit,
            over_limit,
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

    /// A handle is gone. If the one that is left is reading, nobody can replay: what it has got is
    /// freed.
    pub(super) fn leave(&mut self, number: u64, after: &mut Afterwards<B>) {
        self.handles = self.handles.saturating_sub(1);
        if number == self.current.number {
            self.current.alive = false;
            after.drop_waker = self.current.waker.take();
        }
        if self.is_last() && self.current.polled {
            let position = self.current.position;
            if position == self.recording.chunks() {
                self.recording.clear();
                self.current.position = 0;
            } else {
                (0..position).for_each(|index| self.recording.forget(index));
            }
            self.lost = self.lost.or(Some(NotReplayable::Released));
        }
    }

    /// The attempt that reads is the only handle.
    fn is_last(&self) -> bool {
        self.handles == 1 && self.current.alive
    }

    /// Makes `number` the attempt that reads, from the first byte.
    pub(super) fn supersede(&mut self, number: u64, after: &mut Afterwards<B>) {
        self.recording.seal();
        let next = Current::begin(number, self.recording.len());
        after.wake = std::mem::replace(&mut self.current, next).waker;
    }

    /// The attempt that reads ends. Where nobody but it and the caller has a handle, nothing is kept.
    pub(super) fn abort(&mut self, after: &mut Afterwards<B>) {
        let others = self.handles.saturating_sub(1 + usize::from(self.current.alive));
        self.latest += 1;
        self.supersede(self.latest, after);
        self.current.alive = false;
        if others == 0 {
            self.lose(NotReplayable::Released);
            after.drop_source = std::mem::replace(&mut self.source, Source::Failed);
        }
    }

    /// Hands the body to `number`, if it is newer and comes in time.
    pub(super) fn claim(
        &mut self,
        number: u64,
        after: &mut Afterwards<B>,
    ) -> Result<(), ReplayError> {
        match number.cmp(&self.current.number) {
            Ordering::Less => Err(ReplayError::Superseded),
            Ordering::Equal => Ok(()),
            Ordering::Greater => {
                self.replayable().map_err(ReplayError::NotReplayable)?;
                self.supersede(number, after);
                Ok(())
            }
        }
    }

    pub(super) fn replayable(&self) -> Result<(), NotReplayable> {
        self.lost.map_or(Ok(()), Err)
    }

    /// What was read is gone for good; its memory is freed.
    fn lose(&mut self, why: NotReplayable) {
        self.lost = self.lost.or(Some(why));
        self.recording.clear();
        self.current.position = 0;
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        if self.over_limit {
            self.lose(NotReplayable::TooLarge);
        } else if self.is_last() {
            self.lose(NotReplayable::Released);
        } else if let Some(data) = frame.data_ref() {
            if self.recording.len().saturating_add(data.len() as u64) > self.limit {
                self.over_limit = true;
                self.lose(NotReplayable::TooLarge);
            } else if self.lost.is_none() {
                if self.recording.push(data) {
                    self.current.position = self.recording.chunks();
                } else {
                    self.lose(NotReplayable::BudgetSpent);
                }
            }
        } else if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
            self.current.trailers_sent = true;
        } else {
            self.lose(NotReplayable::UnknownFrame);
        }
    }
}

impl<B: Body> State<B>
where
    B::Error: Into<BoxError>,
{
    /// The next frame of the attempt that reads.
    pub(super) fn poll_current(
        &mut self,
        cx: &mut Context<'_>,
        after: &mut Afterwards<B>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplayError>>> {
        self.current.polled = true;
        let position = self.current.position;
        if let Some(chunk) = self.recording.get(position) {
            if self.is_last() {
                self.recording.forget(position);
                self.lost = self.lost.or(Some(NotReplayable::Released));
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
        let polled = source.as_mut().poll_frame(cx);
        let listening = self.current.waker.as_ref().is_some_and(|w| w.will_wake(cx.waker()));
        if polled.is_ready() {
            after.drop_waker = self.current.waker.take();
        } else if !listening {
            after.drop_waker = self.current.waker.replace(cx.waker().clone());
        }
        polled.map(|frame| match frame {
            None => {
                after.drop_source = std::mem::replace(&mut self.source, Source::Ended);
                None
            }
            Some(Err(error)) => {
                after.drop_source = std::mem::replace(&mut self.source, Source::Failed);
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

    pub(super) fn is_uploading(&self) -> bool {
        self.current.polled && self.current.alive && !self.is_end(self.current.number)
    }

    /// Whether an attempt with this number has got everything. One that is superseded, or comes too
    /// late, has not: it ends with an error.
    pub(super) fn is_end(&self, number: u64) -> bool {
        let source_ended = match &self.source {
            Source::Live(source) => source.is_end_stream(),
            Source::Ended => true,
            Source::Failed => false,
        };
        let got_all = match number.cmp(&self.current.number) {
            Ordering::Less => false,
            Ordering::Equal => {
                self.current.position >= self.recording.chunks()
                    && (self.current.trailers_sent || self.trailers.is_none())
            }
            Ordering::Greater => {
                self.lost.is_none() && self.recording.len() == 0 && self.trailers.is_none()
            }
        };
        source_ended && got_all
    }

    pub(super) fn size_hint(&self, number: u64) -> SizeHint {
        let recorded = match number.cmp(&self.current.number) {
            Ordering::Equal => self.current.unread,
            Ordering::Greater if self.lost.is_none() => self.recording.len(),
            _ => return SizeHint::default(),
        };
        let source = match &self.source {
            Source::Live(source) => source.size_hint(),
            Source::Ended => SizeHint::with_exact(0),
            Source::Failed => return SizeHint::default(),
        };
        let mut hint = SizeHint::new();
        hint.set_lower(source.lower().saturating_add(recorded));
        if let Some(upper) = source.upper().and_then(|upper| upper.checked_add(recorded)) {
            hint.set_upper(upper);
        }
        hint
    }
}
