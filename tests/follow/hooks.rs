//! `.on_request(..)`: a hook for the request of each hop.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, UPGRADE};
use http::{HeaderValue, Method, Request};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_redirect::follow::{Dropped, FollowOptions, HopRequest};
use tower_redirect::{FollowRedirectsLayer, RedirectContext, RedirectHistory};

use crate::support::{Mark, Script, chain};

fn post(uri: &str) -> Request<Full<Bytes>> {
    Request::post(uri).header(HOST, "a.test").body(Full::from("tea")).expect("valid")
}

/// The values of one header on each request, in order.
fn sent(script: &Script, name: &str) -> Vec<Vec<String>> {
    let values = |headers: &http::HeaderMap| {
        let values = headers.get_all(name).iter().map(|value| value.to_str().expect("text"));
        values.map(str::to_owned).collect()
    };
    script.seen().iter().map(|seen| values(&seen.headers)).collect()
}

#[tokio::test]
async fn the_hook_sees_each_request() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let layer = FollowRedirectsLayer::new().on_request(move |request: &mut HopRequest<'_>| {
        let crossed = request.context().is_some_and(RedirectContext::has_left_trusted_origins);
        let line = (request.hop(), request.method().clone(), request.uri().to_string(), crossed);
        noted.lock().expect("not poisoned").push(line);
        assert!(!format!("{request:?}").contains("secret"));
    });
    let script = chain![307 "/b?t=secret", 303 "http://b.test/"];
    script.follow_by(&layer, post("http://a.test/")).await.expect("followed");
    let row = |hop, method, uri: &str, crossed| (hop, method, uri.to_owned(), crossed);
    assert_eq!(
        *seen.lock().expect("not poisoned"),
        [
            row(0, Method::POST, "http://a.test/", false),
            row(1, Method::POST, "http://a.test/b?t=secret", false),
            row(2, Method::GET, "http://b.test/", true),
        ]
    );
}

#[tokio::test]
async fn a_header_that_a_hook_adds_is_for_that_request_alone() {
    let layer = FollowRedirectsLayer::new().on_request(|request| {
        let number = HeaderValue::from(request.hop());
        request.headers_mut().append("x-signed", number);
        if request.hop() == 0 {
            request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("secret"));
            // This would end the chain if the caller had set it.
            request.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
            request.headers_mut().remove("x-caller");
            request.extensions_mut().insert(Mark);
        }
    });
    let script = chain![307 "/b", 307 "http://b.test/"];
    let mut request = post("http://a.test/");
    request.headers_mut().insert("x-caller", HeaderValue::from_static("kept"));
    let response = script.follow_by(&layer, request).await.expect("followed");
    assert_eq!(sent(&script, "x-signed"), [["0"], ["1"], ["2"]]);
    assert_eq!(sent(&script, "authorization"), [vec!["secret"], vec![], vec![]]);
    assert_eq!(sent(&script, "x-caller"), [vec![], vec!["kept"], vec!["kept"]]);
    let marked: Vec<_> = script.seen().iter().map(|seen| seen.marked).collect();
    assert_eq!(marked, [true, false, false]);
    let history = RedirectHistory::of(&response).expect("redirected");
    let dropped: Vec<_> = history.hops().iter().flat_map(|hop| hop.dropped()).collect();
    assert_eq!(dropped, [&Dropped::Header(HOST)], "only the caller's headers are dropped");
}

#[tokio::test]
async fn a_hook_cannot_change_host() {
    let evil = || HeaderValue::from_static("evil.test");
    let insert = FollowRedirectsLayer::new().on_request(move |request| {
        request.headers_mut().insert(HOST, evil());
    });
    let append = FollowRedirectsLayer::new().on_request(move |request| {
        request.headers_mut().append(HOST, evil());
    });
    let clear = FollowRedirectsLayer::new().on_request(|request| request.headers_mut().clear());
    for layer in [insert, append, clear] {
        let script = chain![307 "/b", 307 "http://b.test/"];
        script.follow_by(&layer, post("http://a.test/")).await.expect("followed");
        assert_eq!(sent(&script, "host"), [vec!["a.test"], vec!["a.test"], vec![]]);
    }
}

#[tokio::test]
async fn hooks_are_called_in_order_after_the_checks() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let calls = calls.clone();
        move |request: &mut HopRequest<'_>| {
            calls.lock().expect("not poisoned").push((name, request.hop()));
        }
    };
    let layer = FollowRedirectsLayer::new().on_request(note("first")).on_request(note("second"));
    let script = chain![307 "/b", 307 "http://a.test/"];
    script.follow_by(&layer, post("https://a.test/")).await.expect_err("a downgrade");
    let calls = calls.lock().expect("not poisoned");
    assert_eq!(*calls, [("first", 0), ("second", 0), ("first", 1), ("second", 1)]);
}

#[tokio::test]
async fn a_hook_is_not_called_if_nothing_is_to_be_followed() {
    let layer = FollowRedirectsLayer::new().on_request(|_| panic!("called"));
    let mut request = post("http://a.test/");
    request.extensions_mut().insert(FollowOptions::do_not_follow());
    let inner = service_fn(|request| chain![307 "/b"].call(request));
    let response = layer.layer(inner).oneshot(request).await.expect("as it is");
    assert_eq!(response.status(), 307);
}

#[tokio::test]
async fn a_scoped_hook_reaches_its_origins_on_every_hop_and_no_other() {
    let origins = ["https://a.test", "https://*.s3.test", "https://c.test:8443"];
    let layer = FollowRedirectsLayer::new()
        .on_request_to(origins, |request| {
            let hop = HeaderValue::from(request.hop());
            request.headers_mut().insert("x-signed", hop);
        })
        .expect("origins");
    let script = chain![
        307 "https://b.test/", 307 "https://a.test/again", 307 "https://eu.s3.test/",
        307 "https://s3.test/", 307 "https://c.test/", 307 "https://c.test:8443/",
    ];
    let request = Request::get("https://a.test/").body(Full::<Bytes>::default()).expect("valid");
    script.follow_by(&layer, request).await.expect("followed");
    let seen: Vec<_> = script
        .seen()
        .iter()
        .map(|seen| seen.headers.get("x-signed").map(|hop| hop.to_str().expect("ascii").to_owned()))
        .collect();
    let signed = |hop: &str| Some(hop.to_owned());
    assert_eq!(seen, [signed("0"), None, signed("2"), signed("3"), None, None, signed("6")]);
    for origin in ["a.test", "https://a.test/x", "ftp://a.test", "https://*"] {
        assert!(FollowRedirectsLayer::new().on_request_to([origin], |_| {}).is_err(), "{origin}");
    }
}
