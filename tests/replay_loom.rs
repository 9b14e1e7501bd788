//! Checks one body on two threads, in every order of their steps: `RUSTFLAGS="--cfg tower_redirect_loom"
//! cargo test --release --test replay_loom`. Without the flag there are no tests here.
#![cfg(tower_redirect_loom)]
#![allow(missing_docs)]

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use loom::future::block_on;
use loom::sync::{Arc, Mutex};
use loom::thread;
use tower_redirect::replay::{Replay, ReplayBody, ReplayError, ReplayFn};

/// A body of two frames, the second of which waits until the gate is open.
struct Gated {
    gate: Arc<Mutex<Gate>>,
    sent: usize,
}

#[derive(Default)]
struct Gate {
    open: bool,
    waiting: Option<Waker>,
}

fn open(gate: &Mutex<Gate>) {
    let waiting = {
        let mut gate = gate.lock().expect("not poisoned");
        gate.open = true;
        gate.waiting.take()
    };
    waiting.into_iter().for_each(Waker::wake);
}

impl Body for Gated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = match self.sent {
            0 => "a",
            1 => {
                let mut gate = self.gate.lock().expect("not poisoned");
                if !gate.open {
                    gate.waiting = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                "b"
            }
            _ => return Poll::Ready(None),
        };
        self.sent += 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(frame.as_bytes())))))
    }
}

/// Asserts that the body is whole, or that another attempt has superseded this one.
fn assert_whole_or_superseded(outcome: Result<Bytes, ReplayError>) {
    match outcome {
        Ok(bytes) => assert_eq!(bytes, "ab"),
        Err(ReplayError::Superseded) => {}
        Err(other) => panic!("{other}"),
    }
}

fn read<B>(body: B) -> Result<Bytes, ReplayError>
where
    B: Body<Data = Bytes, Error = ReplayError>,
{
    block_on(async { body.collect().await.map(|all| all.to_bytes()) })
}

#[test]
fn a_replay_takes_over_the_whole_body() {
    loom::model(|| {
        let gate = Arc::new(Mutex::new(Gate::default()));
        let kept = ReplayBody::new(Gated { gate: gate.clone(), sent: 0 }, 1024);
        let old = kept.replay().expect("replayable");
        let reader = thread::spawn(move || read(old));
        let new = kept.replay().expect("replayable");
        open(&gate);
        assert_eq!(read(new).expect("the newest is whole"), "ab");
        assert_whole_or_superseded(reader.join().expect("no panic"));
    });
}

#[test]
fn a_clone_takes_over_at_its_first_poll() {
    loom::model(|| {
        let gate = Arc::new(Mutex::new(Gate { open: true, waiting: None }));
        let old = ReplayBody::new(Gated { gate, sent: 0 }, 1024);
        let kept = old.clone();
        let new = kept.clone();
        let reader = thread::spawn(move || read(old));
        assert_eq!(read(new).expect("the newest is whole"), "ab");
        assert_whole_or_superseded(reader.join().expect("no panic"));
        drop(kept);
    });
}

#[test]
fn an_aborted_attempt_ends() {
    loom::model(|| {
        let gate = Arc::new(Mutex::new(Gate::default()));
        let kept = ReplayBody::new(Gated { gate, sent: 0 }, 1024);
        let old = kept.replay().expect("replayable");
        // The gate is never opened, so that without a wake the reader would wait for ever.
        let reader = thread::spawn(move || read(old));
        kept.abort();
        drop(kept);
        assert!(reader.join().expect("no panic").is_err());
    });
}

#[test]
fn a_body_made_anew_ends_the_older() {
    loom::model(|| {
        // The gates of the handle's body, which nobody reads, of the older attempt's, which waits, and of the
        // newer one's.
        let gates =
            [false, false, true].map(|open| Arc::new(Mutex::new(Gate { open, waiting: None })));
        let next = AtomicUsize::new(0);
        let make = move || {
            let gate = gates[next.fetch_add(1, Ordering::Relaxed)].clone();
            Ok::<_, Infallible>(Gated { gate, sent: 0 })
        };
        let kept = ReplayFn::new(make).expect("infallible");
        let old = kept.replay().expect("replayable");
        let reader = thread::spawn(move || read(old));
        let new = kept.replay().expect("replayable");
        assert_eq!(read(new).expect("the newest is whole"), "ab");
        assert!(reader.join().expect("no panic").is_err());
    });
}
