//! The events of followed redirections, for hooks, `tracing` and `metrics`.

use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::follow::{OnLimit, Outcome, RedirectErrorKind};
use tower_redirect::{FollowRedirectsLayer, follow_fn};

use crate::support::{Script, chain, redirection};

type Lines = Arc<Mutex<Vec<String>>>;

/// A layer whose events are kept as lines.
fn heard() -> (FollowRedirectsLayer, Lines) {
    let lines = Lines::default();
    let (hops, ends) = (lines.clone(), lines.clone());
    let layer = FollowRedirectsLayer::new()
        .on_hop(move |followed| {
            assert_eq!(followed.number(), followed.hop().number_for_test());
            hops.lock().expect("not poisoned").push(followed.to_string());
        })
        .on_finish(move |finished| ends.lock().expect("not poisoned").push(finished.to_string()));
    (layer, lines)
}

trait NumberForTest {
    fn number_for_test(&self) -> usize;
}

impl NumberForTest for tower_redirect::follow::Hop {
    /// The paths of the tests end in the number of their hop.
    fn number_for_test(&self) -> usize {
        self.next_uri()
            .path()
            .trim_start_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .unwrap_or(1)
    }
}

fn post(uri: &str) -> Request<Full<Bytes>> {
    let request = Request::post(uri).header("cookie", "a=s3cret").header("content-type", "x/y");
    request.body(Full::from("tea")).expect("valid")
}

#[tokio::test]
async fn hooks_are_called_for_each_hop_and_for_the_end() {
    let (layer, lines) = heard();
    let script = chain![307 "/v1?k=s3cret", 303 "https://u:s3cret@b.test/v2"];
    script.follow_by(&layer, post("http://u:s3cret@a.test/?k=s3cret")).await.expect("followed");
    let lines = lines.lock().expect("not poisoned");
    assert_eq!(
        *lines,
        [
            "hop 1: POST http://a.test/?k=…: 307 -> POST http://a.test/v1?k=… (left behind: userinfo)",
            "hop 2: POST http://a.test/v1?k=…: 303 -> GET https://b.test/v2 (left behind: cookie, \
         content-type, userinfo)",
            "200 after 2 hops",
        ]
    );
}

#[tokio::test]
async fn hooks_are_not_called_without_a_redirection() {
    let (layer, lines) = heard();
    Script::new([]).follow_by(&layer, post("http://a.test/")).await.expect("answered");
    let refused = service_fn(async |_: Request<Full<Bytes>>| {
        Err::<http::Response<Full<Bytes>>, _>(io::Error::other("refused"))
    });
    layer.layer(refused).oneshot(post("http://a.test/")).await.expect_err("refused");
    assert_eq!(*lines.lock().expect("not poisoned"), [""; 0]);
}

#[tokio::test]
async fn the_body_that_is_sent_again_is_counted() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let hears = sent.clone();
    let layer = FollowRedirectsLayer::new().on_hop(move |followed| {
        let facts = (followed.resends_body(), followed.replayed_bytes());
        hears.lock().expect("not poisoned").push(facts);
    });
    let script = chain![307 "/1", 308 "/2", 303 "/3"];
    script.follow_by(&layer, post("http://a.test/")).await.expect("followed");
    assert_eq!(*sent.lock().expect("not poisoned"), [(true, 3), (true, 3), (false, 0)]);
}

#[tokio::test]
async fn errors_have_a_type_and_the_hops_before_them() {
    let ends = Arc::new(Mutex::new(Vec::new()));
    let hears = ends.clone();
    let layer = || {
        let hears = hears.clone();
        FollowRedirectsLayer::new().on_finish(move |finished| {
            let hops = finished.history().len();
            let facts = (finished.outcome(), finished.status(), finished.error_type(), hops);
            hears.lock().expect("not poisoned").push(facts);
        })
    };
    let end = || ends.lock().expect("not poisoned").pop().expect("heard");
    let ask = |layer, script: Script| async move {
        script.follow_by(&layer, post("https://a.test/")).await.map(|response| response.status())
    };
    let hops = || chain![307 "/1", 307 "/2", 302 "/3"];

    assert!(ask(layer().limit(2), hops()).await.is_err());
    assert_eq!(end(), (Outcome::Error, None, Some("too_many_redirects"), 2));

    let returned = ask(layer().limit(2).on_limit(OnLimit::Return), hops()).await;
    assert_eq!(returned.expect("returned"), StatusCode::FOUND);
    assert_eq!(end(), (Outcome::Redirection, Some(StatusCode::FOUND), None, 2));

    // A 304 answers the request: it is not a redirection.
    let script = chain![307 "/1"];
    let mut not_modified = Response::new(Full::default());
    *not_modified.status_mut() = StatusCode::NOT_MODIFIED;
    script.push(not_modified);
    assert!(ask(layer(), script).await.is_ok());
    assert_eq!(end(), (Outcome::Response, Some(StatusCode::NOT_MODIFIED), None, 1));

    assert!(ask(layer(), chain![307 "http://a.test/"]).await.is_err());
    assert_eq!(end(), (Outcome::Error, None, Some("insecure_downgrade"), 0));

    let rejects = follow_fn(|attempt| {
        if attempt.history().is_empty() {
            tower_redirect::Action::Follow
        } else {
            tower_redirect::Action::Reject
        }
    });
    let client = layer().policy(rejects).layer(hops());
    assert!(client.oneshot(post("http://a.test/")).await.is_err());
    assert_eq!(end(), (Outcome::Error, None, Some(RedirectErrorKind::Rejected.name()), 1));

    let fails = service_fn(async |request: Request<Full<Bytes>>| match request.uri().path() {
        "/" => Ok(redirection(307, "/1")),
        _ => Err(io::Error::other("refused")),
    });
    layer().layer(fails).oneshot(post("http://a.test/")).await.expect_err("refused");
    assert_eq!(end(), (Outcome::Error, None, Some("service"), 1));
}

#[tokio::test]
async fn several_hooks_are_called_in_order() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let order = order.clone();
        move || order.lock().expect("not poisoned").push(name)
    };
    let (one, two, three, four) = (note("hop 1"), note("hop 2"), note("end 1"), note("end 2"));
    let layer = FollowRedirectsLayer::new()
        .on_hop(move |_| one())
        .on_hop(move |_| two())
        .on_finish(move |_| three())
        .on_finish(move |_| four());
    chain![307 "/1"].follow_by(&layer, post("http://a.test/")).await.expect("followed");
    assert_eq!(*order.lock().expect("not poisoned"), ["hop 1", "hop 2", "end 1", "end 2"]);
}

/// Follows on this thread, where the subscriber and the recorder of the test are set.
#[cfg(any(feature = "tracing", feature = "metrics"))]
fn follow_now(script: &Script, request: Request<Full<Bytes>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let _ = runtime.block_on(script.follow_by(&FollowRedirectsLayer::new(), request));
}

#[cfg(feature = "tracing")]
#[test]
fn hops_and_ends_are_events() {
    use crate::support::events::Events;
    let request = |method| {
        let mut request = post("http://a.test/?k=s3cret");
        *request.method_mut() = http::Method::from_bytes(method).expect("valid");
        request
    };
    let events = Events::of(tracing::Level::TRACE, || {
        follow_now(&chain![307 "https://b.test:8443/x?k=s3cret"], request(b"BREW"));
    });
    assert_eq!(
        events,
        [
            r#"DEBUG tower_redirect message=followed http.request.method="_OTHER" http.request.method_original=BREW http.request.resend_count=1 http.response.status_code=307 url.scheme="https" url.path=/x server.address=b.test server.port=8443 redirect.from=http://a.test/?k=… redirect.dropped="cookie" redirect.resends_body=true redirect.replayed_bytes=3"#,
            r#"DEBUG tower_redirect message=finished http.response.status_code=200 redirect.hops=1 redirect.outcome="response""#,
        ]
    );
    let events = Events::of(tracing::Level::INFO, || {
        follow_now(&chain![307 "/1", 307 "ftp://a.test/"], request(b"GET"));
    });
    assert_eq!(
        events,
        [
            r#"INFO tower_redirect message=finished error.type="unsupported_scheme" redirect.hops=1 redirect.outcome="error""#,
        ]
    );
}

#[cfg(feature = "metrics")]
#[test]
fn calls_hops_and_bytes_are_counted() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        follow_now(&Script::new([]), post("http://a.test/"));
        follow_now(&chain![307 "/1", 307 "/2"], post("http://a.test/"));
        follow_now(&chain![307 "http://"], post("http://a.test/"));
    });
    let mut counted = Vec::new();
    let mut zeros = 0;
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels: Vec<_> = key.key().labels().map(|label| label.value().to_owned()).collect();
        let value = match value {
            DebugValue::Counter(value) => format!("{value}"),
            DebugValue::Histogram(values) => format!("{values:?}"),
            DebugValue::Gauge(value) => format!("{value}"),
        };
        zeros += usize::from(value == "0");
        if value != "0" {
            counted.push(format!("{}{labels:?} {value}", key.key().name()));
        }
    }
    counted.sort();
    assert_eq!(
        counted,
        [
            "tower_redirect_followed_hops[] [2.0, 0.0]",
            r#"tower_redirect_followed_total["error", "invalid_location"] 1"#,
            r#"tower_redirect_followed_total["response", ""] 1"#,
            "tower_redirect_replayed_bytes_total[] 6",
        ]
    );
    assert_eq!(zeros, 13);
}
