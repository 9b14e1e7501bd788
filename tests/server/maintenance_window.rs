//! The time of maintenance, and the requests that bypass it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use tower::{Layer, Service, service_fn};
use tower_redirect::trust::Peer;
use tower_redirect::{
    Decision, Maintenance, MaintenanceSwitch, MaintenanceWindow, RedirectLayer, RedirectPolicy,
    Redirection, RequestHead, Trust, Versioning, policy_fn,
};

use crate::support::{ask_now, request};

fn at(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn on() -> MaintenanceSwitch {
    let switch = MaintenanceSwitch::new();
    switch.on();
    switch
}

const START: u64 = 1_700_000_000_000;
const END: u64 = START + 3_600_000;

#[test]
fn the_start_is_in_the_window_and_the_end_is_not() {
    let now = Arc::new(AtomicU64::new(0));
    let clock = now.clone();
    let switch = MaintenanceSwitch::new();
    let policy = Maintenance::new(switch.clone())
        .retry_after(Duration::from_secs(77))
        .clock(move || at(clock.load(Ordering::Relaxed)));
    let layer = RedirectLayer::new(policy);
    let ask_at = |millis: u64| {
        now.store(millis, Ordering::Relaxed);
        let asked = ask_now(&layer, request("POST", "/", &[]));
        (asked.status.as_u16(), asked.header("retry-after").map(str::to_owned))
    };
    let seen = |seconds: &str| (503, Some(seconds.to_owned()));
    switch.set(MaintenanceWindow::between(at(START), at(END)).expect("in order"));
    assert_eq!(ask_at(START - 1), (200, None));
    assert_eq!(ask_at(START), seen("3600"));
    assert_eq!(ask_at(START + 1), seen("3600"));
    assert_eq!(ask_at(END - 1001), seen("2"));
    assert_eq!(ask_at(END - 1000), seen("1"));
    assert_eq!(ask_at(END - 1), seen("1"));
    assert_eq!(ask_at(END), (200, None));
    switch.set(MaintenanceWindow::until(at(END)));
    assert_eq!(ask_at(0), seen(&(END / 1000).to_string()));
    assert_eq!(ask_at(END), (200, None));
    switch.on();
    assert_eq!(ask_at(END), seen("77"), "the end is unknown");
    switch.off();
    assert_eq!(ask_at(START), (200, None));
    assert!(MaintenanceWindow::between(at(END), at(END)).is_err());
}

#[test]
fn a_function_drives_the_switch() {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    let switch = MaintenanceSwitch::from_fn(move || {
        seen.load(Ordering::Relaxed).then(MaintenanceWindow::open)
    });
    let layer = RedirectLayer::new(Maintenance::new(switch.clone()));
    let status = || ask_now(&layer, request("GET", "/", &[])).status.as_u16();
    assert_eq!(status(), 200);
    flag.store(true, Ordering::Relaxed);
    assert_eq!(status(), 503);
    switch.off();
    assert_eq!(status(), 503, "the function still returns a window");
    flag.store(false, Ordering::Relaxed);
    assert_eq!(status(), 200);
    switch.set(MaintenanceWindow::until(SystemTime::UNIX_EPOCH));
    assert_eq!(status(), 200);
    flag.store(true, Ordering::Relaxed);
    assert_eq!(status(), 503, "a window that is over does not hide that of the function");
}

#[test]
fn of_two_windows_the_one_that_ends_last_is_announced() {
    for (sourced, expected) in [
        (MaintenanceWindow::open(), "77"),
        (MaintenanceWindow::until(at(2000)), "2"),
        (MaintenanceWindow::until(at(500)), "1"),
    ] {
        let switch = MaintenanceSwitch::from_fn(move || Some(sourced));
        switch.set(MaintenanceWindow::until(at(1000)));
        let policy = Maintenance::new(switch).retry_after(Duration::from_secs(77));
        let layer = RedirectLayer::new(policy.clock(|| at(0)));
        let asked = ask_now(&layer, request("GET", "/", &[]));
        assert_eq!(asked.header("retry-after"), Some(expected), "{sourced:?}");
    }
}

/// Threads send requests while another one flips the switch: no answer mixes two states.
#[test]
fn ten_thousand_flips_tear_no_answer() {
    let switch = MaintenanceSwitch::new();
    let policy = Maintenance::new(switch.clone())
        .clock(|| at(START))
        .standby("https://standby.test")
        .expect("valid")
        .when(|head| head.path() != "/bare");
    let bare = Maintenance::new(switch.clone())
        .clock(|| at(START))
        .retry_after(Duration::from_secs(7))
        .when(|head| head.path() == "/bare");
    let layer = RedirectLayer::new((policy, bare));
    let (over, asked_so_far) = (AtomicBool::new(false), AtomicU64::new(0));
    let counts = thread::scope(|scope| {
        let askers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut passed, mut moved, mut refused) = (0, 0, 0);
                    while !over.load(Ordering::Relaxed) || passed == 0 || moved == 0 {
                        asked_so_far.fetch_add(1, Ordering::Relaxed);
                        let asked = ask_now(&layer, request("POST", "/x", &[]));
                        match (asked.status.as_u16(), asked.location(), asked.calls) {
                            (200, None, 1) => passed += 1,
                            (307, Some("https://standby.test/x"), 0) => moved += 1,
                            other => panic!("torn: {other:?}"),
                        }
                        let asked = ask_now(&layer, request("POST", "/bare", &[]));
                        match (asked.status.as_u16(), asked.header("retry-after"), asked.calls) {
                            (200, None, 1) => passed += 1,
                            (503, Some("7" | "60" | "90"), 0) => refused += 1,
                            other => panic!("torn: {other:?}"),
                        }
                    }
                    (passed, moved, refused)
                })
            })
            .collect();
        for flip in 0..10_000 {
            // Under load, too, there are never more flips than requests.
            while asked_so_far.load(Ordering::Relaxed) < flip
                && !askers.iter().any(|a| a.is_finished())
            {
                thread::yield_now();
            }
            match flip % 4 {
                0 => switch.on(),
                1 => switch.set(MaintenanceWindow::until(at(START + 60_000))),
                2 => switch.set(
                    MaintenanceWindow::between(at(START - 1), at(START + 90_000)).expect("valid"),
                ),
                _ => switch.off(),
            }
        }
        // Goes on until each thread has seen both states.
        over.store(true, Ordering::Relaxed);
        while !askers.iter().all(thread::ScopedJoinHandle::is_finished) {
            switch.on();
            thread::yield_now();
            switch.off();
            thread::yield_now();
        }
        askers.into_iter().map(|asker| asker.join().expect("no tear")).collect::<Vec<_>>()
    });
    assert!(counts.iter().all(|(passed, moved, _)| *passed > 0 && *moved > 0), "{counts:?}");
}

const RANGE: [&str; 2] = ["192.0.2.0/24", "2001:db8::/32"];

fn from(peer: [u8; 4], fields: &[(&str, &str)]) -> Request<Full<bytes::Bytes>> {
    let mut request = request("POST", "/x", fields);
    request.extensions_mut().insert(Peer::Ip(peer.into()));
    request
}

#[test]
fn clients_are_let_through_by_address() {
    let bypassed = || Maintenance::new(on()).bypass_clients(RANGE).expect("valid");
    let direct = RedirectLayer::new(bypassed());
    let trust = || Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded();
    let proxied = RedirectLayer::new(bypassed()).trust(trust());
    for (layer, peer, fields, status) in [
        (&direct, [192, 0, 2, 7], &[][..], 200),
        (&direct, [192, 0, 3, 7], &[], 503),
        // The peer may be an untrusted proxy, through which every client comes.
        (&direct, [192, 0, 2, 7], &[("x-forwarded-for", "192.0.2.9")], 503),
        (&direct, [192, 0, 2, 7], &[("x-forwarded-proto", "http")], 503),
        (&direct, [192, 0, 2, 7], &[("forwarded", "for=192.0.2.9")], 503),
        (&direct, [1, 1, 1, 1], &[("x-forwarded-for", "192.0.2.9")], 503),
        (
            &proxied,
            [10, 0, 0, 1],
            &[("x-forwarded-for", "192.0.2.9"), ("x-forwarded-proto", "http")],
            200,
        ),
        (
            &proxied,
            [10, 0, 0, 1],
            &[("x-forwarded-for", "192.0.2.9, 1.1.1.1"), ("x-forwarded-proto", "http")],
            503,
        ),
        (
            &proxied,
            [10, 0, 0, 1],
            &[("x-forwarded-for", "[2001:db8::7]:80"), ("x-forwarded-proto", "http")],
            200,
        ),
        (
            &proxied,
            [10, 0, 0, 1],
            &[("x-forwarded-for", "unknown"), ("x-forwarded-proto", "http")],
            503,
        ),
        (
            &proxied,
            [10, 0, 0, 1],
            &[("x-forwarded-for", "\"oops"), ("x-forwarded-proto", "http")],
            400,
        ),
        (&proxied, [1, 1, 1, 1], &[("x-forwarded-for", "192.0.2.9")], 503),
    ] {
        let asked = ask_now(layer, from(peer, fields));
        assert_eq!(asked.status.as_u16(), status, "{peer:?} {fields:?}");
        assert_eq!(asked.calls, usize::from(status == 200));
        assert_eq!(asked.header("cache-control"), Some("no-store"));
    }
    assert_eq!(ask_now(&direct, request("POST", "/x", &[])).status, 503, "no peer is known");
}

#[test]
fn a_bypass_that_cannot_work_is_diagnosed() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = told.clone();
    let ranges = ["192.0.2.0/24", "10.7.0.0/16"];
    let layer = RedirectLayer::new(Maintenance::new(on()).bypass_clients(ranges).expect("valid"))
        .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
    ask_now(&layer, from([192, 0, 2, 7], &[]));
    ask_now(&layer, from([10, 0, 0, 1], &[("x-forwarded-for", "192.0.2.9")]));
    assert!(told.lock().expect("not poisoned").is_empty());
    ask_now(&layer, from([10, 7, 0, 7], &[("x-forwarded-for", "1.1.1.1")]));
    ask_now(&layer, from([192, 0, 2, 7], &[("x-forwarded-for", "1.1.1.1")]));
    ask_now(&layer, request("POST", "/x", &[]));
    for sign in [
        "x-forwarded-proto",
        "forwarded",
        "via",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-envoy-external-address",
    ] {
        let asked = ask_now(&layer, from([192, 0, 2, 7], &[(sign, "1.1.1.1")]));
        assert_eq!(asked.status, 503, "{sign}");
    }
    let told = told.lock().expect("not poisoned");
    let [proxy, public, unknown] = told.as_slice() else { panic!("{told:?}") };
    assert!(proxy.contains(r#".trust(Trust::proxies(["10.7.0.7"])?.x_forwarded())"#), "{proxy}");
    // A public address may be a visitor's.
    assert!(!public.contains(r#"Trust::proxies(["192.0.2.7"])"#), "{public}");
    assert!(public.contains("192.0.2.7 is a public address"), "{public}");
    assert!(unknown.contains("no peer address is known"), "{unknown}");
}

/// Fields that some caches follow instead of `Cache-Control` (of RFC 9213, and older ones).
const TARGETED: [&str; 7] = [
    "examplecdn-cache-control",
    "edge-control",
    "x-accel-expires",
    "cdn-cache-control",
    "surrogate-control",
    "cloudflare-cdn-cache-control",
    "a-cdn-cache-control",
];

#[test]
fn no_cache_stores_a_response_behind_a_bypass() {
    let grant =
        |head: &tower_redirect::RequestHead<'_>| head.header(header::ACCEPT_LANGUAGE).is_some();
    let inner = service_fn(async |_: Request<Full<bytes::Bytes>>| {
        let mut response = Response::new(Full::<bytes::Bytes>::from("kept"));
        let long = HeaderValue::from_static("public, max-age=31536000");
        response.headers_mut().append(header::CACHE_CONTROL, long.clone());
        response.headers_mut().append(header::CACHE_CONTROL, long.clone());
        for name in TARGETED {
            response.headers_mut().append(name, long.clone());
        }
        Ok::<_, std::convert::Infallible>(response)
    });
    // Policies behind the bypass append headers that would allow caches to store the response.
    let long = HeaderValue::from_static("max-age=31536000");
    let kept_by = |name: &'static str| {
        http::HeaderMap::from_iter([(name.parse().expect(name), long.clone())])
    };
    let headers = [kept_by("cache-control"), kept_by("cdn-cache-control")];
    let append = |at: usize| {
        let headers = headers[at].clone();
        policy_fn(move |head: &RequestHead<'_>| match head.path() {
            "/annotated" => Decision::PassWithHeaders(headers.clone()),
            _ => Decision::Pass,
        })
    };
    let moved = policy_fn(|head: &RequestHead<'_>| {
        (head.path() == "/moved").then(|| Redirection::new().path("/").permanent())
    });
    let gone = policy_fn(|head: &RequestHead<'_>| match head.path() {
        "/targeted" => {
            let mut response = Response::new(bytes::Bytes::new());
            let long = HeaderValue::from_static("max-age=31536000");
            response.headers_mut().insert(TARGETED[0], long);
            Decision::Respond(response)
        }
        _ => Decision::Pass,
    });
    let policy = (
        Maintenance::new(on()).bypass(grant),
        (append(0), append(1), moved, gone),
        Versioning::new("/api", "v2")
            .and_then(|p| p.retire_by("v1", tower_redirect::Retirement::new().gone(at(0))))
            .expect("valid"),
    );
    let mut service = RedirectLayer::new(policy).layer(inner);
    for (path, fields, status) in [
        ("/", &[("accept-language", "en")][..], 200),
        ("/annotated", &[("accept-language", "en")], 200),
        ("/moved", &[("accept-language", "en")], 308),
        ("/targeted", &[("accept-language", "en")], 200),
        ("/api/v1/x", &[("accept-language", "en")], 410),
        ("/", &[], 503),
    ] {
        let mut future = std::pin::pin!(service.call(request("GET", path, fields)));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else {
            panic!("the answer is not ready");
        };
        assert_eq!(response.status(), status);
        let cache: Vec<_> = response.headers().get_all(header::CACHE_CONTROL).iter().collect();
        assert_eq!(cache, ["no-store"], "{path}");
        for name in TARGETED {
            assert!(!response.headers().contains_key(name), "{path} {name}");
        }
    }
}

#[cfg(feature = "bypass")]
mod secrets {
    use tower_redirect::{ConfigErrorKind, HttpsOnly};

    use super::*;
    use crate::support::Asked;

    const SECRET: &str = "correct-horse-battery-staple";

    fn policy() -> Maintenance<tower_redirect::policy::Standby> {
        Maintenance::new(on())
            .bypass_header("x-maintenance-key", SECRET)
            .and_then(|p| p.bypass_cookie("let-me-in", SECRET))
            .and_then(|p| p.standby("https://standby.test"))
            .expect("valid")
    }

    #[test]
    fn only_a_request_with_the_secret_is_let_through() {
        let layer = RedirectLayer::new(policy());
        let with = |value: &str| format!("a=b; let-me-in={value}; c=d");
        let (known, wrong) = (with(SECRET), with("correct-horse-battery-stapl"));
        let quoted = format!("other={SECRET}");
        let (prefixed, longer) = (format!("let-me-in2={SECRET}"), format!("let-me={SECRET}"));
        let many = format!("{}; let-me-in={SECRET}", "let-me-in=x; ".repeat(30_000));
        let (long, third) =
            (with(&"x".repeat(400_000)), format!("let-me-in=a; let-me-in=b; {known}"));
        for (fields, status) in [
            (&[("x-maintenance-key", SECRET)][..], 200),
            (&[("x-maintenance-key", "wrong"), ("x-maintenance-key", SECRET)], 200),
            (&[("cookie", known.as_str())], 200),
            (&[("cookie", "a=b"), ("cookie", known.as_str())], 200),
            (&[], 307),
            (&[("x-maintenance-key", "")], 307),
            (&[("x-maintenance-key", "Correct-horse-battery-staple")], 307),
            (&[("cookie", wrong.as_str())], 307),
            (&[("cookie", quoted.as_str())], 307),
            (&[("cookie", SECRET)], 307),
            (&[("cookie", prefixed.as_str())], 307),
            (&[("cookie", longer.as_str())], 307),
            // Only the first few candidates are compared, each by its digest.
            (&[("cookie", third.as_str())], 200),
            (&[("cookie", many.as_str())], 307),
            (&[("cookie", long.as_str())], 307),
            (&[("authorization", SECRET)], 307),
        ] {
            let asked = ask_now(&layer, request("POST", "/x", fields));
            assert_eq!(asked.status.as_u16(), status, "{fields:?}");
            assert_eq!(asked.header("cache-control"), Some("no-store"));
            if status == 307 {
                assert_eq!(asked.location(), Some("https://standby.test/x"));
            }
        }
    }

    /// No `Location`, error, `Debug` output or diagnosis has the secret or its digest.
    #[test]
    fn the_secret_is_shown_nowhere() {
        let told = Arc::new(Mutex::new(String::new()));
        let noted = told.clone();
        let policy = policy();
        let mut shown = format!("{policy:?} {policy:#?}");
        let layer = RedirectLayer::new((HttpsOnly::new(), policy)).on_diagnosis(move |d| {
            noted.lock().expect("not poisoned").push_str(&format!("{d} {d:?}"))
        });
        shown.push_str(&format!("{layer:?} {:?}", layer.layer(())));
        for (uri, fields) in [
            ("/x", &[("x-maintenance-key", SECRET), ("x-forwarded-proto", "https")][..]),
            ("/x", &[("cookie", SECRET), ("host", "standby.test"), ("sec-fetch-mode", "cors")]),
            ("https://standby.test/x", &[("host", "standby.test"), ("x-maintenance-key", SECRET)]),
        ] {
            let Asked { headers, body, .. } = ask_now(&layer, request("POST", uri, fields));
            shown.push_str(&format!("{headers:?} {body:?}"));
        }
        let told = told.lock().expect("not poisoned");
        assert!(!told.is_empty(), "there are diagnoses");
        shown.push_str(&told);
        for (name, secret) in
            [("short", "0123456789abcde"), ("spaced", "0123456789 abcdef"), ("a b", SECRET)]
        {
            let new = || Maintenance::new(on());
            let error = new().bypass_header(name, secret).expect_err(name);
            assert_eq!(error.kind(), ConfigErrorKind::Bypass);
            assert!(
                !error.to_string().contains(secret) && error.to_string().contains(name),
                "{error}"
            );
            shown.push_str(&format!("{error} {error:?}"));
            let error = new().bypass_cookie(name, secret).expect_err(name);
            assert!(!format!("{error} {error:?}").contains(secret));
        }
        let error =
            Maintenance::new(on()).bypass_cookie("name", "0123456789abcdef;").expect_err("`;`");
        shown.push_str(&format!("{error} {error:?}"));
        assert!(!shown.contains("horse") && !shown.contains("0123456789"), "{shown}");
        // The first bytes of its SHA-256, as `Debug` writes bytes and as hex.
        assert!(!shown.contains("135, 203, 235") && !shown.contains("87cbeb"), "{shown}");
    }
}

#[test]
fn bad_ranges_are_refused() {
    for range in ["", "10.0.0.0/33", "a.test", "10.0.0"] {
        let error = Maintenance::new(on()).bypass_clients([range]).expect_err(range);
        assert_eq!(
            error.to_string(),
            format!("invalid bypass {range:?}: neither an address nor a range like 10.0.0.0/8")
        );
    }
}
