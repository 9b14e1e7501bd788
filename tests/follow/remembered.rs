//! Permanent redirections that are remembered from one call to the next.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use tower_redirect::follow::Remembered;
use tower_redirect::follow::guard::TargetGuard;
use tower_redirect::follow::hsts::HstsStore;
use tower_redirect::replay::ReplayBody;
use tower_redirect::{
    Action, FollowOptions, FollowRedirectsLayer, MethodRewrite, RedirectHistory, follow_fn,
};

use crate::support::{Answer, Once, Script, redirection};

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

/// Makes a first call that gets `answer`, and then a GET of `http://a.test/`. Returns the URLs that this second
/// call asked for.
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
async fn only_cacheable_permanent_redirections_of_plain_requests_are_learned() {
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
        ("GET", &[], moved(301, "/new", &[("cache-control", "max-age=+60")]), false),
        ("GET", &[("cache-control", "no-store")], moved(301, "/new", &[]), false),
        ("GET", &[("cache-control", "max-age=\"0\"")], moved(301, "/new", &[]), true),
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
    // A downgrade is not learned, nor is a target that a policy chose.
    let memory = Remembered::new();
    let first = request("GET", "https://a.test/", &[]);
    asked_again(&memory, first, moved(301, "http://a.test/new", &[])).await;
    let chosen = follow_fn(|_| Action::FollowTo("http://b.test/".parse().expect("a uri")));
    let layer = FollowRedirectsLayer::new().remembered(memory.clone()).policy(chosen);
    let script = Script::new([moved(301, "/new", &[])]);
    let client = tower::Layer::layer(&layer, script);
    let call = tower::ServiceExt::oneshot(client, request("GET", "http://a.test/", &[]));
    call.await.expect("followed");
    // Nothing is learned if a hook may have added a signature.
    let layer = FollowRedirectsLayer::new().remembered(memory.clone()).on_request(|_| {});
    let script = Script::new([moved(301, "/new", &[])]);
    script.follow_by(&layer, request("GET", "http://a.test/", &[])).await.expect("followed");
    assert!(memory.is_empty());
}

/// A memory whose clock begins at `start`, and the seconds that have passed since.
fn memory_at(start: SystemTime) -> (Remembered, Arc<AtomicU64>) {
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = seconds.clone();
    let now = move || start + Duration::from_secs(clock.load(Ordering::SeqCst));
    (Remembered::new().clock(now), seconds)
}

/// Whether a 301 with these headers is still applied after `time` seconds.
async fn is_applied_after(
    time: u64,
    fields: &[(&'static str, &'static str)],
    (memory, seconds): &(Remembered, Arc<AtomicU64>),
) -> bool {
    memory.clear();
    seconds.store(0, Ordering::SeqCst);
    let layer = FollowRedirectsLayer::new().remembered(memory.clone());
    seen_by(&layer, "http://a.test/", [moved(301, "/new", fields)]).await;
    seconds.store(time, Ordering::SeqCst);
    let (_, seen) = seen_by(&layer, "http://a.test/", []).await;
    seen[0] == NEW
}

#[tokio::test]
async fn a_redirection_is_remembered_while_it_is_fresh() {
    let memory = memory_at(SystemTime::now());
    for (fields, fresh) in [
        (&[("cache-control", "max-age=100")][..], 100),
        (&[("cache-control", "max-age=100"), ("age", "40")], 60),
        (&[], 86_400),
        (&[("cache-control", "max-age=999999999")], 365 * 86_400),
        (&[("cache-control", "max-age=18446744073709551616")], 365 * 86_400),
        (&[("cache-control", "max-age=63072000"), ("age", "31536000")], 365 * 86_400),
        (&[("cache-control", "max-age=60"), ("age", "40, 0")], 20),
    ] {
        for (time, is_fresh) in [(fresh - 1, true), (fresh, false)] {
            let applied = is_applied_after(time, fields, &memory).await;
            assert_eq!(applied, is_fresh, "{fields:?} after {time} s");
        }
    }
}

/// The answers are half an hour old, new, or from a server whose clock is half an hour ahead.
#[tokio::test]
async fn the_age_of_a_redirection_counts_from_its_date() {
    const NOON: &str = "Thu, 31 Dec 2026 12:00:00 GMT";
    let memory = memory_at(httpdate::parse_http_date(NOON).expect("a date"));
    for (date, fields, fresh) in [
        ("Thu, 31 Dec 2026 11:30:00 GMT", &[("cache-control", "max-age=3600")][..], 1800),
        (
            "Thu, 31 Dec 2026 11:30:00 GMT",
            &[("cache-control", "max-age=3600"), ("age", "2000")],
            1600,
        ),
        ("Thu, 31 Dec 2026 11:30:00 GMT", &[("expires", "Thu, 31 Dec 2026 12:10:00 GMT")], 600),
        ("Thu, 31 Dec 2026 11:30:00 GMT", &[], 84_600),
        (NOON, &[("cache-control", "max-age=3600")], 3600),
        (NOON, &[("expires", "Thu, 31 Dec 2026 12:10:00 GMT")], 600),
        ("Thu, 31 Dec 2026 12:30:00 GMT", &[("cache-control", "max-age=3600")], 3600),
        ("Thu, 31 Dec 2026 12:30:00 GMT", &[("expires", "Thu, 31 Dec 2026 13:30:00 GMT")], 3600),
        ("yesterday", &[("cache-control", "max-age=3600")], 3600),
    ] {
        let fields: Vec<_> = fields.iter().copied().chain([("date", date)]).collect();
        for (time, is_fresh) in [(fresh - 1, true), (fresh, false)] {
            let applied = is_applied_after(time, &fields, &memory).await;
            assert_eq!(applied, is_fresh, "{fields:?} after {time} s");
        }
    }
}

#[tokio::test]
async fn a_remembered_redirection_is_applied_as_if_it_had_been_received() {
    let memory = Remembered::new();
    let layer = || FollowRedirectsLayer::new().remembered(memory.clone());
    let script =
        Script::new([moved(308, "https://b.test/", &[]), moved(301, "https://c.test/", &[])]);
    script.follow_by(&layer(), request("GET", "http://a.test/", &[])).await.expect("followed");
    assert_eq!(memory.len(), 2);

    // Both are applied at once, without secrets, and the hook is called for each.
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
    let lines = lines.lock().expect("not poisoned").clone();
    assert!(
        lines.len() == 2 && lines.iter().all(|line| line.contains(" (remembered)")),
        "{lines:?}"
    );

    // Policy, limit and guard apply to it.
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
    // It is applied on a later hop of a chain, too.
    let script = Script::new([redirection(302, "http://a.test/")]);
    script.follow_by(&layer(), request("GET", "http://d.test/", &[])).await.expect("followed");
    assert_eq!(script.seen()[1].uri, "https://c.test/");
}

#[tokio::test]
async fn any_method_includes_post_and_an_unsafe_success_forgets() {
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
        // A POST that succeeds removes what was remembered for its URL.
        assert_eq!(memory.len(), usize::from(any_method));
    }
}

/// PROPFIND is safe (RFC 4918 §9.1). Calls that follow nothing forget, too.
#[tokio::test]
async fn only_unsafe_methods_forget_and_in_every_mode() {
    for manual in [false, true] {
        for (method, is_kept) in [("PROPFIND", true), ("DELETE", false)] {
            let memory = Remembered::new();
            let layer = FollowRedirectsLayer::new().remembered(memory.clone());
            let script = Script::new([moved(301, "/new", &[])]);
            script
                .follow_by(&layer, request("GET", "http://a.test/", &[]))
                .await
                .expect("followed");
            let mut again = request(method, "http://a.test/", &[]);
            if manual {
                again.extensions_mut().insert(FollowOptions::do_not_follow());
            }
            script.follow_by(&layer, again).await.expect("answered");
            assert_eq!(memory.len(), usize::from(is_kept), "{method}, manual: {manual}");
        }
    }
}

#[tokio::test]
async fn a_redirection_that_could_not_be_followed_is_not_learned() {
    let memory = Remembered::new();
    let layer = FollowRedirectsLayer::new().remembered(memory.clone());
    let server = tower::service_fn(async |request: Request<ReplayBody<Full<Bytes>>>| {
        request.into_body().collect().await.expect("read");
        Ok::<_, std::convert::Infallible>(moved(308, "/new", &[]).map(|_| Full::<Bytes>::default()))
    });
    let body = ReplayBody::new(Full::from("longer than the limit"), 4);
    let get = Request::get("http://a.test/").body(body).expect("valid");
    let call = tower::ServiceExt::oneshot(tower::Layer::layer(&layer, server), get);
    let error = call.await.expect_err("not replayable");
    assert!(error.redirect().is_some_and(|error| error.is_not_replayable()), "{error}");
    assert!(memory.is_empty());
}

#[tokio::test]
async fn at_most_ten_thousand_urls_are_remembered() {
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

/// Sends a GET to a server that gives these answers, and then 200. Returns the status that the caller
/// got, and the URLs that the server saw.
async fn seen_by(
    layer: &FollowRedirectsLayer,
    url: &str,
    answers: impl IntoIterator<Item = Answer>,
) -> (u16, Vec<String>) {
    let script = Script::new(answers);
    let response = script.follow_by(layer, request("GET", url, &[])).await.expect("answered");
    let seen = script.seen().iter().map(|seen| seen.uri.to_string()).collect();
    (response.status().as_u16(), seen)
}

#[tokio::test]
async fn a_site_that_moved_back_is_asked_again() {
    let (x, y) = ("http://a.test/x", "http://a.test/y");
    for (asked, answers, seen) in
        [(y, vec![moved(301, "/x", &[])], vec![y, x]), (x, vec![], vec![x])]
    {
        let layer = FollowRedirectsLayer::new().remembered(Remembered::new());
        seen_by(&layer, x, [moved(301, "/y", &[])]).await;
        if asked == x {
            seen_by(&layer, y, [moved(301, "/x", &[])]).await;
        }
        let (status, urls) = seen_by(&layer, asked, answers).await;
        assert_eq!((status, urls), (200, seen.iter().map(|url| (*url).to_owned()).collect()));
    }
}

#[tokio::test]
async fn a_request_that_was_not_sent_is_not_part_of_a_loop() {
    let (x, y) = ("http://a.test/x", "http://a.test/y");
    let layer = FollowRedirectsLayer::new().remembered(Remembered::new()).error_on_loop();
    seen_by(&layer, x, [moved(301, "/y", &[])]).await;
    // The site has moved back.
    let (status, seen) = seen_by(&layer, x, [moved(301, "/x", &[])]).await;
    assert_eq!((status, seen), (200, vec![y.to_owned(), x.to_owned()]));
    let script = Script::new([moved(302, "/y", &[]), moved(302, "/x", &[])]);
    let outcome = script.follow_by(&layer, request("GET", x, &[])).await;
    let error = outcome.expect_err("a loop");
    assert!(error.redirect().is_some_and(|error| error.is_loop()));
}

#[tokio::test]
async fn a_site_that_moved_back_is_asked_again_after_an_upgrade() {
    let (old, new) = ("http://a.test/x", "https://c.test/y");
    let store = HstsStore::new();
    let layer = FollowRedirectsLayer::new().remembered(Remembered::new()).hsts(store.clone());
    let layer = layer.allow_https_to_http();
    seen_by(&layer, old, [moved(301, "http://c.test/y", &[])]).await;
    seen_by(&layer, new, [moved(200, new, &[("strict-transport-security", "max-age=600")])]).await;
    assert_eq!(store.len(), 1);
    let (status, seen) = seen_by(&layer, new, [moved(301, old, &[])]).await;
    assert_eq!((status, seen), (200, vec![new.to_owned(), old.to_owned()]));
}

#[tokio::test]
async fn a_redirection_to_the_same_url_is_not_learned() {
    let memory = Remembered::new();
    let layer = FollowRedirectsLayer::new().remembered(memory.clone());
    let (status, seen) = seen_by(&layer, "http://a.test/x", [moved(301, "/x", &[])]).await;
    assert_eq!((status, seen.len()), (200, 2));
    assert!(memory.is_empty());
}

#[tokio::test]
async fn at_most_twenty_remembered_redirections_are_applied_at_once() {
    let memory = Remembered::new();
    let layer = FollowRedirectsLayer::new().remembered(memory.clone()).limit(usize::MAX);
    for number in 0..50 {
        let location = format!("/{}", number + 1);
        let answer = redirection(301, &location);
        seen_by(&layer, &format!("http://a.test/{number}"), [answer]).await;
    }
    let (status, seen) = seen_by(&layer, "http://a.test/0", []).await;
    assert_eq!((status, seen), (200, vec!["http://a.test/20".to_owned()]));
}

#[tokio::test]
async fn requests_with_another_host_no_cache_or_an_upgrade_are_sent_as_they_are() {
    let url = "http://a.test/";
    for (fields, is_learned, is_moved) in [
        (&[("host", "a.test")][..], true, true),
        (&[("host", "tenant.test")], false, false),
        (&[("cache-control", "max-stale, No-Cache")], true, false),
        (&[("cache-control", "max-age=0")], true, false),
        (&[("connection", "upgrade"), ("upgrade", "websocket")], false, false),
    ] {
        let memory = Remembered::new();
        let layer = FollowRedirectsLayer::new().remembered(memory.clone());
        let script = Script::new([moved(301, "/new", &[])]);
        let _ = script.follow_by(&layer, request("GET", url, fields)).await;
        assert_eq!(!memory.is_empty(), is_learned, "{fields:?}");

        seen_by(&layer, url, [moved(301, "/new", &[])]).await;
        let script = Script::new([]);
        script.follow_by(&layer, request("GET", url, fields)).await.expect("answered");
        let asked = script.seen().iter().map(|seen| seen.uri.to_string()).collect::<Vec<_>>();
        assert_eq!(asked, [if is_moved { NEW } else { url }], "{fields:?}");
    }
}

#[tokio::test]
async fn a_target_that_hsts_upgraded_is_not_learned() {
    let (memory, store) = (Remembered::new(), HstsStore::new());
    let mut headers = http::HeaderMap::new();
    headers.insert("strict-transport-security", HeaderValue::from_static("max-age=9"));
    store.learn(&"https://a.test/".parse().expect("valid"), &headers, SystemTime::now());
    let layer = FollowRedirectsLayer::new().remembered(memory.clone()).hsts(store);
    let (status, seen) = seen_by(&layer, "https://a.test/", [moved(301, NEW, &[])]).await;
    assert_eq!((status, seen.last().map(String::as_str)), (200, Some("https://a.test/new")));
    assert!(memory.is_empty());
}

#[tokio::test]
async fn a_remembered_hop_does_not_send_content_that_it_dropped() {
    let memory = Remembered::new();
    let layer = FollowRedirectsLayer::new()
        .remembered(memory.clone())
        .method_rewrite(MethodRewrite::AllToGet);
    seen_by(&layer, "http://b.test/", [moved(301, "http://c.test/", &[])]).await;
    let script = Script::new([moved(307, "http://b.test/", &[])]);
    let mut asked = request("GET", "http://a.test/", &[]);
    *asked.body_mut() = Full::from("content");
    script.follow_by(&layer, asked).await.expect("answered");
    let last = script.seen().pop().expect("two requests");
    assert_eq!((last.uri.to_string().as_str(), &*last.body), ("http://c.test/", &b""[..]));
}

/// `http://a.test:80/`, `http://a.test:/` and `http://a.test/` are one URL (RFC 9110 §4.2.3).
#[tokio::test]
async fn a_url_is_the_same_with_and_without_its_default_port() {
    for url in ["http://a.test:80/", "http://A.test:080/", "http://a.test", "http://a.test:/"] {
        let memory = Remembered::new();
        let get = request("GET", url, &[]);
        assert_eq!(asked_again(&memory, get, moved(308, "/new", &[])).await, [NEW], "{url}");
        let layer = FollowRedirectsLayer::new().remembered(memory.clone());
        let post = request("POST", url, &[]);
        Script::new([]).follow_by(&layer, post).await.expect("answered");
        assert!(memory.is_empty(), "an unsafe success forgets {url}");

        let get = request("GET", url, &[]);
        let answer = moved(301, "http://a.test/", &[]);
        assert_eq!(asked_again(&memory, get, answer).await, ["http://a.test/"]);
        assert!(memory.is_empty(), "{url} leads to itself");
    }
    let memory = Remembered::new();
    let get = request("GET", "http://a.test:81/", &[]);
    assert_eq!(asked_again(&memory, get, moved(308, NEW, &[])).await, ["http://a.test/"]);
}

/// The body of a request that is moved before it is sent need not be sent again.
#[tokio::test]
async fn a_body_that_cannot_be_sent_again_is_sent_to_the_remembered_target() {
    let stop = follow_fn(|attempt| match attempt.can_resend_body() {
        true => Action::Follow,
        false => Action::Stop,
    });
    for (method, status, rewrite) in
        [("POST", 308, MethodRewrite::Cautious), ("GET", 301, MethodRewrite::AllToGet)]
    {
        let layer = FollowRedirectsLayer::new()
            .remembered(Remembered::new().any_method())
            .method_rewrite(rewrite);
        seen_by(&layer, "http://a.test/", [moved(status, "/new", &[])]).await;
        // `AllToGet` drops the content of the GET, so that the 302 can be followed.
        let answers = (status == 301).then(|| moved(302, "/newer", &[]));
        let script = Script::new(answers);
        let body = Once(Some("content".into()));
        let request = Request::builder().method(method).uri("http://a.test/").body(body);
        let client = tower::Layer::layer(&layer.policy(stop), script.clone());
        let call = tower::ServiceExt::oneshot(client, request.expect("valid"));
        assert_eq!(call.await.expect("answered").status(), 200, "{method}");
        let seen = script.seen();
        let seen: Vec<_> = seen.iter().map(|seen| (seen.uri.path(), &seen.body[..])).collect();
        let expected = match status {
            308 => vec![("/new", &b"content"[..])],
            _ => vec![("/new", &b""[..]), ("/newer", b"")],
        };
        assert_eq!(seen, expected, "{method}");
    }
}

#[tokio::test]
async fn the_error_of_a_remembered_redirection_has_no_headers_of_another() {
    let layer = FollowRedirectsLayer::new().remembered(Remembered::new());
    seen_by(&layer, "http://a.test/", [moved(301, "/new", &[])]).await;
    let script = Script::new([moved(302, "http://a.test/", &[("x-of", "302")])]);
    let outcome = script.follow_by(&layer.limit(1), request("GET", "http://d.test/", &[])).await;
    let error = outcome.expect_err("one too many");
    let error = error.redirect().expect("of ours");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(301));
    assert!(error.headers().is_empty(), "{:?}", error.headers());
}

#[tokio::test]
async fn a_location_that_is_too_long_is_not_learned() {
    for (length, is_learned) in [(4_000, true), (8_200, false)] {
        let memory = Remembered::new();
        let layer = FollowRedirectsLayer::new().remembered(memory.clone());
        let location = format!("/{}", "x".repeat(length));
        seen_by(&layer, "http://a.test/", [redirection(301, &location)]).await;
        assert_eq!(!memory.is_empty(), is_learned, "{length}");
    }
}
