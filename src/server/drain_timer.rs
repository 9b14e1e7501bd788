use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;
type MakeSleep = dyn Fn(Duration) -> Sleep + Send + Sync;

/// Makes the futures that end the reading of uploads:
/// [`RedirectLayer::drain_timer`](crate::RedirectLayer::drain_timer).
#[derive(Clone)]
pub(super) struct DrainTimer(Arc<MakeSleep>);

impl DrainTimer {
    pub(super) fn new<F, T>(sleep: F) -> Self
    where
        F: Fn(Duration) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |time| Box::pin(sleep(time))))
    }
}

impl fmt::Debug for DrainTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrainTimer")
    }
}

/// The time to read an upload in.
pub(super) enum Timeout {
    /// No timer was given.
    Unlimited,
    /// The future is made when the upload is first waited for: one that was received together with
    /// its head does without.
    Unstarted(DrainTimer, Duration),
    /// Nothing locks the mutex. It makes a future shareable that is only `Send`, so that the response
    /// future stays `Sync`.
    Running(Mutex<Sleep>),
}

impl Timeout {
    pub(super) fn new(timer: Option<&DrainTimer>, time: Duration) -> Self {
        timer.map_or(Self::Unlimited, |timer| Self::Unstarted(timer.clone(), time))
    }

    /// Resolves when the time is over; never if it is unlimited.
    pub(super) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Self::Unstarted(DrainTimer(make), time) = self {
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
