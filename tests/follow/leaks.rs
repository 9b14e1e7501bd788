//! What must not be sent to another origin, from the public record of other clients.

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};

use crate::support::{self, Mark, Script, chain};

const SECRETS: [(&str, &str); 8] = [
    ("authorization", "Bearer secret"),
    ("cookie", "a=secret"),
    ("cookie2", "secret"),
    ("proxy-authorization", "Basic secret"),
    ("www-authenticate", "secret"),
    ("proxy-authenticate", "secret"),
    ("referer", "http://a.test/?secret"),
    ("origin", "http://secret.test"),
];

/// A GET with every listed secret, a second line of two of them, and a value marked sensitive.
fn request(uri: &str) -> Request<Full<Bytes>> {
    let mut request = Request::get(uri).body(Full::default()).expect("valid");
    let fields = request.headers_mut();
    for (name, value) in SECRETS {
        fields.insert(name, HeaderValue::from_static(value));
    }
    fields.append("authorization", HeaderValue::from_static("second secret"));
    fields.append("cookie", HeaderValue::from_static("b=secret"));
    let mut key = HeaderValue::from_static("secret");
    key.set_sensitive(true);
    fields.insert("x-api-key", key);
    fields.insert("accept", HeaderValue::from_static("*/*"));
    request.extensions_mut().insert(Mark);
    request
}

async fn seen(script: &Script, uri: &str) -> Vec<support::Seen> {
    let layer = FollowRedirectsLayer::new().allow_https_to_http();
    script.follow_by(&layer, request(uri)).await.expect("followed");
    script.seen()
}

#[track_caller]
fn assert_secret_free(case: &str, seen: &support::Seen) {
    for (name, value) in &seen.headers {
        assert!(!value.as_bytes().windows(6).any(|w| w == b"secret"), "{case}: {name} was sent");
    }
    assert!(!seen.marked, "{case}: an extension was handed over");
    assert_eq!(seen.headers["accept"], "*/*", "{case}");
}

#[tokio::test]
async fn secrets_stay_on_their_origin() {
    for (from, location) in [
        ("http://a.test/", "http://b.test/"),
        ("http://a.test/", "//b.test/leak"),
        ("http://a.test/", "/\\b.test/leak"),
        ("http://a.test/", "\\\\b.test/leak"),
        ("http://a.test/", "http:\\\\b.test"),
        ("http://a.test/", "http://x.a.test/"),
        ("http://x.a.test/", "http://a.test/"),
        ("http://a.test/", "http://a.test:8080/"),
        ("http://a.test/", "http://a.test:81/"),
        ("http://a.test:81/", "http://a.test/"),
        ("http://a.test/", "https://a.test/"),
        ("http://a.test/", "https://a.test:80/"),
        ("https://a.test/", "http://a.test/"),
        ("https://a.test:8443/", "http://a.test:8443/"),
        ("http://a.test/", "http://a.test./"),
        ("http://a.test/", "http://a.test@b.test/"),
        ("http://a.test/", "http://b.test/@a.test"),
        ("http://a.test/", "http://[::1]/"),
        ("http://127.0.0.1/", "http://0x7f.0.0.2/"),
    ] {
        let script = chain![302 location];
        let seen = seen(&script, from).await;
        assert_eq!(seen.len(), 2);
        assert_secret_free(&format!("{from} -> {location}"), &seen[1]);
    }
}

#[tokio::test]
async fn on_its_own_origin_a_request_stays_what_it_was() {
    for (from, location) in [
        ("http://a.test/", "/next"),
        ("http://a.test/", "http://a.test/next"),
        ("http://a.test/", "http://A.TEST:80/next"),
        ("http://a.test:80/", "http://a.test/next"),
        ("http://A.test/", "http://a.test/next"),
        ("https://a.test:443/", "https://a.test/next"),
        ("http://127.0.0.1/", "http://0x7f.1/next"),
        ("http://[::1]/", "http://[0:0::1]/next"),
        ("http://a.test/", "next"),
        ("http://a.test/", "?next"),
    ] {
        let script = chain![307 location];
        let seen = seen(&script, from).await;
        assert_eq!(seen[1].headers, request(from).headers().clone(), "{from} -> {location}");
        assert!(seen[1].headers["x-api-key"].is_sensitive(), "{from} -> {location}");
        assert!(seen[1].marked, "{from} -> {location}");
    }
}

#[tokio::test]
async fn what_stayed_behind_does_not_come_back() {
    let script =
        chain![302 "http://b.test/1", 302 "/2", 302 "http://a.test/3", 307 "http://a.test/4"];
    let seen = seen(&script, "http://a.test/").await;
    assert_eq!(seen.len(), 5);
    for (hop, seen) in seen.iter().enumerate().skip(1) {
        assert_secret_free(&format!("hop {hop}"), seen);
    }
}

#[tokio::test]
async fn host_goes_when_the_authority_does() {
    for (location, host) in [
        ("/next", Some("virtual.test")),
        ("http://a.test/next", Some("virtual.test")),
        ("http://b.test/next", None),
        ("http://a.test:81/next", None),
    ] {
        let script = chain![302 location];
        let request = Request::get("http://a.test/").header("host", "virtual.test");
        let request = request.body(Full::<Bytes>::default()).expect("valid");
        script.follow(request).await.expect("followed");
        let seen = script.seen()[1].headers.get("host").cloned();
        assert_eq!(seen, host.map(HeaderValue::from_static), "{location}");
    }
}

#[tokio::test]
async fn fields_of_the_connection_do_not_travel() {
    let script = chain![307 "/next"];
    let request = Request::post("http://a.test/")
        .header("connection", "close, X-Hop")
        .header("x-hop", "1")
        .header("keep-alive", "1")
        .header("proxy-connection", "close")
        .header("transfer-encoding", "chunked")
        .header("http2-settings", "x")
        .header("early-data", "1")
        .header("te", "trailers")
        .header("accept", "*/*");
    script.follow(request.body(Full::<Bytes>::from("x")).expect("valid")).await.expect("followed");
    let seen = script.seen();
    let names: Vec<_> = seen[1].headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["te", "accept"]);

    let script = chain![307 "/next"];
    let request = Request::get("http://a.test/").header("te", "gzip");
    script.follow(request.body(Full::<Bytes>::default()).expect("valid")).await.expect("followed");
    assert!(script.seen()[1].headers.is_empty());
}

#[tokio::test]
async fn userinfo_goes_no_further() {
    for user in ["user:pw", "user", "a.test:pw", "a.test:80"] {
        for location in
            ["/next", "next", "http://a.test:81/next", "http://a.test:pw@a.test:81/next"]
        {
            let script = chain![302 location];
            let from = format!("http://{user}@a.test:81/");
            let request = Request::get(from).body(Full::<Bytes>::default());
            script.follow(request.expect("valid")).await.expect("followed");
            assert_eq!(script.seen()[1].uri, "http://a.test:81/next", "{user} {location}");
        }
    }
}

#[tokio::test]
async fn the_history_names_what_stayed_behind_and_shows_no_secret() {
    let script = chain![307 "http://b.test/?token=secret", 302 "/x?secret"];
    let mut request = request("http://a.test/?session=secret");
    *request.method_mut() = http::Method::POST;
    *request.body_mut() = Full::from("body");
    let response = script.follow(request).await.expect("followed");
    let history = RedirectHistory::of(&response).expect("two hops");
    assert_eq!(
        history.to_string(),
        "POST http://a.test/?session=…\n  \
         307 -> POST http://b.test/?token=… (left behind: authorization, cookie, cookie2, \
         proxy-authorization, www-authenticate, proxy-authenticate, referer, origin, x-api-key)\n  \
         302 -> GET http://b.test/x?…"
    );
    assert!(!format!("{history:?}").contains("secret"));
    assert_eq!(history.hops()[0].next_uri(), "http://b.test/?token=secret");
    assert!(history.hops()[0].is_cross_origin() && !history.hops()[1].is_cross_origin());
}
