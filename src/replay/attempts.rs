use std::cmp::Ordering;
use std::task::{Context, Waker};

/// Numbers the attempts of one body, and tracks which of them may read it.
///
/// Attempts are numbered in the order in which they are made. One is current. Those with a lower
/// number are superseded, and [`supersede`](Self::supersede) makes a new one current.
///
/// Methods return the wakers that they replace or remove. The caller wakes or drops them once its lock is
/// released, because a waker may call back into the body.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    latest: u64,
    current: u64,
    progress: Progress,
    waker: Option<Waker>,
}

/// The progress of the current attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// It has not been polled yet.
    #[default]
    New,
    /// It was polled.
    Reading,
    /// It was dropped or aborted. In a `ReplayFn`, also once it has read everything or has failed.
    Ended,
}

impl Attempts {
    /// Numbers a new attempt, without making it current.
    pub(super) fn add(&mut self) -> u64 {
        self.latest += 1;
        self.latest
    }

    /// Numbers a new attempt, and makes it current. Returns its number, and the waker of the previous
    /// attempt, to be woken so that the previous attempt ends.
    #[must_use]
    pub(super) fn supersede(&mut self) -> (u64, Option<Waker>) {
        self.current = self.add();
        self.progress = Progress::New;
        (self.current, self.waker.take())
    }

    /// Supersedes the current attempt with one that has no handle. Returns the waker to be woken.
    #[must_use]
    pub(super) fn abort(&mut self) -> Option<Waker> {
        let (_, waker) = self.supersede();
        self.progress = Progress::Ended;
        waker
    }

    /// Notes that the attempt `number` has ended, if it is current. Returns the waker to be dropped.
    #[must_use]
    pub(super) fn end(&mut self, number: u64) -> Option<Waker> {
        if number != self.current {
            return None;
        }
        self.progress = Progress::Ended;
        self.waker.take()
    }

    /// Notes that the current attempt is polled.
    pub(super) fn begin(&mut self) {
        self.progress = Progress::Reading;
    }

    /// Stores the waker of the current attempt. Returns the previous waker, to be dropped.
    #[must_use]
    pub(super) fn register(&mut self, cx: &Context<'_>) -> Option<Waker> {
        if self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return None;
        }
        self.waker.replace(cx.waker().clone())
    }

    /// Removes the waker of the current attempt, to be dropped.
    #[must_use]
    pub(super) fn unregister(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    /// Compares an attempt with the current one: `Less` if it is superseded.
    pub(super) fn compare(&self, number: u64) -> Ordering {
        number.cmp(&self.current)
    }

    /// Whether the current attempt was polled and has not ended.
    pub(super) fn is_reading(&self) -> bool {
        self.progress == Progress::Reading
    }

    /// Whether the current attempt has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.progress == Progress::Ended
    }
}
