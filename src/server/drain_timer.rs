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

/// The time that is left to read an upload.
#[derive(Debug)]
pub(super) struct Timeout {
    time: Duration,
    state: State,
}

enum State {
    Untimed,
    /// The future is made when the upload is first waited for: one that was received together with
    /// its head does without.
    Unstarted(DrainTimer),
    /// Locked by nobody: the mutex makes a future that is only `Send` shareable, so that the response
    /// future stays `Sync`.
    Running(Mutex<Sleep>),
}

impl Timeout {
    pub(super) fn new(timer: Option<&DrainTimer>, time: Duration) -> Self {
        let state = timer.map_or(State::Untimed, |timer| State::Unstarted(timer.clone()));
        Self { time, state }
    }

    /// Resolves when the time is over; never without a timer.
    pub(super) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Unstarted(DrainTimer(make)) = &self.state {
            self.state = State::Running(Mutex::new(make(self.time)));
        }
        match &mut self.state {
            State::Running(sleep) => {
                let sleep = sleep.get_mut().unwrap_or_else(PoisonError::into_inner);
                sleep.as_mut().poll(cx)
            }
            _ => Poll::Pending,
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untimed => "Untimed",
            Self::Unstarted(_) => "Unstarted",
            Self::Running(_) => "Running",
        })
    }
}
