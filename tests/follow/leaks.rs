//! Secrets that must not be sent to another origin, from the known faults of other clients.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use tower_redirect::follow::{Dropped, HopRequest, RedirectContext};
use tower_redirect::{Action, FollowOptions, FollowRedirectsLayer, RedirectHistory, follow_fn};

use crate::support::{self, Mark, Script, chain, redirection};

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
        ("http://a.test/", "///b.test/x"),
        ("http://a.test/", "/\\/b.test/x"),
        // `url` rejects the host of the first URL.
        ("http://svc.1/", "http://b.test/"),
        ("http://svc.1/", "//b.test/"),
        ("http://svc.1/", "///b.test/"),
        ("http://svc.1/", "/\t/b.test/"),
        ("http://svc.1/", "http:b.test"),
        ("unix://sock/", "http://b.test/"),
    ] {
        let script = chain![302 location];
        let seen = seen(&script, from).await;
        assert_eq!(seen.len(), 2);
        assert_secret_free(&format!("{from} -> {location}"), &seen[1]);
    }
}

#[tokio::test]
async fn a_request_is_unchanged_on_its_own_origin() {
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
        ("http://svc.1/", "/next"),
        ("http://svc.1/", "next"),
        ("unix://sock/", "/next"),
    ] {
        let script = chain![307 location];
        let seen = seen(&script, from).await;
        assert_eq!(seen[1].headers, request(from).headers().clone(), "{from} -> {location}");
        assert!(seen[1].headers["x-api-key"].is_sensitive(), "{from} -> {location}");
        assert!(seen[1].marked, "{from} -> {location}");
    }
}

#[tokio::test]
async fn dropped_secrets_do_not_come_back() {
    let script =
        chain![302 "http://b.test/1", 302 "/2", 302 "http://a.test/3", 307 "http://a.test/4"];
    let seen = seen(&script, "http://a.test/").await;
    assert_eq!(seen.len(), 5);
    for (hop, seen) in seen.iter().enumerate().skip(1) {
        assert_secret_free(&format!("hop {hop}"), seen);
    }
}

/// Later hops have a clone of the headers, from which secrets must be dropped as well.
#[tokio::test]
async fn secrets_are_dropped_after_any_number_of_hops_on_their_origin() {
    for same_origin in 1..4 {
        let mut steps: Vec<_> = (0..same_origin).map(|_| redirection(302, "/same")).collect();
        steps.extend([redirection(302, "http://b.test/"), redirection(302, "/next")]);
        let seen = seen(&Script::new(steps), "http://a.test/").await;
        assert!(seen[same_origin].headers.contains_key("authorization"), "{same_origin}");
        for (hop, seen) in seen.iter().enumerate().skip(same_origin + 1) {
            assert_secret_free(&format!("hop {hop} after {same_origin}"), seen);
        }
    }
}

#[tokio::test]
async fn one_sensitive_value_drops_all_values_of_its_header() {
    let mut request = Request::get("http://a.test/").body(Full::<Bytes>::default()).expect("valid");
    for (value, sensitive) in [("first", false), ("second", true), ("third", false)] {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(sensitive);
        request.headers_mut().append("x-key", value);
    }
    let script = chain![302 "/1", 302 "http://b.test/2"];
    script.follow(request).await.expect("followed");
    let left = |hop: usize| script.seen()[hop].headers.get_all("x-key").iter().count();
    assert_eq!([left(1), left(2)], [3, 0]);
}

#[tokio::test]
async fn any_number_of_values_is_sent_again() {
    let mut request = Request::get("http://a.test/").body(Full::<Bytes>::default()).expect("valid");
    for _ in 0..40_000 {
        request.headers_mut().append("x-many", HeaderValue::from_static("1"));
    }
    for number in 0..20_000 {
        let name = http::HeaderName::try_from(format!("x-{number}")).expect("valid");
        request.headers_mut().append(name, HeaderValue::from_static("1"));
    }
    let sent = request.headers().clone();
    let script = chain![302 "/next"];
    script.follow(request).await.expect("followed");
    assert!(script.seen()[1].headers == sent);
}

#[tokio::test]
async fn host_is_dropped_if_scheme_or_authority_changes() {
    for (from, host, location, kept) in [
        ("http://a.test/", "virtual.test", "/next", true),
        ("http://a.test/", "virtual.test", "http://a.test/next", true),
        ("http://a.test/", "virtual.test", "http://b.test/next", false),
        ("http://a.test/", "virtual.test", "http://a.test:81/next", false),
        ("http://a.test/", "a.test:80", "http://a.test/next", true),
        // The port in `Host` depends on the scheme, even if it is left out.
        ("http://a.test/", "a.test:80", "https://a.test/next", false),
        ("http://a.test/", "a.test", "https://a.test/next", false),
        ("https://a.test/", "a.test:443", "http://a.test/next", false),
        ("http://a.test:8080/", "virtual.test", "https://a.test:8080/next", false),
    ] {
        let script = chain![302 location];
        let request = Request::get(from).header("host", host);
        let request = request.body(Full::<Bytes>::default()).expect("valid");
        let layer = FollowRedirectsLayer::new().allow_https_to_http();
        script.follow_by(&layer, request).await.expect("followed");
        let seen = script.seen()[1].headers.get("host").cloned();
        let expected = kept.then(|| HeaderValue::from_static(host));
        assert_eq!(seen, expected, "{from} {host} {location}");
    }
}

#[tokio::test]
async fn fields_of_one_connection_are_dropped() {
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

    // `Connection` is reduced to `TE` if `TE` is sent again.
    for (lines, te, sent) in [
        (["TE, x-hop", "close"], "trailers", vec!["TE"]),
        (["close", "x-hop,te"], "Trailers", vec!["TE"]),
        (["te, X-Hop", "TE"], "trailers", vec!["TE"]),
        (["TE", "x-hop"], "gzip", vec![]),
        (["close", "x-hop"], "trailers", vec![]),
    ] {
        let script = chain![307 "/1", 307 "http://b.test/2"];
        let request = Request::get("http://a.test/").header("te", te).header("x-hop", "1");
        let request = request.header("connection", lines[0]).header("connection", lines[1]);
        let request = request.body(Full::<Bytes>::default()).expect("valid");
        script.follow(request).await.expect("followed");
        for seen in script.seen().iter().skip(1) {
            let values: Vec<_> = seen.headers.get_all("connection").iter().collect();
            assert_eq!(values, sent, "{lines:?} {te}");
            assert_eq!(seen.headers.contains_key("te"), te != "gzip", "{lines:?} {te}");
            assert!(!seen.headers.contains_key("x-hop"), "{lines:?} {te}: every line is read");
        }
    }

    let script = chain![307 "/next"];
    let request = Request::get("http://a.test/").header("te", "gzip");
    script.follow(request.body(Full::<Bytes>::default()).expect("valid")).await.expect("followed");
    assert!(script.seen()[1].headers.is_empty());
}

#[tokio::test]
async fn userinfo_is_not_sent_on_the_next_hop() {
    for user in ["user:pw", "user", "a.test:pw", "a.test:80"] {
        for location in
            ["/next", "next", "http://a.test:81/next", "http://a.test:pw@a.test:81/next"]
        {
            let script = chain![302 location];
            let from = format!("http://{user}@a.test:81/");
            let request = Request::get(from).body(Full::<Bytes>::default());
            let response = script.follow(request.expect("valid")).await.expect("followed");
            assert_eq!(script.seen()[1].uri, "http://a.test:81/next", "{user} {location}");
            assert!(!script.seen()[1].headers.contains_key("authorization"));
            let history = RedirectHistory::of(&response).expect("a hop");
            assert_eq!(history.hops()[0].dropped(), [Dropped::Userinfo], "{user} {location}");
        }
    }
    let script =
        chain![302 "/1", 302 "http://user:pw@a.test/2", 302 "http://user@b.test/3", 302 "/4"];
    let request = Request::get("http://a.test/").body(Full::<Bytes>::default()).expect("valid");
    let response = script.follow(request).await.expect("followed");
    let history = RedirectHistory::of(&response).expect("four hops");
    let dropped = history.hops().iter().map(|hop| hop.dropped().contains(&Dropped::Userinfo));
    assert_eq!(dropped.collect::<Vec<_>>(), [false, true, true, false]);
}

#[tokio::test]
async fn userinfo_of_the_caller_can_become_basic_authentication() {
    let layer = FollowRedirectsLayer::new().userinfo_as_basic();
    for (user, sent) in [
        // RFC 7617 §2.
        ("Aladdin:open%20sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("Aladdin", "Basic QWxhZGRpbjo="),
        (":pw", "Basic OnB3"),
        ("a:b:c%40", "Basic YTpiOmNA"),
    ] {
        let script =
            chain![302 "/1", 302 "http://x:y@a.test/2", 302 "http://x:y@b.test/3", 302 "/4"];
        let request = Request::get(format!("http://{user}@a.test/"));
        let request = request.body(Full::<Bytes>::default()).expect("valid");
        let response = script.follow_by(&layer, request).await.expect("followed");
        let seen = script.seen();
        assert_eq!(seen[0].uri, "http://a.test/");
        for (hop, seen) in seen.iter().enumerate() {
            let value = seen.headers.get("authorization");
            assert_eq!(value.is_some(), hop < 3, "{user} {hop}");
            assert!(value.is_none_or(|value| value == sent && value.is_sensitive()), "{value:?}");
        }
        let history = RedirectHistory::of(&response).expect("four hops");
        let lost = [Dropped::Header(header::AUTHORIZATION), Dropped::Userinfo];
        assert_eq!(history.hops()[2].dropped(), lost);
    }
    // The caller's `Authorization` takes precedence, and an empty userinfo is ignored.
    for (uri, own) in [("http://me:pw@a.test/", Some("Bearer x")), ("http://@a.test/", None)] {
        let script = chain![302 "/1"];
        let mut request = Request::get(uri).body(Full::<Bytes>::default()).expect("valid");
        if let Some(own) = own {
            request.headers_mut().insert("authorization", HeaderValue::from_static(own));
        }
        script.follow_by(&layer, request).await.expect("followed");
        for seen in script.seen() {
            assert_eq!(
                seen.headers.get("authorization").map(HeaderValue::as_bytes),
                own.map(str::as_bytes)
            );
        }
    }
    // It becomes a header even if redirections are not to be followed.
    let script = chain![302 "/1"];
    let mut request = Request::get("http://me:pw@a.test/").body(Full::<Bytes>::default());
    let extensions = request.as_mut().expect("valid").extensions_mut();
    extensions.insert(FollowOptions::do_not_follow());
    script.follow_by(&layer, request.expect("valid")).await.expect("returned");
    assert_eq!(script.seen()[0].headers["authorization"], "Basic bWU6cHc=");
}

/// `HeaderMap::insert` panics if the map is full.
#[tokio::test]
async fn userinfo_stays_in_the_url_if_there_is_no_room_for_a_header() {
    let mut request = Request::get("http://me:pw@a.test/").body(Full::<Bytes>::default());
    let headers = request.as_mut().expect("valid").headers_mut();
    let mut names = (0..).filter_map(|n| http::HeaderName::try_from(format!("x-{n}")).ok());
    while headers.try_insert(names.next().expect("endless"), HeaderValue::from_static("")).is_ok() {
    }
    let script = chain![302 "/1"];
    let layer = FollowRedirectsLayer::new().userinfo_as_basic();
    script.follow_by(&layer, request.expect("valid")).await.expect("followed");
    let uris: Vec<_> = script.seen().iter().map(|seen| seen.uri.to_string()).collect();
    assert_eq!(uris, ["http://me:pw@a.test/", "http://a.test/1"]);
}

/// An inner follower begins its own chain, on an origin that must not see the secrets of the outer one.
#[tokio::test]
async fn an_inner_follower_knows_that_the_outer_chain_has_crossed_origins() {
    let crossed = |request: &HopRequest<'_>| {
        request.context().is_some_and(RedirectContext::has_left_trusted_origins)
    };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let inside = FollowRedirectsLayer::new()
        .on_request(move |request| {
            let hop = (request.uri().to_string(), crossed(request));
            note.lock().expect("not poisoned").push(hop);
        })
        .policy(follow_fn(|attempt| match attempt.is_cross_origin() {
            true => Action::Stop,
            false => Action::Follow,
        }));
    let script = chain![302 "/1", 302 "http://b.test/2", 302 "/3", 302 "/4"];
    let client = FollowRedirectsLayer::new().layer(inside.layer(script));
    let request = Request::get("http://a.test/").body(Full::<Bytes>::default()).expect("valid");
    client.oneshot(request).await.expect("followed");
    let expected = [
        ("http://a.test/", false),
        ("http://a.test/1", false),
        ("http://b.test/2", true),
        ("http://b.test/3", true),
        ("http://b.test/4", true),
    ];
    let expected = expected.map(|(uri, crossed)| (uri.to_owned(), crossed));
    assert_eq!(*seen.lock().expect("not poisoned"), expected);
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
         proxy-authorization, www-authenticate, proxy-authenticate, referer, origin, x-api-key, 1 \
         extension)\n  \
         302 -> GET http://b.test/x?…"
    );
    assert!(!format!("{history:?}").contains("secret"));
    assert_eq!(history.hops()[0].next_uri(), "http://b.test/?token=secret");
    assert!(history.hops()[0].is_cross_origin() && !history.hops()[1].is_cross_origin());
}
