//! `Replay` for types that wrap a body, and for a user's own body.

use std::pin::Pin;
use std::task::{Context, Waker};

use bytes::Bytes;
use http::Request;
use http_body::Body;
use http_body_util::{Either, Full};
use tower_redirect::replay::{NotReplayable, Replay, ReplayBody};

use crate::support::{Frames, Once, chain};

type Recorded = ReplayBody<Frames>;
type FullOrRecorded = Either<Full<Bytes>, Recorded>;

fn recorded(limit: u64) -> Recorded {
    ReplayBody::new(Frames::new([Bytes::from("te"), Bytes::from("a")]), limit)
}

/// The bodies that a server got on three hops, or the text of the error.
async fn sent<B>(body: B) -> Result<Vec<Bytes>, String>
where
    B: Body<Data: Send, Error: std::fmt::Debug> + Replay + Send + 'static,
{
    let script = chain![307 "/b", 303 "/c"];
    let request = Request::put("http://a.test/").body(body).expect("valid");
    let outcome = script.follow(request).await;
    outcome.map_err(|error| error.redirect().expect("of ours").to_string())?;
    Ok(script.seen().into_iter().map(|seen| seen.body).collect())
}

#[tokio::test]
async fn wrapped_bodies_are_sent_again() {
    let tea = Ok(vec![Bytes::from("tea"), Bytes::from("tea"), Bytes::new()]);
    assert_eq!(sent(FullOrRecorded::Left(Full::from("tea"))).await, tea);
    assert_eq!(sent(FullOrRecorded::Right(recorded(3))).await, tea);
    assert_eq!(sent(Box::new(recorded(3))).await, tea);
    assert_eq!(sent(Box::new(FullOrRecorded::Right(recorded(3)))).await, tea);
    for error in [sent(FullOrRecorded::Right(recorded(2))).await, sent(Box::new(recorded(2))).await]
    {
        assert!(error.expect_err("too large").contains("larger than the limit of 2 bytes"));
    }
}

/// Asserts that the methods of `Replay` are forwarded to the inner body.
fn forwards<B: Replay>(wrap: impl Fn(Recorded) -> B, poll: impl Fn(&mut B)) {
    let kept = wrap(recorded(2));
    let mut first = kept.replay().expect("untouched");
    assert!(kept.check_replayable().is_ok() && !kept.is_uploading());
    poll(&mut first);
    assert!(kept.is_uploading() && kept.check_replayable().is_ok());
    poll(&mut first);
    assert_eq!(kept.check_replayable(), Err(NotReplayable::TooLarge { limit: 2 }));
    assert_eq!(kept.replay().err(), Some(NotReplayable::TooLarge { limit: 2 }));
    kept.abort();
    assert!(!kept.is_uploading());
}

fn poll_once(body: &mut (impl Body + Unpin)) {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(body).poll_frame(&mut cx).is_ready());
}

#[test]
fn the_methods_of_replay_reach_the_inner_body() {
    forwards(FullOrRecorded::Right, poll_once);
    forwards(Box::new, poll_once);
    forwards(Some, |body| poll_once(body.as_mut().expect("a body")));
    let none = None::<Recorded>;
    assert!(none.check_replayable().is_ok() && !none.is_uploading());
    assert!(none.replay().expect("nothing").is_none() && Option::<Recorded>::empty().is_none());
    assert!(Some(recorded(3)).abort_handle().is_some());
    assert!(Some(Full::<Bytes>::from("tea")).abort_handle().is_none(), "tracks no attempts");
}

#[tokio::test]
async fn a_users_own_body_can_refuse_to_be_sent_again() {
    let error = sent(Once(Some(Bytes::from("tea")))).await.expect_err("once");
    let asks = "307 from http://a.test/ asks for the body again";
    assert_eq!(error, format!("{asks}: request body cannot be sent again"));
}
