use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Holds a body back until the server asks for it or the wait times out. The body, the callback for
/// informational responses and the response share one gate.
#[derive(Clone)]
pub(super) struct Gate(Arc<Mutex<State>>);

struct State {
    phase: Phase,
    /// The waker of the task that polls the body.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The body waits for the server.
    Closed,
    /// The body may be sent: the server has asked for it.
    Open,
    /// The body may be sent: the server did not ask for it in time.
    TimedOut,
    /// The body may be sent to its end: the server has answered 2xx.
    Released,
    /// No more of the body may be sent.
    Ended,
}

/// Whether a body may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    Granted,
    /// No more of the body may be read.
    Denied,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { phase: Phase::Closed, waker: None })))
    }

    /// Lets the body be sent, unless it has ended.
    pub(super) fn open(&self) {
        self.change(|phase| if phase == Phase::Closed { Phase::Open } else { phase });
    }

    /// Lets the body be sent because the wait for the server has timed out.
    pub(super) fn time_out(&self) {
        self.change(|phase| if phase == Phase::Closed { Phase::TimedOut } else { phase });
    }

    /// Lets the body be sent to its end. Returns without effect if it has ended.
    pub(super) fn release(&self) {
        self.change(|phase| if phase == Phase::Ended { phase } else { Phase::Released });
    }

    /// Ends the body, whether it waits or is being sent, unless it is released.
    pub(super) fn end(&self) {
        self.change(|phase| if phase == Phase::Released { phase } else { Phase::Ended });
    }

    /// Whether the body may be sent because the wait has timed out.
    pub(super) fn has_timed_out(&self) -> bool {
        self.phase() == Phase::TimedOut
    }

    /// Polls for the permission to read the body. Keeps the waker even if the permission is granted: a
    /// body that is being sent may have to be ended.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Permission> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.phase {
            Phase::Ended => return Poll::Ready(Permission::Denied),
            _ if state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) => {}
            _ => state.waker = Some(cx.waker().clone()),
        }
        if state.phase == Phase::Closed { Poll::Pending } else { Poll::Ready(Permission::Granted) }
    }

    fn phase(&self) -> Phase {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).phase
    }

    fn change(&self, change: impl FnOnce(Phase) -> Phase) {
        let waker = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let next = change(state.phase);
            if next == state.phase {
                return;
            }
            state.phase = next;
            state.waker.take()
        };
        // Woken after unlocking: the task may poll the body at once.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.phase().fmt(f)
    }
}

/// Ends a request body when this value is dropped. This value is held by the call, and later by the body of
/// a response that makes the request body unnecessary.
#[derive(Debug)]
pub(super) struct EndOnDrop(Gate);

impl EndOnDrop {
    pub(super) fn new(gate: Gate) -> Self {
        Self(gate)
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.0
    }

    /// Lets the body be sent to its end.
    pub(super) fn release(self) {
        self.0.release();
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Whatever the order of polls and changes, a waiting body is woken, an ended body stays ended, and a
    /// released body is never ended.
    #[test]
    fn a_waiting_body_is_woken_and_an_end_or_a_release_is_final() {
        let changes: [fn(&Gate); 4] = [Gate::open, Gate::time_out, Gate::end, Gate::release];
        for order in 0..5_usize.pow(6) {
            let (gate, count) = (Gate::new(), Arc::new(Count::default()));
            let waker = Waker::from(count.clone());
            let mut cx = Context::from_waker(&waker);
            let (mut waits, mut last) = (false, None);
            for step in 0..6 {
                let woken = count.0.load(Ordering::SeqCst);
                match order / 5_usize.pow(step) % 5 {
                    4 => {
                        let poll = gate.poll(&mut cx);
                        waits = poll.is_pending();
                        if let Some(last) = last {
                            assert_eq!(poll, Poll::Ready(last), "{order}");
                        }
                    }
                    change => {
                        changes[change](&gate);
                        last = last.or(match change {
                            2 => Some(Permission::Denied),
                            3 => Some(Permission::Granted),
                            _ => None,
                        });
                        if waits {
                            assert_eq!(count.0.load(Ordering::SeqCst), woken + 1, "{order}");
                        }
                        waits = false;
                    }
                }
            }
        }
    }

    #[test]
    fn a_body_on_another_thread_is_woken() {
        for round in 0..2_000 {
            let gate = Gate::new();
            let other = gate.clone();
            let thread = std::thread::spawn(move || match round % 3 {
                0 => other.open(),
                1 => other.end(),
                _ => other.time_out(),
            });
            let permission = block_on(|cx| gate.poll(cx));
            let expected = if round % 3 == 1 { Permission::Denied } else { Permission::Granted };
            assert_eq!(permission, expected);
            thread.join().expect("no panic");
        }
    }

    /// Polls until ready, and parks the thread in between. A lost wake-up hangs the test.
    fn block_on<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        struct Unpark(std::thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        loop {
            match poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(value) => return value,
                Poll::Pending => std::thread::park(),
            }
        }
    }
}
