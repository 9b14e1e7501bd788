//! Timers of the caller's runtime.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;
type MakeSleep = dyn Fn(Duration) -> Sleep + Send + Sync;

/// Makes futures that resolve after a time, as `tokio::time::sleep` does.
#[derive(Clone)]
pub(crate) struct Timer(Arc<MakeSleep>);

impl Timer {
    pub(crate) fn new<F, T>(sleep: F) -> Self
    where
        F: Fn(Duration) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |time| Box::pin(sleep(time))))
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timer")
    }
}

/// A limit on the time that something may take.
pub(crate) enum Timeout {
    /// No timer was given.
    Unlimited,
    /// The future is made at the first poll, which most timeouts never get.
    Unstarted(Timer, Duration),
    /// The mutex is never locked. A future that is only `Send` becomes `Sync` in it, so that the
    /// response future stays `Sync`.
    Running(Mutex<Sleep>),
}

impl Timeout {
    pub(crate) fn new(timer: Option<&Timer>, time: Duration) -> Self {
        timer.map_or(Self::Unlimited, |timer| Self::Unstarted(timer.clone(), time))
    }

    /// Resolves when the time is over; never if it is unlimited.
    pub(crate) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Self::Unstarted(Timer(make), time) = self {
            *self = Self::Running(Mutex::new(make(*time)));
        }
        let Self::Running(sleep) = self else { return Poll::Pending };
        sleep.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unlimited => "Unlimited",
            Self::Unstarted(..) => "Unstarted",
            Self::Running(_) => "Running",
        })
    }
}
