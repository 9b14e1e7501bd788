//! A layer that is replaced while it serves.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response, StatusCode, header};
use http_body_util::{Empty, Full};
use tokio::sync::mpsc;
use tokio_test::{assert_pending, assert_ready, task};
use tower::{Layer, Service, ServiceExt};
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::server::live::{Update, UpdateError};
use tower_redirect::trust::Peer;
use tower_redirect::{
    Decision, HttpsOnly, Live, RedirectLayer, RedirectPolicy, Redirection, RequestHead, Trust,
    policy_fn,
};

use crate::support::Inner;

type Policy = Box<dyn RedirectPolicy>;

/// The layer of configuration `n`: one policy redirects `/x` to `/mid/n`, and another one `/mid/n` to
/// `/end/n`. It trusts only the proxies of its side, and serves only the host of its side.
fn configuration(n: usize) -> RedirectLayer<Policy> {
    let (proxies, host) = side(n);
    let step = move |from: &'static str, to: &'static str| {
        policy_fn(move |head: &RequestHead<'_>| {
            let asked = if from == "/x" { from.to_owned() } else { format!("{from}/{n}") };
            (head.path() == asked).then(|| Redirection::new().path(format!("{to}/{n}")))
        })
    };
    let policies = (HttpsOnly::new(), step("/x", "/mid"), step("/mid", "/end"));
    let trust = Trust::proxies([proxies]).expect("valid").x_forwarded();
    let layer = RedirectLayer::new(Box::new(policies) as Policy).trust(trust);
    layer.hosts([host]).expect("valid")
}

/// The proxies and the host of even or of odd configurations.
fn side(n: usize) -> (&'static str, &'static str) {
    [("10.0.0.0/8", "even.test"), ("192.168.0.0/16", "odd.test")][n % 2]
}

fn request(path: &str) -> Request<Empty<Bytes>> {
    let request = Request::get(path).header("host", "even.test");
    let mut request = request.header("x-forwarded-proto", "https").body(Empty::new()).expect(path);
    request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
    request
}

#[test]
fn no_answer_mixes_two_configurations() {
    const STORES: usize = 10_000;
    let live = Live::new(configuration(0));
    let (is_over, ended) = (AtomicBool::new(false), AtomicUsize::new(0));
    let ask = || {
        let mut service = live.layer(Inner::default());
        let (mut redirected, mut refused) = (0, 0);
        while !is_over.load(Ordering::Relaxed) || redirected == 0 || refused == 0 {
            let response = assert_ready!(task::spawn(service.call(request("/x"))).poll());
            let response = response.expect("infallible");
            if response.status() == StatusCode::MISDIRECTED_REQUEST {
                refused += 1;
                continue;
            }
            // Neither `/mid/..`, nor the https URL to which requests of untrusted peers are redirected.
            let location = response.headers()[header::LOCATION].to_str().expect("ascii");
            let n = location.strip_prefix("/end/").and_then(|n| n.parse::<usize>().ok());
            let n = n.unwrap_or_else(|| panic!("{location}"));
            assert_eq!((response.status().as_u16(), n % 2), (307, 0));
            redirected += 1;
        }
        ended.fetch_add(1, Ordering::Relaxed);
    };
    thread::scope(|scope| {
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        for n in 1.. {
            live.store(configuration(n));
            is_over.store(n >= STORES, Ordering::Relaxed);
            // Goes on until each thread has seen both sides, or has failed.
            if n >= STORES && asking.iter().all(thread::ScopedJoinHandle::is_finished) {
                break;
            }
        }
    });
    assert_eq!(ended.into_inner(), 4);
}

/// Answers 404 after a notification.
#[derive(Clone)]
struct NotFound(Arc<tokio::sync::Notify>);

impl Service<Request<Empty<Bytes>>> for NotFound {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Empty<Bytes>>) -> Self::Future {
        let told = self.0.clone();
        Box::pin(async move {
            told.notified().await;
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        })
    }
}

#[test]
fn a_request_keeps_the_layer_that_it_began_with() {
    let layer = |to: &'static str| {
        let moved = policy_fn(move |_: &RequestHead<'_>| Redirection::to(to).expect("valid"));
        RedirectLayer::new(policy_fn(|_| None)).after_not_found(moved)
    };
    let told = Arc::new(tokio::sync::Notify::new());
    let live = Live::new(layer("/old"));
    let mut service = live.layer(NotFound(told.clone()));
    let mut early = task::spawn(service.call(request("/x")));
    assert_pending!(early.poll());
    live.store(layer("/new"));
    let mut late = task::spawn(service.call(request("/x")));
    assert_pending!(late.poll());
    for (call, location) in [(&mut early, "/old"), (&mut late, "/new")] {
        told.notify_waiters();
        let response = assert_ready!(call.poll()).expect("infallible");
        assert_eq!(response.headers()[header::LOCATION], location);
    }
}

/// The updates that a test sends. The stream ends when the sender is dropped.
struct Updates<T>(mpsc::UnboundedReceiver<T>);

impl<T> Stream for Updates<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(cx)
    }
}

fn leads_to(path: &str) -> RedirectLayer<Rules> {
    let rule = Rule::new("/a").and_then(|rule| rule.to(path)).expect("valid");
    RedirectLayer::new(Rules::new([rule]).expect("valid"))
}

fn served(live: &Live<Rules>) -> String {
    let call = live.layer(Inner::default()).oneshot(request("/a"));
    let response = assert_ready!(task::spawn(call).poll()).expect("infallible");
    response.headers()[header::LOCATION].to_str().expect("ascii").to_owned()
}

#[test]
fn updates_are_followed_past_errors_and_old_revisions() {
    let (sender, updates) = mpsc::unbounded_channel();
    let live = Live::new(leads_to("/0"));
    let errors = Arc::new(Mutex::new(Vec::new()));
    let told = errors.clone();
    let following = live.follow(Updates(updates), move |error: UpdateError<String>| {
        told.lock().expect("unpoisoned").push(error);
    });
    let mut following = task::spawn(following);
    assert_pending!(following.poll());
    let send = |update| sender.send(update).expect("followed");
    let new =
        |revision: u64| Ok(Update::New { revision, layer: leads_to(&format!("/{revision}")) });

    // A burst: the last one is served.
    (1..=5).for_each(|revision| send(new(revision)));
    assert!(following.is_woken());
    assert_pending!(following.poll());
    assert_eq!((served(&live).as_str(), live.status().revision()), ("/5", Some(5)));
    let changed = live.status().changed_at();

    send(Err("line 7: no path".to_owned()));
    send(new(4));
    send(new(5));
    assert_pending!(following.poll());
    assert_eq!((served(&live).as_str(), live.status().changed_at()), ("/5", changed));
    let old = |revision| UpdateError::OldRevision { revision, served: 5 };
    let expected = [UpdateError::Source("line 7: no path".to_owned()), old(4), old(5)];
    assert_eq!(*errors.lock().expect("unpoisoned"), expected);
    let status = live.status();
    let reason = status.rejection().expect("refused").reason();
    assert_eq!(reason, "revision 5 is not newer than 5, which is served");

    // `Same` confirms the layer that is served, and clears the rejection.
    send(Ok(Update::Same));
    assert_pending!(following.poll());
    let status = live.status();
    assert!(status.rejection().is_none() && status.confirmed_at() >= changed);
    assert_eq!(status.changed_at(), changed);

    // A rollback is a new revision with old text.
    send(Ok(Update::New { revision: 6, layer: leads_to("/1") }));
    drop(sender);
    assert_ready!(following.poll());
    assert_eq!((served(&live).as_str(), live.status().revision()), ("/1", Some(6)));

    // A layer can be stored by hand after the end of the stream.
    live.store(leads_to("/9").with_config_hash(9));
    assert_eq!((served(&live).as_str(), live.status().revision()), ("/9", None));
    assert_eq!((status.config_hash(), live.status().config_hash()), (None, Some(9)));
    assert!(live.status().changed_at() >= live.status().started_at());
}

/// A policy that asks for the status when it is dropped.
struct AsksOnDrop(Live<Policy>);

impl RedirectPolicy for AsksOnDrop {
    fn decide(&self, _: &RequestHead<'_>) -> Decision {
        Decision::Pass
    }
}

impl Drop for AsksOnDrop {
    fn drop(&mut self) {
        self.0.status();
    }
}

/// A policy that is dropped under the lock would wait for that lock forever.
#[test]
fn a_policy_is_dropped_without_the_lock() {
    let live = Live::new(configuration(0));
    live.store(RedirectLayer::new(Box::new(AsksOnDrop(live.clone()))));
    live.store(configuration(1));
    assert_eq!(live.status().revision(), None);

    // Neither is the policy of a refused update dropped under the lock.
    let (sender, updates) = mpsc::unbounded_channel();
    for _ in 0..2 {
        let layer = RedirectLayer::new(Box::new(AsksOnDrop(live.clone())) as Policy);
        sender.send(Ok::<_, String>(Update::New { revision: 1, layer })).expect("followed");
    }
    drop(sender);
    assert_ready!(task::spawn(live.follow(Updates(updates), drop)).poll());
    assert!(live.status().rejection().is_some());
}

#[test]
fn services_and_handles_share_the_layer() {
    let live = Live::new(leads_to("/0"));
    let mut service = live.clone().layer(Inner::default());
    live.store(leads_to("/1"));
    let response = assert_ready!(task::spawn(service.call(request("/a"))).poll());
    assert_eq!(response.expect("infallible").headers()[header::LOCATION], "/1");
    let is_send = |_: &(dyn Send + Sync)| ();
    is_send(&live);
    is_send(&service);
}
