//! `Hsts`: RFC 6797 §7 and §8.1.1, the rules of the preload list, and how policies annotate.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request, Response, header};
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::policy::Annotation;
use tower_redirect::trust::Peer;
use tower_redirect::{
    CanonicalHost, ConfigErrorKind, Decision, Hsts, HttpsOnly, Maintenance, MaintenanceSwitch,
    RedirectLayer, RedirectPolicy, Redirection, RequestHead, Transport, Trust, Versioning,
    policy_fn,
};

use crate::support::{self, Inner};

const YEAR: Duration = Duration::from_secs(31_536_000);

fn request(transport: Option<Transport>, host: &str) -> Request<String> {
    let request = Request::get("/p").header("host", host).body(String::new());
    let mut request = request.expect("valid");
    if let Some(transport) = transport {
        request.extensions_mut().insert(transport);
    }
    request
}

/// The values of the header if `Hsts` is the last policy, behind policies that redirect.
async fn sts(hsts: Hsts, request: Request<String>) -> Vec<String> {
    let canonical = CanonicalHost::new("www.example.com").expect("valid");
    sts_of(&RedirectLayer::new((HttpsOnly::new(), canonical, hsts)), request).await
}

async fn sts_of<P: RedirectPolicy>(
    layer: &RedirectLayer<P>,
    request: Request<String>,
) -> Vec<String> {
    let response = layer.layer(Inner::default()).oneshot(request).await.expect("infallible");
    let values = response.headers().get_all(header::STRICT_TRANSPORT_SECURITY).iter();
    values.map(|value| value.to_str().expect("ascii").to_owned()).collect()
}

#[tokio::test]
async fn only_secure_requests_for_names_get_the_header() {
    let secure = Some(Transport::Secure);
    for (transport, host, told) in [
        (secure, "shop.test", true),
        (secure, "SHOP.test.:8443", true),
        // A redirection to another host has the header, too.
        (secure, "example.com", true),
        (None, "shop.test", false),
        (Some(Transport::Plain), "shop.test", false),
        (secure, "127.0.0.1", false),
        (secure, "192.0.2.7:8443", false),
        (secure, "[2001:db8::1]", false),
        (secure, "localhost", false),
        (secure, "LOCALHOST:8443", false),
        (secure, "app.localhost", false),
        (secure, "a b", false),
    ] {
        let expected: &[&str] = if told { &["max-age=31536000"] } else { &[] };
        assert_eq!(
            sts(Hsts::new(YEAR), request(transport, host)).await,
            expected,
            "{transport:?} {host}"
        );
    }
}

#[tokio::test]
async fn errors_have_the_header_and_the_applications_own_value_wins() {
    for (own, status, expected) in [
        (None, 200, "max-age=60"),
        (None, 404, "max-age=60"),
        (None, 500, "max-age=60"),
        (Some("max-age=5"), 200, "max-age=5"),
    ] {
        let inner = service_fn(move |_: Request<String>| async move {
            let mut response = Response::builder().status(status);
            if let Some(own) = own {
                response = response.header(header::STRICT_TRANSPORT_SECURITY, own);
            }
            response.body(String::new())
        });
        let service = RedirectLayer::new(Hsts::new(Duration::from_secs(60))).layer(inner);
        let response = service.oneshot(request(Some(Transport::Secure), "shop.test")).await;
        let response = response.expect("valid");
        let values: Vec<&HeaderValue> =
            response.headers().get_all(header::STRICT_TRANSPORT_SECURITY).iter().collect();
        assert_eq!(values, [expected]);
    }
}

#[tokio::test]
async fn a_trusted_proxy_or_a_set_transport_makes_a_request_secure() {
    let trust = Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded();
    let policies = (HttpsOnly::new(), Hsts::new(YEAR));
    let layer = RedirectLayer::new(policies).trust(trust);
    for (peer, proto, told) in
        [([10, 0, 0, 1], "https", 1), ([10, 0, 0, 1], "http", 0), ([1, 1, 1, 1], "https", 0)]
    {
        let mut request = request(None, "shop.test");
        request.extensions_mut().insert(Peer::Ip(peer.into()));
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static(proto));
        assert_eq!(sts_of(&layer, request).await.len(), told, "{peer:?} {proto}");
    }
    let layer = RedirectLayer::new(Hsts::new(YEAR)).transport(Transport::Secure);
    assert_eq!(sts_of(&layer, request(None, "shop.test")).await.len(), 1);
}

#[tokio::test]
async fn the_value_has_whole_seconds_and_the_directives() {
    let day = Duration::from_millis(86_399_001);
    for (hsts, value) in [
        (Hsts::new(Duration::from_millis(500)), "max-age=1"),
        (Hsts::new(Duration::ZERO), "max-age=0"),
        (Hsts::new(day), "max-age=86400"),
        (Hsts::new(day).include_subdomains(), "max-age=86400; includeSubDomains"),
        (
            Hsts::new(YEAR).include_subdomains().preload().expect("allowed"),
            "max-age=31536000; includeSubDomains; preload",
        ),
    ] {
        let request = request(Some(Transport::Secure), "shop.test");
        assert_eq!(sts(hsts, request).await, [value]);
    }
}

#[test]
fn preload_requires_a_year_and_subdomains() {
    let short = Hsts::new(YEAR - Duration::from_secs(1)).include_subdomains().preload();
    assert!(short.is_err_and(|error| error.kind() == ConfigErrorKind::Hsts));
    assert!(Hsts::new(YEAR).preload().is_err());
    assert!(Hsts::new(YEAR).include_subdomains().preload().is_ok());
}

#[tokio::test]
async fn every_answer_has_the_header_at_any_position_of_the_policy() {
    let switch = MaintenanceSwitch::new();
    switch.on();
    let closed = || Maintenance::new(switch.clone());
    let hsts = || Hsts::new(YEAR);
    let secure = || request(Some(Transport::Secure), "shop.test");
    let boxed: Vec<Box<dyn RedirectPolicy>> = vec![Box::new(closed()), Box::new(hsts())];
    let never = policy_fn(|_: &RequestHead<'_>| Decision::Pass);
    let moved = policy_fn(|_: &RequestHead<'_>| Redirection::new().path("/new"));
    assert_eq!(sts_of(&RedirectLayer::new((hsts(), closed())), secure()).await.len(), 1);
    assert_eq!(sts_of(&RedirectLayer::new((closed(), hsts())), secure()).await.len(), 1);
    assert_eq!(sts_of(&RedirectLayer::new((moved, hsts())), secure()).await.len(), 1);
    assert_eq!(sts_of(&RedirectLayer::new((never, Some(hsts()))), secure()).await.len(), 1);
    assert_eq!(sts_of(&RedirectLayer::new(boxed), secure()).await.len(), 1);
    assert_eq!(sts_of(&RedirectLayer::new([hsts(), hsts()]), secure()).await.len(), 1);
}

#[tokio::test]
async fn hosts_are_excluded_by_name_or_by_condition() {
    let is_old = |head: &RequestHead<'_>| head.authority().is_some_and(|a| a.is_host("old.test"));
    let by_condition = RedirectLayer::new(Hsts::new(YEAR).unless(is_old));
    let by_name = Hsts::new(YEAR).except_hosts(["old.test", "*.dev.test"]).expect("valid");
    let by_name = RedirectLayer::new(by_name);
    for (host, told) in [("old.test", 0), ("shop.test", 1)] {
        let secure = || request(Some(Transport::Secure), host);
        assert_eq!(sts_of(&by_condition, secure()).await.len(), told, "{host}");
        assert_eq!(sts_of(&by_name, secure()).await.len(), told, "{host}");
    }
    let below = request(Some(Transport::Secure), "a.dev.test");
    assert_eq!(sts_of(&by_name, below).await.len(), 0);
}

/// Allows CDNs to store every answer.
struct ForCdns(Annotation);

impl RedirectPolicy for ForCdns {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        let respond = |cache: &'static str| {
            let mut response = Response::new(bytes::Bytes::new());
            let value = HeaderValue::from_static(cache);
            response.headers_mut().insert(header::CACHE_CONTROL, value);
            Decision::Respond(response)
        };
        match head.path() {
            "/moved" => Decision::Redirect(Redirection::new().path("/new")),
            "/private" => respond("private"),
            _ => Decision::Pass,
        }
    }

    fn annotate(&self, _: &RequestHead<'_>) -> Option<Annotation> {
        Some(self.0.clone())
    }
}

#[tokio::test]
async fn an_answer_with_no_store_is_not_annotated_for_cdns() {
    for name in ["cdn-cache-control", "surrogate-control", "x-accel-expires"] {
        let annotation = Annotation::new(
            HeaderName::from_static(name),
            HeaderValue::from_static("max-age=31536000"),
        );
        let layer = RedirectLayer::new(ForCdns(annotation));
        for (path, cache, annotated) in [
            ("/moved", Some("no-store"), false),
            ("/private", Some("private"), true),
            ("/", None, true),
        ] {
            let asked = support::ask(&layer, support::request("GET", path, &[])).await;
            assert_eq!(asked.header("cache-control"), cache, "{name} {path}");
            assert_eq!(asked.header(name).is_some(), annotated, "{name} {path}");
        }
    }
}

/// The step from https to v2 is decided about a secure head, but the request is plain.
#[tokio::test]
async fn a_redirection_of_a_plain_request_to_https_has_no_header() {
    let versions = Versioning::new("/p", "v2").expect("valid");
    let layer = RedirectLayer::new((HttpsOnly::new(), versions, Hsts::new(YEAR)));
    let response = layer.layer(Inner::default()).oneshot(request(None, "shop.test")).await;
    let response = response.expect("infallible");
    assert_eq!(response.headers()[header::LOCATION], "https://shop.test/p/v2");
    assert!(!response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
}

/// Annotates the answer to every request.
struct Marked;

impl RedirectPolicy for Marked {
    fn decide(&self, _: &RequestHead<'_>) -> Decision {
        Decision::Pass
    }

    fn annotate(&self, _: &RequestHead<'_>) -> Option<Annotation> {
        Some(Annotation::new(header::SERVER, HeaderValue::from_static("marked")))
    }
}

/// Only the event reads the host; the redirection does not need it.
#[tokio::test]
async fn a_hook_changes_no_answer() {
    let moved = || policy_fn(|head| (head.path() == "/old").then(|| Redirection::new().path("/p")));
    let layer = RedirectLayer::new((moved(), Marked));
    let told = Arc::new(Mutex::new(Vec::new()));
    let (answers, diagnoses) = (told.clone(), told.clone());
    let hooked = RedirectLayer::new((moved(), Marked))
        .report_client_ip()
        .on_answer(move |a| answers.lock().expect("not poisoned").push(a.to_string()))
        .on_diagnosis(move |d| diagnoses.lock().expect("not poisoned").push(d.to_string()));
    for (uri, host) in [("/old", "a b"), ("https://shop.test/old", "shop.test")] {
        for layer in [&layer, &hooked] {
            let asked = support::ask(layer, support::request("GET", uri, &[("host", host)])).await;
            assert_eq!(
                (asked.status.as_u16(), asked.location()),
                (307, Some("/p")),
                "{uri} {host}"
            );
            assert_eq!(asked.header("server"), Some("marked"), "{uri} {host}");
        }
    }
    assert_eq!(*told.lock().expect("not poisoned"), ["307 GET /old, by policy-fn"; 2]);
}

#[tokio::test]
async fn a_refused_request_gets_no_annotation() {
    let layer = RedirectLayer::new((HttpsOnly::new(), Marked, Hsts::new(YEAR)));
    let layer = layer.hosts(["shop.test"]).expect("valid");
    for (transport, host, status, marked) in [
        (None, "shop.test", 307, true),
        (None, "other.test", 421, false),
        (None, "a b", 400, false),
        (Some(Transport::Secure), "shop.test", 200, true),
    ] {
        let response = layer.layer(Inner::default()).oneshot(request(transport, host)).await;
        let response = response.expect("infallible");
        assert_eq!(response.status(), status, "{host}");
        assert_eq!(response.headers().contains_key(header::SERVER), marked, "{host}");
    }
}
