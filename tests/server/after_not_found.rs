//! A policy that is asked after the application has answered 404.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::policy::{Annotation, Rule, Rules};
use tower_redirect::trust::Peer;
use tower_redirect::{
    Decision, HttpsOnly, RedirectLayer, RedirectPolicy, RequestHead, Trust, Versioning, policy_fn,
};

/// Serves `/live`, and answers 404 to all else.
async fn app(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_live = request.uri().path() == "/live";
    let mut response = Response::new(Full::from(if is_live { "live" } else { "not found" }));
    if !is_live {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

async fn ask<P: RedirectPolicy>(
    layer: &RedirectLayer<P>,
    method: &str,
    path: &str,
) -> (u16, String, Bytes) {
    let request = Request::builder().method(method).uri(path).header("host", "a.test");
    let request = request.header("x-beta", "1").body(Full::default()).expect(path);
    let response = layer.layer(service_fn(app)).oneshot(request).await.expect("infallible");
    let location =
        response.headers().get("location").map(|l| l.to_str().expect("ascii").to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("infallible").to_bytes();
    (status, location.unwrap_or_default(), body)
}

fn rules() -> Rules {
    let moved = |from: &str, to: &str| Rule::new(from).and_then(|rule| rule.to(to)).expect(from);
    let rules = [
        moved("/live", "/shadow"),
        moved("/old/*", "/new/*").permanent(),
        moved("/beta", "/b").on_header_present(HeaderName::from_static("x-beta")),
        Rule::new("/gone").expect("valid").gone(),
    ];
    Rules::new(rules).expect("sound")
}

#[tokio::test]
async fn moved_pages_never_shadow_live_ones() {
    let layer = RedirectLayer::new(policy_fn(|_| None)).after_not_found(rules());
    for (method, path, status, location, body) in [
        ("GET", "/live", 200, "", "live"),
        ("GET", "/old/x?q", 308, "/new/x?q", ""),
        ("HEAD", "/old/x", 308, "/new/x", ""),
        ("POST", "/old/x", 404, "", "not found"),
        ("GET", "/beta", 307, "/b", ""),
        ("GET", "/gone", 410, "", "this is gone\n"),
        ("GET", "/nowhere", 404, "", "not found"),
    ] {
        let seen = ask(&layer, method, path).await;
        assert_eq!(seen, (status, location.to_owned(), Bytes::from(body)), "{method} {path}");
    }
}

#[tokio::test]
async fn the_policy_in_front_is_asked_first() {
    let versions = Versioning::new("/api", "v2").and_then(|v| v.retire("v1")).expect("valid");
    let layer = RedirectLayer::new(versions).after_not_found(rules());
    assert_eq!(ask(&layer, "GET", "/api/v1/x").await.1, "/api/v2/x");
    assert_eq!(ask(&layer, "GET", "/old/x").await.1, "/new/x");
    assert_eq!(ask(&layer, "GET", "/api/v2/x").await.0, 404);
}

#[tokio::test]
async fn headers_of_the_policy_in_front_stay_on_what_is_served() {
    let marks = policy_fn(|_: &RequestHead<'_>| {
        let mut headers = HeaderMap::new();
        headers.insert("x-mark", HeaderValue::from_static("1"));
        Decision::PassWithHeaders(headers)
    });
    let layer = RedirectLayer::new(marks).after_not_found(rules());
    for (path, status, marked) in
        [("/live", 200, true), ("/nowhere", 404, true), ("/old/x", 308, false)]
    {
        let request = Request::get(path).body(Full::default()).expect(path);
        let response = layer.layer(service_fn(app)).oneshot(request).await.expect("infallible");
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers().contains_key("x-mark"), marked, "{path}");
    }
}

/// Allows CDNs to store every answer.
struct ForCdns;

impl RedirectPolicy for ForCdns {
    fn decide(&self, _: &RequestHead<'_>) -> Decision {
        Decision::Pass
    }

    fn annotate(&self, _: &RequestHead<'_>) -> Option<Annotation> {
        let name = HeaderName::from_static("cdn-cache-control");
        Some(Annotation::new(name, HeaderValue::from_static("max-age=60")))
    }
}

#[tokio::test]
async fn an_answer_with_no_store_is_not_annotated_for_cdns() {
    let layer = RedirectLayer::new(ForCdns).after_not_found(rules());
    for (path, status, annotated) in [
        ("/live", 200, true),
        ("/nowhere", 404, true),
        ("/old/x", 308, true),
        ("/beta", 307, false),
    ] {
        let request = Request::get(path).header("x-beta", "1").body(Full::default());
        let response = layer.layer(service_fn(app)).oneshot(request.expect(path)).await;
        let response = response.expect("infallible");
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers().contains_key("cdn-cache-control"), annotated, "{path}");
    }
}

/// Otherwise a cache would send to everybody what only a pass and a 404 lead to.
#[tokio::test]
async fn vary_lists_the_fields_that_the_policy_in_front_read() {
    let trust = Trust::proxies(["10.0.0.1"]).expect("valid").x_forwarded();
    let https = HttpsOnly::new().unless(|head| head.header("x-plain").is_some());
    let layer = RedirectLayer::new(https).trust(trust).after_not_found(rules());
    let app = service_fn(async |request| {
        let mut response = app(request).await?;
        response.headers_mut().insert("vary", HeaderValue::from_static("cookie"));
        Ok::<_, Infallible>(response)
    });
    for (path, status, vary) in [
        ("/old/x", 308, &["cookie", "x-forwarded-proto, x-plain"][..]),
        ("/gone", 410, &["cookie", "x-forwarded-proto, x-plain"]),
        ("/beta", 307, &[]),
        ("/live", 200, &["cookie"]),
        ("/nowhere", 404, &["cookie"]),
    ] {
        let request = Request::get(path).header("host", "a.test").header("x-beta", "1");
        let request = request.header("x-forwarded-proto", "https");
        let request = request.extension(Peer::Ip([10, 0, 0, 1].into())).body(Full::default());
        let response = layer.layer(app).oneshot(request.expect(path)).await.expect("infallible");
        assert_eq!(response.status().as_u16(), status);
        let seen: Vec<_> = response.headers().get_all("vary").iter().collect();
        assert_eq!(seen, vary, "{path}");
    }
}

/// A 404 that forbids shared caches may depend on the client, and so may its replacement.
#[tokio::test]
async fn the_replacement_of_a_private_404_is_not_stored() {
    const CACHE_CONTROL: &str = "cache-control";
    for (name, value, expected) in [
        (CACHE_CONTROL, "private", "no-store"),
        (CACHE_CONTROL, "max-age=60, No-Store", "no-store"),
        (CACHE_CONTROL, "private=\"set-cookie\"", "no-store"),
        (CACHE_CONTROL, "no-store, note=\"\u{e4}\"", "no-store"),
        (CACHE_CONTROL, "max-age=60", "max-age=86400"),
        // Some caches follow these fields instead.
        ("cdn-cache-control", "no-store", "no-store"),
        ("cloudflare-cdn-cache-control", "max-age=60, private", "no-store"),
        ("surrogate-control", "no-store", "no-store"),
        ("edge-control", "no-store", "no-store"),
        ("x-accel-expires", "0", "no-store"),
        ("cdn-cache-control", "max-age=60", "max-age=86400"),
        ("x-accel-expires", "60", "max-age=86400"),
    ] {
        let app = service_fn(async |_: Request<Full<Bytes>>| {
            let response = Response::builder().status(404).header(name, value);
            Ok::<_, Infallible>(response.body(Full::<Bytes>::default()).expect("valid"))
        });
        let layer = RedirectLayer::new(policy_fn(|_| None)).after_not_found(rules());
        let request = Request::get("/old/x").header("host", "a.test").body(Full::default());
        let response = layer.layer(app).oneshot(request.expect("valid")).await.expect("infallible");
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
        assert_eq!(response.headers()["cache-control"], expected, "{name}: {value}");
    }
}

#[tokio::test]
async fn the_policy_behind_is_asked_only_after_a_404_to_get_or_head() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let counts = policy_fn(move |_: &RequestHead<'_>| {
        counted.fetch_add(1, Ordering::SeqCst);
        None
    });
    let layer = RedirectLayer::new(policy_fn(|_| None)).after_not_found(counts);
    for (method, path, times) in [
        ("GET", "/live", 0),
        ("POST", "/x", 0),
        ("PUT", "/x", 0),
        ("GET", "/x", 1),
        ("HEAD", "/x", 2),
    ] {
        ask(&layer, method, path).await;
        assert_eq!(asked.load(Ordering::SeqCst), times, "{method} {path}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_listed_is_refused_if_a_rule_reads_it() {
    let rules = Rules::new([Rule::new("/old")
        .and_then(|rule| rule.on_host("a.test")?.to("/new"))
        .expect("valid")]);
    let layer = RedirectLayer::new(policy_fn(|_| None)).after_not_found(rules.expect("sound"));
    let layer = layer.hosts(["a.test"]).expect("valid");
    assert_eq!(ask(&layer, "GET", "/old").await.1, "/new");
    let request = Request::get("/old").header("host", "evil.test").body(Full::default());
    let response = layer.layer(service_fn(app)).oneshot(request.expect("valid")).await;
    assert_eq!(response.expect("infallible").status(), StatusCode::MISDIRECTED_REQUEST);
}

/// A layer that would answer itself asks nobody after a 404, and reports nobody either.
#[tokio::test]
async fn a_report_names_only_the_policy_that_would_answer() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = told.clone();
    let first = Rules::new([Rule::new("/a").and_then(|rule| rule.to("/b")).expect("valid")]);
    let layer = RedirectLayer::new(first.expect("sound").named("first"));
    let last =
        Rules::new([Rule::new("/*").and_then(|rule| rule.to("https://c.test/")).expect("valid")]);
    let layer = layer.after_not_found(last.expect("sound").named("last")).report_only();
    let layer = layer.on_answer(move |answered| {
        noted.lock().expect("not poisoned").push(answered.policy().map(str::to_owned));
    });
    for (path, policy) in [("/a", "first"), ("/x", "last")] {
        assert_eq!(ask(&layer, "GET", path).await.0, 404);
        let told: Vec<_> = told.lock().expect("not poisoned").drain(..).collect();
        assert_eq!(told, [Some(policy.to_owned())], "{path}");
    }
}

/// The 404 of a request that the policy passes gets what a pass adds, as any other response does.
#[tokio::test]
async fn a_pass_after_a_404_adds_to_the_404() {
    let only_some = Rule::new("/old").and_then(|rule| rule.to("/new")?.on_clients(["10.0.0.0/8"]));
    let rules = Rules::new([only_some.expect("valid")]).expect("sound");
    let headers = policy_fn(|_| {
        Decision::PassWithHeaders(HeaderMap::from_iter([(
            HeaderName::from_static("x-passed"),
            HeaderValue::from_static("1"),
        )]))
    });
    let layer = RedirectLayer::new(policy_fn(|_| None)).after_not_found((headers, rules));
    let app = service_fn(async |_: Request<Full<Bytes>>| {
        let response = Response::builder().status(404).header("cache-control", "max-age=60");
        Ok::<_, Infallible>(response.body(Full::<Bytes>::default()).expect("valid"))
    });
    let ask = async |path: &str| {
        let mut request = Request::get(path).body(Full::<Bytes>::default()).expect(path);
        request.extensions_mut().insert(Peer::Ip([203, 0, 113, 7].into()));
        layer.layer(app).oneshot(request).await.expect("infallible")
    };
    for (path, cache_control) in [("/old", "no-store"), ("/x", "max-age=60")] {
        let response = ask(path).await;
        assert_eq!(response.headers()["cache-control"], cache_control, "{path}");
        assert_eq!(response.headers()["x-passed"], "1", "{path}");
    }
}
