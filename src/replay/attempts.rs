use std::cmp::Ordering;
use std::task::{Context, Waker};

/// Counts the attempts of one body, and knows which of them may read it.
///
/// Attempts are numbered in the order in which they are made. One is current; those with a lower
/// number are superseded, and one with a higher number becomes current by
/// [`supersede`](Self::supersede).
///
/// Methods return the wakers that they replace. The caller wakes or drops them once its lock is
/// released, because a waker may call back into the body.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    latest: u64,
    current: u64,
    progress: Progress,
    waker: Option<Waker>,
}

/// How far the current attempt is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// It was not polled yet.
    #[default]
    New,
    /// It was polled.
    Reading,
    /// It has read everything, failed, was dropped, or was aborted.
    Ended,
}

impl Attempts {
    /// Numbers a new attempt, without making it current.
    pub(super) fn add(&mut self) -> u64 {
        self.latest += 1;
        self.latest
    }

    /// Makes the attempt `number` current. Returns the waker of the one before it, to be woken so
    /// that it ends.
    #[must_use]
    pub(super) fn supersede(&mut self, number: u64) -> Option<Waker> {
        self.current = number;
        self.progress = Progress::New;
        self.waker.take()
    }

    /// Supersedes the current attempt by one that nobody has. Returns the waker to be woken.
    #[must_use]
    pub(super) fn abort(&mut self) -> Option<Waker> {
        let number = self.add();
        let waker = self.supersede(number);
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

    /// Stores the waker of the current attempt. Returns the one before it, to be dropped.
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
