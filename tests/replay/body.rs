//! `ReplayBody`, rule by rule.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use tokio::sync::mpsc;
use tower_redirect::replay::{NotReplayable, Replay, ReplayBody, ReplayError};

use crate::support::Frames;

type Polled = Poll<Option<Result<Frame<Bytes>, ReplayError>>>;

fn poll<B>(body: &mut ReplayBody<B>) -> Polled
where
    ReplayBody<B>: Body<Data = Bytes, Error = ReplayError> + Unpin,
{
    Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
}

#[track_caller]
fn data(polled: Polled) -> Bytes {
    match polled {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().expect("data"),
        other => panic!("no data: {other:?}"),
    }
}

#[track_caller]
fn assert_end(polled: Polled) {
    assert!(matches!(polled, Poll::Ready(None)), "{polled:?}");
}

#[track_caller]
fn assert_superseded(polled: Polled) {
    assert!(matches!(polled, Poll::Ready(Some(Err(ReplayError::Superseded)))), "{polled:?}");
}

fn frames(parts: &[&'static str]) -> Frames {
    Frames::new(parts.iter().map(|part| Bytes::from(*part)))
}

/// A body whose frames the test sends.
struct Fed(mpsc::UnboundedReceiver<Result<Frame<Bytes>, &'static str>>);

fn fed() -> (mpsc::UnboundedSender<Result<Frame<Bytes>, &'static str>>, Fed) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Fed(receiver))
}

impl Body for Fed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn every_attempt_gets_everything_in_order() {
    let kept = ReplayBody::new(frames(&["a", "b", "c"]), 100);
    for _ in 0..3 {
        let attempt = kept.replay().expect("kept");
        assert_eq!(attempt.collect().await.expect("whole").to_bytes(), "abc");
    }
}

#[test]
fn a_newer_attempt_goes_on_where_the_older_stopped() {
    let kept = ReplayBody::new(frames(&["a", "b", "c"]), 100);
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "a");
    assert_eq!(data(poll(&mut first)), "b");
    let mut second = kept.replay().expect("kept");
    assert_superseded(poll(&mut first));
    // Small frames are merged.
    assert_eq!(data(poll(&mut second)), "ab");
    assert_eq!(data(poll(&mut second)), "c");
    assert_end(poll(&mut second));
    assert_superseded(poll(&mut first));
}

#[test]
fn a_redirection_before_the_first_poll_doubles_nothing() {
    let kept = ReplayBody::new(frames(&["a"]), 100);
    let mut first = kept.replay().expect("kept");
    let mut second = kept.replay().expect("kept");
    assert_superseded(poll(&mut first));
    assert_eq!(data(poll(&mut second)), "a");
    assert_end(poll(&mut second));
}

#[test]
fn an_upload_is_woken_when_it_is_superseded() {
    let (sender, source) = fed();
    let kept = ReplayBody::new(source, 100);
    let mut first = kept.replay().expect("kept");
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    assert!(Pin::new(&mut first).poll_frame(&mut Context::from_waker(&waker)).is_pending());
    assert!(kept.is_uploading());
    let mut second = kept.replay().expect("kept");
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert!(!kept.is_uploading(), "the new attempt was not polled yet");
    assert_superseded(poll(&mut first));
    // The source wakes the attempt that reads, and nobody else.
    assert!(poll(&mut second).is_pending());
    assert_superseded(poll(&mut first));
    sender.send(Ok(Frame::data("x".into()))).expect("open");
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert_eq!(data(poll(&mut second)), "x");
}

#[test]
fn a_clone_supersedes_when_it_is_first_polled() {
    let mut first = ReplayBody::new(frames(&["a", "b"]), 100);
    let mut second = first.clone();
    let third = second.clone();
    assert_eq!(data(poll(&mut first)), "a");
    assert_eq!(data(poll(&mut second)), "a");
    assert_superseded(poll(&mut first));
    assert_eq!(data(poll(&mut second)), "b");
    assert_end(poll(&mut second));
    // `tower::retry` sends the older of two copies.
    let mut older = third.clone();
    let mut newer = older.clone();
    for attempt in [&mut older, &mut newer] {
        assert_eq!(data(poll(attempt)), "a");
        assert_eq!(data(poll(attempt)), "b");
        assert_end(poll(attempt));
    }
    assert_end(poll(&mut older));
}

/// This happens with `tower::retry` around an `ExpectContinueLayer`, which replays the body only if it waits.
#[test]
fn a_clone_supersedes_replays_that_were_made_after_it() {
    let first = ReplayBody::new(frames(&["a", "b"]), 100);
    let mut copy = first.clone();
    let mut again = first.replay().expect("kept");
    assert_eq!(data(poll(&mut again)), "a");
    assert_eq!(data(poll(&mut copy)), "a");
    assert_superseded(poll(&mut again));
    drop((first, again));
    assert_eq!(data(poll(&mut copy)), "b");
    assert_end(poll(&mut copy));
}

/// This happens with a follower around `tower::retry`: the retry sends a clone, whose connection has no room for
/// the body until the next hop is under way.
#[test]
fn a_clone_of_a_replay_ends_with_it() {
    let kept = ReplayBody::new(frames(&["a", "b"]), 100);
    let outer_copy = kept.clone();
    let first_hop = kept.replay().expect("kept");
    let mut resent = first_hop.clone();
    let mut clone_of_replay = first_hop.replay().expect("kept").clone();
    let mut second_hop = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut second_hop)), "a");
    for late in [&mut resent, &mut clone_of_replay] {
        assert!(!late.is_end_stream());
        assert_superseded(poll(late));
    }
    assert_eq!(data(poll(&mut second_hop)), "b");
    assert_end(poll(&mut second_hop));
    // A retry around the follower begins anew, and nothing of an aborted call comes back.
    let third_hop = outer_copy.replay().expect("kept");
    let mut resent = third_hop.clone();
    outer_copy.abort();
    assert_superseded(poll(&mut resent));
    let mut retried = outer_copy;
    assert_eq!(data(poll(&mut retried)), "ab");
}

#[test]
fn a_finished_upload_is_not_superseded() {
    let kept = ReplayBody::new(Full::new(Bytes::from("a")), 100);
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "a");
    assert!(first.is_end_stream() && !kept.is_uploading());
    let second = kept.replay().expect("kept");
    assert!(first.is_end_stream());
    assert_end(poll(&mut first));
    assert_eq!(second.size_hint().exact(), Some(1));
}

#[test]
fn over_the_limit_the_attempt_goes_on_and_a_replay_fails() {
    let kept = ReplayBody::new(frames(&["1234", "5", "6"]), 4);
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "1234");
    assert!(kept.replay().is_ok(), "at the limit");
    let kept = ReplayBody::new(frames(&["1234", "5", "6"]), 4);
    let mut first = kept.replay().expect("kept");
    let rest: Vec<_> = (0..3).map(|_| data(poll(&mut first))).collect();
    assert_eq!(rest, ["1234", "5", "6"]);
    assert_eq!(kept.replay().err(), Some(NotReplayable::TooLarge { limit: 4 }));
    assert_end(poll(&mut first));
    let mut late = kept.clone();
    let polled = poll(&mut late);
    let gone = ReplayError::NotReplayable(NotReplayable::TooLarge { limit: 4 });
    assert!(matches!(polled, Poll::Ready(Some(Err(ref e))) if e.to_string() == gone.to_string()));
}

#[tokio::test]
async fn a_body_that_is_gone_is_not_taken_for_empty() {
    let unsized_source = || frames(&["1234", "5"]);
    let (sender, failing) = fed();
    sender.send(Ok(Frame::data("1".into()))).expect("open");
    sender.send(Err("the disk is gone")).expect("open");
    drop(sender);

    let first = ReplayBody::new(unsized_source(), 4);
    let mut second = first.clone();
    assert_eq!(first.collect().await.expect("whole").to_bytes(), "12345");
    assert!(!second.is_end_stream());
    assert_eq!(second.size_hint().exact(), None);
    assert!(matches!(poll(&mut second), Poll::Ready(Some(Err(ReplayError::NotReplayable(_))))));

    let first = ReplayBody::new(failing, 4);
    let second = first.clone();
    assert!(first.collect().await.is_err());
    assert!(!second.is_end_stream());
    assert_eq!(second.size_hint().exact(), None);
}

#[test]
fn a_copy_that_was_dropped_unread_changes_nothing() {
    let kept = ReplayBody::new(frames(&["a", "b"]), 100);
    drop(kept.clone());
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "a");
    let mut second = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut second)), "a");
    assert_eq!(data(poll(&mut second)), "b");
    assert_end(poll(&mut second));
}

#[test]
fn an_aborted_upload_ends_at_once_and_is_freed() {
    for limit in [0, 100_000] {
        let chunk = Bytes::from(vec![7; 4096]);
        let (sender, source) = fed();
        sender.send(Ok(Frame::data(chunk.clone()))).expect("open");
        let kept = ReplayBody::new(source, limit);
        let mut first = kept.replay().expect("kept");
        drop(data(poll(&mut first)));
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        assert!(Pin::new(&mut first).poll_frame(&mut Context::from_waker(&waker)).is_pending());
        kept.abort();
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
        assert!(chunk.is_unique() && sender.is_closed(), "recording and source are freed");
        assert_superseded(poll(&mut first));
        assert!(!first.is_end_stream() && !kept.is_uploading());
        assert!(kept.replay().is_err());
    }
}

#[test]
fn an_abort_keeps_the_body_for_an_outer_handle() {
    let outer = ReplayBody::new(frames(&["a", "b"]), 100);
    let kept = outer.clone();
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "a");
    kept.abort();
    assert_superseded(poll(&mut first));
    drop((kept, first));
    let mut second = outer.replay().expect("still there");
    assert_eq!(data(poll(&mut second)), "a");
    assert_eq!(data(poll(&mut second)), "b");
    assert_end(poll(&mut second));
}

#[test]
fn an_attempt_that_aborts_itself_leaves_the_body_to_the_other_handle() {
    let kept = ReplayBody::new(frames(&["a", "b"]), 100);
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "a");
    first.abort();
    assert_superseded(poll(&mut first));
    let mut second = kept.replay().expect("still there");
    assert_eq!(data(poll(&mut second)), "a");
    assert_eq!(data(poll(&mut second)), "b");
    assert_end(poll(&mut second));
}

/// The source uses its own body when it is dropped, as the last waker of a task may.
#[test]
fn no_foreign_drop_or_wake_runs_under_the_lock() {
    struct Curious(Arc<std::sync::Mutex<Option<ReplayBody<Curious>>>>);
    impl Drop for Curious {
        fn drop(&mut self) {
            let body = self.0.lock().expect("not poisoned").take();
            assert!(body.is_some_and(|body| !body.is_uploading()));
        }
    }
    impl Body for Curious {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }
    }
    let slot = Arc::new(std::sync::Mutex::new(None));
    let mut body = ReplayBody::new(Curious(slot.clone()), 100);
    *slot.lock().expect("not poisoned") = Some(body.clone());
    assert_end(poll(&mut body));
    assert!(slot.lock().expect("not poisoned").is_none());
}

#[test]
fn a_body_that_announces_more_than_the_limit_is_not_recorded() {
    let kept = ReplayBody::new(Full::new(Bytes::from("12345")), 4);
    // Any attempt can send it before it is polled.
    let first = kept.replay().expect("untouched");
    drop(first);
    let mut second = kept.replay().expect("untouched");
    assert_eq!(data(poll(&mut second)), "12345");
    assert_eq!(kept.replay().err(), Some(NotReplayable::TooLarge { limit: 4 }));
}

/// `is_unique` tells whether a chunk is still recorded.
#[test]
fn chunks_that_no_attempt_can_ask_for_again_are_freed() {
    let chunk = |fill: u8| Bytes::from(vec![fill; 4096]);
    let (one, two, three) = (chunk(1), chunk(2), chunk(3));
    let source = Frames::new([one.clone(), two.clone(), three.clone()]);
    let kept = ReplayBody::new(source, 100_000);
    let mut first = kept.replay().expect("kept");
    drop(data(poll(&mut first)));
    drop(data(poll(&mut first)));
    assert!(!one.is_unique() && !two.is_unique());
    drop(kept);
    assert!(one.is_unique() && two.is_unique(), "the recording is freed");
    assert_eq!(first.replay().err(), Some(NotReplayable::Released));
    drop(data(poll(&mut first)));
    assert!(three.is_unique(), "nothing is recorded any more");
    assert_end(poll(&mut first));

    // The last handle is in the middle of a recording: the chunks that it has not read yet are kept.
    let source = Frames::new([one.clone(), two.clone()]);
    let kept = ReplayBody::new(source, 100_000);
    let mut first = kept.replay().expect("kept");
    let _ = (poll(&mut first), poll(&mut first));
    let mut second = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut second)), one);
    drop((kept, first));
    assert!(one.is_unique() && !two.is_unique());
    assert_eq!(data(poll(&mut second)), two);
    assert!(two.is_unique());
    assert_end(poll(&mut second));
}

#[test]
fn a_dropped_upload_leaves_the_kept_handle_able_to_replay() {
    let kept = ReplayBody::new(frames(&["a", "b"]), 100);
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "a");
    drop(first);
    let mut second = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut second)), "a");
    assert_eq!(data(poll(&mut second)), "b");
}

#[tokio::test]
async fn trailers_come_last_and_once() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "7".parse().expect("valid"));
    for parts in [&["a"][..], &[]] {
        let mut source = frames(parts);
        source.trailers = Some(trailers.clone());
        let kept = ReplayBody::new(source, 100);
        for _ in 0..2 {
            let attempt = kept.replay().expect("kept");
            assert!(!attempt.is_end_stream(), "trailers alone are content");
            let collected = attempt.collect().await.expect("whole");
            assert_eq!(collected.trailers(), Some(&trailers));
            assert_eq!(collected.to_bytes(), parts.concat());
        }
    }
}

#[test]
fn hints_are_exact_at_each_moment() {
    struct Sized(Frames);
    impl Body for Sized {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Pin::new(&mut self.0).poll_frame(cx)
        }
        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0.frames.iter().map(|frame| frame.len() as u64).sum())
        }
        fn is_end_stream(&self) -> bool {
            self.0.frames.is_empty() && self.0.trailers.is_none()
        }
    }

    static BIG: [u8; 2000] = [b'x'; 2000];
    let parts = [b"abc".as_slice(), &BIG, b"d"];
    let source = Sized(Frames::new(parts.map(Bytes::from_static)));
    let kept = ReplayBody::new(source, 10_000);
    let mut first = kept.replay().expect("kept");
    let mut left = 2004;
    for length in [3, 2000] {
        assert_eq!(first.size_hint().exact(), Some(left));
        assert!(!first.is_end_stream());
        assert_eq!(data(poll(&mut first)).len() as u64, length);
        left -= length;
    }
    let mut second = kept.replay().expect("kept");
    let third = kept.clone();
    left = 2004;
    for length in [3, 2000, 1] {
        assert_eq!(third.size_hint().exact(), Some(2004), "another attempt begins anew");
        assert_eq!(second.size_hint().exact(), Some(left));
        assert!(!second.is_end_stream() && !third.is_end_stream());
        assert_eq!(data(poll(&mut second)).len() as u64, length);
        left -= length;
    }
    assert_eq!(second.size_hint().exact(), Some(0));
    assert!(second.is_end_stream());
    // The superseded attempt is not taken for whole.
    assert!(!first.is_end_stream());
    assert_eq!(first.size_hint().exact(), None);

    // Trailers have no size, and come after a recording that was freed, too.
    let trailers = Some(HeaderMap::new());
    let source = Sized(Frames { trailers, ..Frames::new([Bytes::from_static(&BIG)]) });
    let kept = ReplayBody::new(source, 10_000);
    let mut first = kept.replay().expect("kept");
    let _ = (poll(&mut first), poll(&mut first));
    let mut second = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut second)).len(), 2000);
    drop((kept, first));
    assert_eq!(second.size_hint().exact(), Some(0));
}

#[tokio::test]
async fn an_unknown_length_stays_unknown_for_every_attempt() {
    struct AtMost(Frames);
    impl Body for AtMost {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Pin::new(&mut self.0).poll_frame(cx)
        }
        fn size_hint(&self) -> SizeHint {
            let mut hint = SizeHint::new();
            hint.set_upper(100);
            hint
        }
    }

    let kept = ReplayBody::new(frames(&["abc", "d"]), 100);
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "abc");
    // One attempt begins while the source is read, and one once it has been read.
    for _ in 0..2 {
        let (mut next, copy) = (kept.replay().expect("kept"), kept.clone());
        for body in [&next, &copy] {
            assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (0, None));
            assert!(!body.is_end_stream());
        }
        data(poll(&mut next));
        assert_eq!(next.size_hint().upper(), None, "nor in the middle of it");
        assert_eq!(next.collect().await.expect("whole").to_bytes(), "d");
    }
    let kept = ReplayBody::new(AtMost(frames(&["abc"])), 100);
    kept.replay().expect("kept").collect().await.expect("whole");
    assert_eq!(kept.replay().expect("kept").size_hint().upper(), Some(100));
    // Nothing but trailers: a length of 0 would lose them.
    let trailers = Frames { trailers: Some(HeaderMap::new()), ..Frames::default() };
    let kept = ReplayBody::new(trailers, 100);
    kept.replay().expect("kept").collect().await.expect("whole");
    assert_eq!(kept.replay().expect("kept").size_hint().exact(), None);
}

#[test]
fn an_error_of_the_source_is_passed_on_and_ends_replaying() {
    let (sender, source) = fed();
    sender.send(Ok(Frame::data("a".into()))).expect("open");
    sender.send(Err("the disk is gone")).expect("open");
    let kept = ReplayBody::new(source, 100);
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "a");
    match poll(&mut first) {
        Poll::Ready(Some(Err(error))) => assert_eq!(error.to_string(), "the disk is gone"),
        other => panic!("{other:?}"),
    }
    assert!(!first.is_end_stream());
    assert_eq!(kept.replay().err(), Some(NotReplayable::SourceFailed));
    assert!(matches!(poll(&mut first), Poll::Ready(Some(Err(_)))), "never taken for whole");
}

/// Panics once, between taking a chunk and returning it.
struct Panics {
    chunks: Frames,
    at: usize,
}

impl Body for Panics {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let polled = Pin::new(&mut self.chunks).poll_frame(cx);
        let panics_now = self.at == self.chunks.frames.len();
        if panics_now {
            self.at = usize::MAX;
        }
        assert!(!panics_now, "a panic of the source");
        polled
    }
}

#[test]
fn a_source_that_panicked_has_failed() {
    let kept = ReplayBody::new(Panics { chunks: frames(&["a", "b", "c"]), at: 1 }, 100);
    let mut first = kept.replay().expect("kept");
    assert_eq!(data(poll(&mut first)), "a");
    catch_unwind(AssertUnwindSafe(|| drop(poll(&mut first)))).expect_err("a panic");
    // The chunk that it took is lost, so that the rest is not a whole body.
    assert!(matches!(poll(&mut first), Poll::Ready(Some(Err(_)))));
    assert!(!first.is_end_stream() && first.size_hint().upper().is_none());
    assert_eq!(kept.replay().err(), Some(NotReplayable::SourceFailed));
}

#[test]
fn an_upload_is_woken_even_if_the_newer_attempt_panics() {
    struct PanicsAgain(AtomicUsize);
    impl Body for PanicsAgain {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 0, "polled again");
            Poll::Pending
        }
    }
    let mut first = ReplayBody::new(PanicsAgain(AtomicUsize::new(0)), 100);
    let mut second = first.clone();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    assert!(Pin::new(&mut first).poll_frame(&mut Context::from_waker(&waker)).is_pending());
    catch_unwind(AssertUnwindSafe(|| drop(poll(&mut second)))).expect_err("a panic");
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert_superseded(poll(&mut first));
}

#[test]
fn an_empty_body_is_at_its_end() {
    let mut empty = <ReplayBody<Frames> as Replay>::empty();
    assert!(empty.is_end_stream());
    assert_eq!(empty.size_hint().exact(), Some(0));
    assert_end(poll(&mut empty));
    assert!(ReplayBody::new(Full::<Bytes>::default(), 0).is_end_stream());
}

#[tokio::test]
async fn full_bodies_and_strings_are_replayed_as_they_are() {
    let full = Full::new(Bytes::from("a"));
    let again = full.replay().expect("always").collect().await;
    assert_eq!(again.expect("whole").to_bytes(), "a");
    let text = "a".to_owned();
    let again = text.replay().expect("always").collect().await;
    assert_eq!(again.expect("whole").to_bytes(), "a");
    assert!(<String as Replay>::empty().is_end_stream());
    assert!(<Full<Bytes> as Replay>::empty().is_end_stream());
}

/// One step in a schedule.
#[derive(Clone, Copy, Debug)]
enum Event {
    Feed(usize),
    Poll(usize),
    Replay,
    Clone(usize),
    Drop(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => prop_oneof![1..20_usize, 1000..1100_usize, 8000..9000_usize].prop_map(Event::Feed),
        6 => (0..4_usize).prop_map(Event::Poll),
        1 => Just(Event::Replay),
        1 => (0..4_usize).prop_map(Event::Clone),
        1 => (0..4_usize).prop_map(Event::Drop),
    ]
}

proptest! {
    #[test]
    fn under_any_schedule_a_body_is_whole_or_an_error(
        events in prop::collection::vec(event(), 0..60),
        limit in prop_oneof![Just(0_u64), 10..5000_u64, Just(1_000_000)],
        with_trailers: bool,
    ) {
        let (sender, source) = fed();
        let mut attempts = vec![(ReplayBody::new(source, limit), Vec::new(), false)];
        let mut sent = Vec::new();
        let mut fill = 0_u8;
        for event in events {
            match event {
                Event::Feed(length) => {
                    let chunk: Vec<u8> = (0..length).map(|_| { fill = fill.wrapping_add(1); fill }).collect();
                    sent.extend_from_slice(&chunk);
                    let _ = sender.send(Ok(Frame::data(chunk.into())));
                }
                Event::Poll(index) => {
                    if let Some((body, seen, failed)) = attempts.get_mut(index) {
                        match poll(body) {
                            Poll::Ready(Some(Ok(frame))) => seen.extend_from_slice(&frame.into_data().expect("data")),
                            Poll::Ready(Some(Err(_))) => *failed = true,
                            Poll::Ready(None) => prop_assert!(false, "the source has not ended"),
                            Poll::Pending => {}
                        }
                        prop_assert!(sent.starts_with(seen));
                    }
                }
                Event::Replay => {
                    if let Some((Ok(body), _, _)) = attempts.first().map(|(body, s, f)| (body.replay(), s, f)) {
                        attempts.push((body, Vec::new(), false));
                    }
                }
                Event::Clone(index) => {
                    if let Some(body) = attempts.get(index).map(|(body, _, _)| body.clone()) {
                        attempts.push((body, Vec::new(), false));
                    }
                }
                Event::Drop(index) => {
                    if index < attempts.len() {
                        attempts.remove(index);
                    }
                }
            }
        }
        let trailers = HeaderMap::from_iter([("x-sum".parse::<http::HeaderName>().expect("valid"), "7".parse().expect("valid"))]);
        if with_trailers {
            let _ = sender.send(Ok(Frame::trailers(trailers.clone())));
        }
        drop(sender);
        for (mut body, mut seen, mut failed) in attempts {
            let mut saw_trailers = false;
            while !failed {
                match poll(&mut body) {
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) => {
                            prop_assert!(!saw_trailers, "data after trailers");
                            seen.extend_from_slice(&data);
                        }
                        Err(_) => {
                            prop_assert!(!saw_trailers, "trailers twice");
                            saw_trailers = true;
                        }
                    },
                    Poll::Ready(Some(Err(_))) => failed = true,
                    Poll::Ready(None) => {
                        prop_assert!(seen == sent, "{} of {} bytes", seen.len(), sent.len());
                        prop_assert_eq!(saw_trailers, with_trailers);
                        break;
                    }
                    Poll::Pending => prop_assert!(false, "the source has ended"),
                }
            }
        }
    }
}

#[test]
fn an_attempt_that_failed_is_not_under_way() {
    let (sender, source) = fed();
    let kept = ReplayBody::new(source, 100);
    let mut first = kept.replay().expect("kept");
    assert!(poll(&mut first).is_pending() && kept.is_uploading());
    sender.send(Err("broken")).expect("open");
    assert!(matches!(poll(&mut first), Poll::Ready(Some(Err(_)))));
    assert!(!kept.is_uploading());
}
