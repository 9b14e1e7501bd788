//! Permanent redirections that are remembered from one call to the next.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;
use tower_redirect::follow::Remembered;
use tower_redirect::follow::guard::TargetGuard;
use tower_redirect::{Action, FollowRedirectsLayer, RedirectHistory, follow_fn};

use crate::support::{Answer, Script, redirection};

fn request(method: &str, url: &str, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let content = if method == "GET" || method == "HEAD" { "" } else { "tea" };
    request.body(Full::from(content)).expect("valid")
}

fn moved(status: u16, location: &str, fields: &[(&'static str, &'static str)]) -> Answer {
    let mut answer = redirection(status, location);
    for (name, value) in fields {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        answer.headers_mut().append(name, value);
    }
    answer
}

/// The URLs that are asked for by a second GET of `http://a.test/`, after a first call got `answer`.
async fn asked_again(
    memory: &Remembered,
    first: Request<Full<Bytes>>,
    answer: Answer,
) -> Vec<String> {
    let layer = FollowRedirectsLayer::new().remembered(memory.clone()).allow_https_to_http();
    let script = Script::new([answer]);
    script.follow_by(&layer, first).await.expect("followed");
    let again = Script::new([]);
    again.follow_by(&layer, request("GET", "http://a.test/", &[])).await.expect("answered");
    again.seen().iter().map(|seen| seen.uri.to_string()).collect()
}

const NEW: &str = "http://a.test/new";

#[tokio::test]
async fn what_is_learned() {
    let cookie = [("cookie", "a=b")];
    for (method, fields, answer, is_learned) in [
        ("GET", &[][..], moved(301, "/new", &[]), true),
        ("HEAD", &[], moved(308, "/new", &[]), true),
        ("GET", &[], moved(302, "/new", &[]), false),
        ("GET", &[], moved(307, "/new", &[]), false),
        ("GET", &[], moved(303, "/new", &[]), false),
        ("POST", &[], moved(308, "/new", &[]), false),
        ("POST", &[], moved(301, "/new", &[]), false),
        ("GET", &cookie, moved(301, "/new", &[]), false),
        ("GET", &[("authorization", "x")], moved(301, "/new", &[]), false),
        ("GET", &[], moved(301, "/new", &[("cache-control", "no-store")]), false),
        ("GET", &[], moved(301, "/new", &[("cache-control", "max-age=60, no-cache")]), false),
        ("GET", &[], moved(301, "/new", &[("cache-control", "max-age=0")]), false),
        ("GET", &[], moved(301, "/new", &[("cache-control", "max-age=x")]), false),
        ("GET", &[], moved(301, "/new", &[("cache-control", "private, max-age=60")]), true),
        ("GET", &[], moved(301, "/new", &[("cache-control", "max-age=60"), ("age", "60")]), false),
        ("GET", &[], moved(301, "/new", &[("expires", "Thu, 01 Jan 1970 00:00:00 GMT")]), false),
        ("GET", &[], moved(301, "/new", &[("expires", "0")]), false),
        ("GET", &[], moved(301, "/new", &[("expires", "Thu, 31 Dec 2099 00:00:00 GMT")]), true),
        ("GET", &[], moved(301, "/new", &[("vary", "accept")]), false),
    ] {
        let shown = format!("{method} {fields:?} {answer:?}");
        let memory = Remembered::new();
        let asked = asked_again(&memory, request(method, "http://a.test/", fields), answer).await;
        let expected = if is_learned { NEW } else { "http://a.test/" };
        assert_eq!(
            (asked.as_slice(), memory.len()),
            (&[expected.to_owned()][..], usize::from(is_learned)),
            "{shown}"
        );
    }
    // Never a downgrade, and not what a policy chose.
    let memory = Remembered::new();
    let first = request("GET", "https://a.test/", &[]);
    asked_again(&memory, first, moved(301, "http://a.test/new", &[])).await;
    let chosen = follow_fn(|_| Action::FollowTo("http://b.test/".parse().expect("a uri")));
    let layer = FollowRedirectsLayer::new().remembered(memory.clone()).policy(chosen);
    let script = Script::new([moved(301, "/new", &[])]);
    let client = tower::Layer::layer(&layer, script);
    let call = tower::ServiceExt::oneshot(client, request("GET", "http://a.test/", &[]));
    call.await.expect("followed");
    // Not where a hook may have signed.
    let layer = FollowRedirectsLayer::new().remembered(memory.clone()).on_request(|_| {});
    let script = Script::new([moved(301, "/new", &[])]);
    script.follow_by(&layer, request("GET", "http://a.test/", &[])).await.expect("followed");
    assert!(memory.is_empty());
}

#[tokio::test]
async fn it_is_kept_as_long_as_it_is_fresh() {
    let seconds = Arc::new(AtomicU64::new(0));
    let (start, clock) = (SystemTime::now(), seconds.clone());
    let memory =
        Remembered::new().clock(move || start + Duration::from_secs(clock.load(Ordering::SeqCst)));
    for (fields, fresh) in [
        (&[("cache-control", "max-age=100")][..], 100),
        (&[("cache-control", "max-age=100"), ("age", "40")], 60),
        (&[], 86_400),
        (&[("cache-control", "max-age=999999999")], 365 * 86_400),
    ] {
        for (time, is_fresh) in [(fresh - 1, true), (fresh, false)] {
            memory.clear();
            seconds.store(0, Ordering::SeqCst);
            let layer = FollowRedirectsLayer::new().remembered(memory.clone());
            let script = Script::new([moved(301, "/new", fields)]);
            let get = || request("GET", "http://a.test/", &[]);
            script.follow_by(&layer, get()).await.expect("followed");
            seconds.store(time, Ordering::SeqCst);
            let again = Script::new([]);
            again.follow_by(&layer, get()).await.expect("answered");
            assert_eq!(again.seen()[0].uri == NEW, is_fresh, "{fields:?} after {time} s");
        }
    }
}

#[tokio::test]
async fn it_is_applied_as_if_it_had_been_received() {
    let memory = Remembered::new();
    let layer = || FollowRedirectsLayer::new().remembered(memory.clone());
    let script =
        Script::new([moved(308, "https://b.test/", &[]), moved(301, "https://c.test/", &[])]);
    script.follow_by(&layer(), request("GET", "http://a.test/", &[])).await.expect("followed");
    assert_eq!(memory.len(), 2);

    // Both at once, with nothing secret left, and each told.
    let lines = Arc::new(Mutex::new(Vec::new()));
    let hops = lines.clone();
    let told = layer().on_hop(move |hop| hops.lock().expect("not poisoned").push(hop.to_string()));
    let script = Script::new([]);
    let secrets = [("cookie", "a=b"), ("authorization", "x"), ("x-kept", "y")];
    let asked = request("GET", "http://a.test/", &secrets);
    let response = script.follow_by(&told, asked).await.expect("followed");
    let seen = script.seen();
    assert_eq!((seen.len(), seen[0].uri.to_string().as_str()), (1, "https://c.test/"));
    assert!(!seen[0].headers.contains_key("cookie") && seen[0].headers.contains_key("x-kept"));
    assert!(!seen[0].headers.contains_key("authorization"));
    let history = RedirectHistory::of(&response).expect("redirected");
    assert!(history.len() == 2 && history.hops().iter().all(|hop| hop.was_remembered()));
    assert_eq!(history.permanent_uri(), Some(&"https://c.test/".parse().expect("a uri")));
    assert_eq!(lines.lock().expect("not poisoned").len(), 2);

    // Policy, limit and guard are asked.
    let script = Script::new([]);
    let get = || request("GET", "http://a.test/", &[]);
    script.follow_by(&layer().limit(1), get()).await.expect_err("one too many");
    let guard = TargetGuard::new().deny(["192.0.2.0/24"]).expect("valid").https_only();
    script.follow_by(&layer().guard(guard), get()).await.expect_err("refused");
    assert!(script.seen().is_empty());
    for (action, asked) in [(Action::Stop, Some("http://a.test/")), (Action::Reject, None)] {
        let script = Script::new([]);
        let policy = follow_fn(move |_| action.clone());
        let client = tower::Layer::layer(&layer().policy(policy), script.clone());
        let answered = tower::ServiceExt::oneshot(client, get()).await;
        let seen: Vec<_> = script.seen().iter().map(|seen| seen.uri.to_string()).collect();
        assert_eq!(seen.first().map(String::as_str), asked);
        assert_eq!(answered.is_ok(), asked.is_some());
    }
    // Where a chain comes by later, too.
    let script = Script::new([redirection(302, "http://a.test/")]);
    script.follow_by(&layer(), request("GET", "http://d.test/", &[])).await.expect("followed");
    assert_eq!(script.seen()[1].uri, "https://c.test/");
}

#[tokio::test]
async fn other_methods_by_name_and_an_unsafe_success_forgets() {
    for any_method in [false, true] {
        let memory = Remembered::new();
        let memory = if any_method { memory.any_method() } else { memory };
        let layer = FollowRedirectsLayer::new().remembered(memory.clone());
        for (path, status) in [("/308", 308), ("/301", 301)] {
            let script = Script::new([moved(status, "/new", &[])]);
            let url = format!("http://a.test{path}");
            script.follow_by(&layer, request("GET", &url, &[])).await.expect("followed");
        }
        let script = Script::new([]);
        for path in ["/308", "/301"] {
            let url = format!("http://a.test{path}");
            script.follow_by(&layer, request("POST", &url, &[])).await.expect("answered");
        }
        let seen = script.seen();
        let expected = if any_method { NEW } else { "http://a.test/308" };
        assert_eq!((seen[0].uri.to_string().as_str(), &seen[0].body[..]), (expected, &b"tea"[..]));
        assert_eq!(seen[1].uri, "http://a.test/301");
        // The POSTs that succeeded where they were sent have removed what was known there.
        assert_eq!(memory.len(), usize::from(any_method));
    }
}

#[tokio::test]
async fn a_million_urls_are_not_remembered() {
    let memory = Remembered::new();
    let layer = FollowRedirectsLayer::new().remembered(memory.clone());
    for number in 0..25_000 {
        let script = Script::new([moved(301, "/new", &[])]);
        let url = format!("http://a.test/{number}");
        script.follow_by(&layer, request("GET", &url, &[])).await.expect("followed");
        assert!(memory.len() <= 10_000, "{number}");
    }
    let script = Script::new([]);
    script.follow_by(&layer, request("GET", "http://a.test/24999", &[])).await.expect("answered");
    assert_eq!(script.seen()[0].uri, NEW);
}
