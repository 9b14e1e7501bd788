//! The options of a single request, and the headers that are credentials.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, REFERER};
use http::{HeaderValue, Request};
use http_body_util::Full;
use tower_redirect::follow::{FollowOptions, RedirectErrorKind, SameOriginOrHttpsUpgrade};
use tower_redirect::{FollowRedirectsLayer, MethodRewrite, RedirectContext};

use crate::support::{Script, chain, redirection};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

fn request(uri: &str, options: FollowOptions) -> Request<Full<Bytes>> {
    let mut request = Request::put(uri).body(Full::from("tea")).expect("valid");
    for name in [AUTHORIZATION, COOKIE, REFERER, API_KEY] {
        request.headers_mut().insert(name, HeaderValue::from_static("secret"));
    }
    request.extensions_mut().insert(options);
    request
}

/// The names of the secrets on the last request.
async fn carried(layer: &FollowRedirectsLayer, options: FollowOptions, mark: bool) -> Vec<String> {
    let script = chain![307 "http://b.test/"];
    let mut request = request("http://a.test/", options);
    if mark {
        request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
    }
    script.follow_by(layer, request).await.expect("followed");
    let headers = script.seen().pop().expect("sent").headers;
    let secrets = headers.iter().filter(|(_, value)| *value == "secret");
    secrets.map(|(name, _)| name.to_string()).collect()
}

#[tokio::test]
async fn headers_can_be_sensitive_for_one_request() {
    let layer = FollowRedirectsLayer::new();
    assert_eq!(carried(&layer, FollowOptions::new(), false).await, ["x-api-key"]);
    let options = FollowOptions::new().sensitive_headers([API_KEY]);
    assert!(carried(&layer, options.clone(), false).await.is_empty());
    // They are added to those of the layer, and only for that request.
    let layer = layer.sensitive_headers([HeaderName::from_static("x-other")]);
    assert!(carried(&layer, options, false).await.is_empty());
    assert_eq!(carried(&layer, FollowOptions::new(), false).await, ["x-api-key"]);
}

#[tokio::test]
async fn the_list_of_credentials_can_be_replaced() {
    let layer = FollowRedirectsLayer::new().replace_credential_headers([AUTHORIZATION]);
    let carries = carried(&layer, FollowOptions::new(), false).await;
    assert_eq!(carries, ["cookie", "referer", "x-api-key"]);
    // Headers that are marked, or declared as sensitive, are dropped all the same.
    assert!(carried(&layer, FollowOptions::new(), true).await.is_empty());
    let layer = layer.sensitive_headers([COOKIE]).sensitive_prefix("x-").expect("valid");
    let carries = carried(&layer, FollowOptions::new(), false).await;
    assert_eq!(carries, ["referer"]);
    let options = FollowOptions::new().sensitive_headers([REFERER]);
    assert!(carried(&layer, options, false).await.is_empty());
}

#[tokio::test]
async fn a_downgrade_is_allowed_for_one_request() {
    let layer = FollowRedirectsLayer::new();
    let script = chain![307 "http://a.test/"];
    let options = FollowOptions::new().allow_https_to_http();
    script.follow_by(&layer, request("https://a.test/", options)).await.expect("followed");
    assert!(!script.seen()[1].headers.contains_key("authorization"), "dropped all the same");
    let script = chain![307 "http://a.test/"];
    let outcome = script.follow_by(&layer, request("https://a.test/", FollowOptions::new())).await;
    let error = outcome.expect_err("refused");
    assert!(error.redirect().is_some_and(|error| error.is_insecure_downgrade()));
}

#[tokio::test]
async fn the_method_is_rewritten_by_the_rule_of_one_request() {
    let layer = FollowRedirectsLayer::new().method_rewrite(MethodRewrite::AllToGet);
    let fetch = FollowOptions::new().method_rewrite(MethodRewrite::Fetch);
    for (options, method) in [(fetch, "PUT"), (FollowOptions::new(), "GET")] {
        let script = chain![302 "/b"];
        script.follow_by(&layer, request("http://a.test/", options)).await.expect("followed");
        assert_eq!(script.seen()[1].method, method);
    }
}

#[tokio::test]
async fn a_hop_knows_the_url_before_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let layer = FollowRedirectsLayer::new().on_request(move |request| {
        let previous = request.context().map(RedirectContext::previous_uri);
        noted.lock().expect("not poisoned").push(previous.map(ToString::to_string));
        assert!(!format!("{:?}", request.context()).contains("token"));
    });
    let script = chain![307 "/b?t=token", 307 "/c"];
    let options = FollowOptions::new();
    script.follow_by(&layer, request("http://a.test/", options)).await.expect("followed");
    let expected = [None, Some("http://a.test/"), Some("http://a.test/b?t=token")];
    assert_eq!(*seen.lock().expect("not poisoned"), expected.map(|uri| uri.map(str::to_owned)));
}

#[tokio::test]
async fn same_origin_or_https_follows_only_on_one_origin_and_to_its_https() {
    use tower::{Layer, ServiceExt};
    let client =
        |script: Script| FollowRedirectsLayer::new().policy(SameOriginOrHttpsUpgrade).layer(script);
    for (from, location, followed) in [
        ("http://a.test/", "/b", true),
        ("http://a.test/", "https://a.test/b", true),
        ("http://A.test:80/", "https://a.test:443/b", true),
        ("https://a.test/", "/b", true),
        ("http://a.test:8080/", "https://a.test/", false),
        ("http://a.test/", "https://a.test:8443/", false),
        ("http://a.test/", "https://www.a.test/", false),
        ("https://a.test/", "http://a.test/", false),
        ("http://a.test/", "ftp://a.test/", false),
    ] {
        let client = client(Script::new([redirection(307, location)]));
        let outcome = client.oneshot(request(from, FollowOptions::new())).await;
        let kind = outcome.map(drop).map_err(|e| e.redirect().expect("of ours").kind());
        let expected = match (followed, location.starts_with("ftp")) {
            (true, _) => Ok(()),
            (false, true) => Err(RedirectErrorKind::UnsupportedScheme),
            (false, false) => Err(RedirectErrorKind::Rejected),
        };
        assert_eq!(kind, expected, "{from} {location}");
    }
}
