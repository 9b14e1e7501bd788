//! `ReplayFn`, which makes bodies anew, and `ReplayBudget`, the memory that many bodies share.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};
use tower_redirect::replay::{
    NotReplayable, Replay, ReplayBody, ReplayBudget, ReplayError, ReplayFn,
};
use tower_redirect::{FollowRedirectsLayer, ReplayBodyLayer};

use crate::support::{self, Frames, chain, fed};

fn poll<B>(body: &mut B) -> Poll<Option<Result<Frame<Bytes>, ReplayError>>>
where
    B: Body<Data = Bytes, Error = ReplayError> + Unpin,
{
    Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_body_is_made_once_for_each_attempt() {
    let made = AtomicUsize::new(0);
    let make = || {
        made.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Infallible>(Frames::new([Bytes::from("a"), Bytes::from("b")]))
    };
    let body = ReplayFn::new(make).expect("infallible");
    for attempt in 2..5 {
        let again = body.replay().expect("made anew");
        assert_eq!(made.load(Ordering::SeqCst), attempt);
        assert_eq!(again.collect().await.expect("whole").to_bytes(), "ab");
    }
    let empty = ReplayFn::<fn() -> Result<Full<Bytes>, Infallible>, _>::empty();
    assert!(empty.is_end_stream() && empty.size_hint().exact() == Some(0));
    assert!(empty.replay().expect("nothing again").is_end_stream());
}

#[test]
fn a_newer_attempt_ends_the_older_at_once() {
    let (sender, source) = fed();
    let first = std::cell::RefCell::new(Some(source));
    // The first body is that of the handle, which is never read. The second one reads the channel.
    let calls = std::cell::Cell::new(0);
    let make = || {
        calls.set(calls.get() + 1);
        let source = if calls.get() == 2 { first.take() } else { None };
        Ok::<_, Infallible>(source.unwrap_or_else(|| fed().1))
    };
    let kept = ReplayFn::new(make).expect("infallible");
    let mut old = kept.replay().expect("made anew");
    assert!(!kept.is_uploading());
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    assert!(Pin::new(&mut old).poll_frame(&mut Context::from_waker(&waker)).is_pending());
    assert!(kept.is_uploading());
    let mut new = kept.replay().expect("made anew");
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert!(!kept.is_uploading());
    assert!(matches!(poll(&mut old), Poll::Ready(Some(Err(ReplayError::Superseded)))));
    assert!(!old.is_end_stream(), "never whole");
    assert!(sender.is_closed(), "the old body is dropped");
    assert!(matches!(poll(&mut new), Poll::Ready(None)));

    let mut given_up = kept.replay().expect("made anew");
    kept.abort();
    assert!(matches!(poll(&mut given_up), Poll::Ready(Some(Err(ReplayError::Superseded)))));
    let dropped = kept.replay().expect("made anew");
    drop(dropped);
    assert!(!kept.is_uploading());
}

#[test]
fn an_attempt_that_failed_is_never_whole() {
    /// Fails once, then is at its end.
    struct Fails(bool);
    impl Body for Fails {
        type Data = Bytes;
        type Error = &'static str;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready((!std::mem::replace(&mut self.0, true)).then_some(Err("the disk is gone")))
        }
        fn is_end_stream(&self) -> bool {
            self.0
        }
    }
    let kept = ReplayFn::new(|| Ok::<_, Infallible>(Fails(false))).expect("infallible");
    let mut first = kept.replay().expect("made anew");
    assert!(matches!(poll(&mut first), Poll::Ready(Some(Err(ReplayError::Source(_))))));
    let failed = ReplayError::NotReplayable(NotReplayable::SourceFailed).to_string();
    assert!(!first.is_end_stream() && first.size_hint().upper().is_none());
    match poll(&mut first) {
        Poll::Ready(Some(Err(error))) => assert_eq!(error.to_string(), failed),
        other => panic!("{other:?}"),
    }
    assert!(!kept.is_uploading());
    assert!(matches!(poll(&mut kept.replay().expect("made anew")), Poll::Ready(Some(Err(_)))));
}

#[test]
fn an_older_attempt_does_not_affect_a_newer_one() {
    // Bodies that are pending while these senders live.
    let senders = std::sync::Mutex::new(Vec::new());
    let make = || {
        let (sender, source) = fed();
        senders.lock().expect("not poisoned").push(sender);
        Ok::<_, Infallible>(source)
    };
    let kept = ReplayFn::new(make).expect("made");
    let mut old = kept.replay().expect("made anew");
    assert!(poll(&mut old).is_pending());
    let mut new = kept.replay().expect("made anew");
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    assert!(Pin::new(&mut new).poll_frame(&mut Context::from_waker(&waker)).is_pending());
    drop(old);
    assert!(kept.is_uploading(), "the newer one is");
    kept.abort();
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "and is woken");

    // An older attempt is not whole even if its body is empty.
    let kept = ReplayFn::new(|| Ok::<_, Infallible>(Full::<Bytes>::default())).expect("made");
    let mut old = kept.replay().expect("made anew");
    assert!(old.is_end_stream());
    let _new = kept.replay().expect("made anew");
    assert!(!old.is_end_stream());
    assert!(matches!(poll(&mut old), Poll::Ready(Some(Err(ReplayError::Superseded)))));
}

#[test]
fn an_abort_handle_ends_an_attempt_and_reads_nothing() {
    let kept = ReplayFn::new(|| Ok::<_, Infallible>(Full::new(Bytes::from("x")))).expect("made");
    let mut sent = kept.replay().expect("made anew");
    let mut handle = sent.abort_handle().expect("tracked");
    assert!(!handle.is_uploading() && !handle.is_end_stream());
    assert!(matches!(poll(&mut handle), Poll::Ready(Some(Err(ReplayError::Superseded)))));
    handle.abort();
    assert!(matches!(poll(&mut sent), Poll::Ready(Some(Err(ReplayError::Superseded)))));
    assert!(
        ReplayFn::<fn() -> Result<Full<Bytes>, Infallible>, _>::empty().abort_handle().is_none()
    );
}

#[test]
fn a_finished_upload_is_not_superseded() {
    let kept = ReplayFn::new(|| Ok::<_, Infallible>(Full::new(Bytes::from("x")))).expect("made");
    let mut old = kept.replay().expect("made anew");
    assert!(matches!(poll(&mut old), Poll::Ready(Some(Ok(_)))));
    assert!(old.is_end_stream() && !kept.is_uploading());
    let _new = kept.replay().expect("made anew");
    assert!(old.is_end_stream());
    assert!(matches!(poll(&mut old), Poll::Ready(None)));
}

#[tokio::test]
async fn a_body_that_cannot_be_made_again_is_an_error_before_anything_is_sent() {
    let gone = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = gone.clone();
    let make = move || match flag.load(Ordering::SeqCst) {
        false => Ok(Full::new(Bytes::from("order"))),
        true => Err("the file is gone"),
    };
    let script = chain![307 "/b"];
    let request = Request::post("http://a.test/").body(ReplayFn::new(make).expect("made"));
    let follower = FollowRedirectsLayer::new().layer(tower::service_fn({
        let script = script.clone();
        move |request: Request<_>| {
            let (script, gone) = (script.clone(), gone.clone());
            async move {
                let answer = script.oneshot(request).await;
                gone.store(true, Ordering::SeqCst);
                answer
            }
        }
    }));
    let error = follower.oneshot(request.expect("valid")).await.expect_err("the file is gone");
    assert!(error.redirect().is_some_and(|error| error.is_not_replayable()), "{error}");
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn a_body_that_is_made_anew_is_whole_on_every_hop() {
    let make = || Ok::<_, Infallible>(Frames::new([Bytes::from("or"), Bytes::from("der")]));
    let script = chain![307 "/b", 308 "http://b.test/c", 303 "/d"];
    let request = Request::put("http://a.test/").body(ReplayFn::new(make).expect("made"));
    script.follow(request.expect("valid")).await.expect("followed");
    let bodies: Vec<_> = script.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["order", "order", "order", ""]);
}

#[tokio::test]
async fn a_budget_is_shared_and_given_back() {
    let budget = ReplayBudget::new(100);
    let layer = ReplayBodyLayer::new(80).budget(&budget);
    let body = |length: usize| Frames::new([Bytes::from(vec![b'x'; length])]);
    let send = async |kept: &ReplayBody<Frames>| {
        let attempt = kept.replay().expect("replayable");
        attempt.collect().await.expect("whole").to_bytes().len()
    };
    let new = |length: usize| ReplayBody::with_budget(body(length), 80, &budget);
    let (first, second, third) = (new(60), new(50), new(40));
    assert_eq!(send(&first).await, 60);
    assert_eq!(budget.left(), 40);
    // A body that does not fit into the budget is sent all the same.
    assert_eq!(send(&second).await, 50);
    assert_eq!(second.replay().err(), Some(NotReplayable::BudgetSpent));
    assert_eq!(budget.left(), 40);
    assert_eq!(send(&third).await, 40);
    assert_eq!(budget.left(), 0);
    drop(first);
    assert_eq!(budget.left(), 60);
    third.abort();
    drop(third);
    assert_eq!(budget.left(), 100);
    // A body over its own limit holds nothing of the budget, either.
    let long = new(90);
    assert_eq!(send(&long).await, 90);
    let too_large = NotReplayable::TooLarge { limit: 80 };
    assert_eq!((long.replay().err(), budget.left()), (Some(too_large), 100));

    // The last attempt gives back what it has read, chunk by chunk.
    let chunks = [2000, 1000, 1024].map(|length| Bytes::from(vec![b'x'; length]));
    let large = ReplayBudget::new(5000);
    let kept = ReplayBody::with_budget(Frames::new(chunks), 5000, &large);
    assert_eq!(send(&kept).await, 4024);
    assert_eq!(large.left(), 976);
    let mut last = kept.replay().expect("kept");
    drop(kept);
    for left in [2976, 3976, 5000] {
        assert!(matches!(poll(&mut last), Poll::Ready(Some(Ok(_)))));
        assert_eq!(large.left(), left);
    }

    // A layer uses the budget, and gives its share back once the call is answered.
    let script = chain![307 "/b"];
    let client = layer.layer(FollowRedirectsLayer::new().layer(script.clone()));
    let request = || Request::post("http://a.test/").body(body(70)).expect("valid");
    let answer = client.clone().oneshot(request()).await;
    answer.expect("followed");
    assert_eq!((script.seen()[1].body.len(), budget.left()), (70, 100));
    let other = new(50);
    send(&other).await;
    script.push(support::redirection(307, "/c"));
    let error = client.oneshot(request()).await.expect_err("no room");
    let error = error.redirect().expect("of ours");
    assert!(error.to_string().contains("budget"), "{error}");
    assert_eq!((script.seen().len(), budget.left()), (3, 50));
    // Without content there is nothing to keep.
    script.push(support::redirection(303, "/d"));
    let answer = script
        .follow(Request::get("http://a.test/").body(Full::<Bytes>::default()).expect("valid"));
    answer.await.expect("followed");
}
