//! Limits, loops, and the texts of errors.

use std::error::Error;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::follow::{OnLimit, RedirectErrorKind};
use tower_redirect::{
    FollowError, FollowOptions, FollowRedirectsLayer, RedirectError, RedirectHistory, ReplayBody,
};

use crate::support::{Frames, Script, chain, redirection};

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).expect("valid")
}

fn hops(number: usize) -> Script {
    Script::new((1..=number).map(|hop| redirection(302, format!("/{hop}"))))
}

#[tokio::test]
async fn ten_are_followed_and_the_eleventh_is_an_error() {
    let script = hops(10);
    let response = script.follow(get("http://a.test/0")).await.expect("followed");
    let history = RedirectHistory::of(&response).expect("ten hops");
    assert_eq!(history.len(), 10);
    assert_eq!(history.final_uri().expect("ten hops"), "http://a.test/10");
    assert_eq!(script.seen().len(), 11);

    let script = hops(11);
    let error = script.follow(get("http://a.test/0")).await.expect_err("too many");
    let error = error.redirect().expect("of ours");
    assert!(error.is_too_many_redirects());
    assert_eq!(error.history().len(), 10);
    assert_eq!(error.uri(), "http://a.test/10");
    assert_eq!(error.next_uri().expect("resolved"), "http://a.test/11");
    assert_eq!(
        error.to_string(),
        "stopped after 10 redirections (`.limit(n)`) at http://a.test/10"
    );
    assert_eq!(script.seen().len(), 11);
}

#[tokio::test]
async fn the_first_redirection_beyond_the_limit_is_an_error() {
    for (limit, words) in [(0, "0 redirections"), (1, "1 redirection")] {
        let script = hops(limit + 1);
        let layer = FollowRedirectsLayer::new().limit(limit);
        let error = script.follow_by(&layer, get("http://a.test/0")).await.expect_err("too many");
        let error = error.redirect().expect("of ours");
        let expected = format!("stopped after {words} (`.limit(n)`) at http://a.test/{limit}");
        assert_eq!(error.to_string(), expected);
        assert_eq!(script.seen().len(), limit + 1);
    }
}

#[tokio::test]
async fn a_loop_is_named() {
    let script = Script::new((0..9).flat_map(|_| {
        [redirection(302, "http://b.test/?token=secret"), redirection(302, "http://a.test/")]
    }));
    let error = script.follow(get("http://a.test/")).await.expect_err("a loop");
    let error = error.redirect().expect("of ours");
    let words = "stopped after 10 redirections (`.limit(n)`) at http://a.test/; repeating: http://a.test/, http://b.test/?token=…";
    assert_eq!(error.to_string(), words);
    assert!(!format!("{error:?}").contains("secret"));
}

/// Each `Location` may have up to 64 KiB.
#[tokio::test]
async fn texts_are_short_whatever_the_urls() {
    let paths = (0..11).map(|hop| format!("/{hop}/{}", "x".repeat(60_000)));
    let script = Script::new(paths.map(|path| redirection(302, path)));
    let error = script.follow(get("http://a.test/")).await.expect_err("the limit");
    let redirect = error.redirect().expect("of ours");
    assert!(redirect.uri().path().len() > 60_000);
    for text in [error.to_string(), redirect.to_string(), redirect.history().to_string()] {
        assert!(text.len() < 4_000 && text.contains("http://a.test/"), "{} bytes", text.len());
    }
    assert!(format!("{error:?}").len() < 10_000);
}

#[tokio::test]
async fn a_return_to_an_earlier_url_is_not_a_loop() {
    // POST -> 303 -> GET of the same URL, and a login that returns.
    let script = chain![303 "/form", 302 "/login", 302 "/form"];
    let request = Request::post("http://a.test/form").body(Full::<Bytes>::from("x"));
    let response = script.follow(request.expect("valid")).await.expect("followed");
    let history = RedirectHistory::of(&response).expect("three hops");
    assert_eq!(
        history.to_string(),
        "POST http://a.test/form\n  303 -> GET http://a.test/form\n  302 -> GET \
         http://a.test/login\n  302 -> GET http://a.test/form"
    );
}

#[tokio::test]
async fn upgrades_and_connect_are_not_followed() {
    let mut upgrade = get("http://a.test/");
    upgrade.headers_mut().insert("upgrade", http::HeaderValue::from_static("websocket"));
    let mut connect = get("a.test:443");
    *connect.method_mut() = Method::CONNECT;
    for (request, from) in [(upgrade, "from http://a.test/ "), (connect, "from a.test:443 ")] {
        let script = hops(1);
        let error = script.follow(request).await.expect_err("refused");
        assert!(error.to_string().contains(from), "{error}");
        let error = error.redirect().expect("of ours");
        assert_eq!(error.kind(), RedirectErrorKind::NotFollowable);
        assert!(error.to_string().contains(from), "{error}");
        assert_eq!(script.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_body_that_is_gone_is_an_error_before_anything_is_sent() {
    let body = ReplayBody::new(Frames::new([Bytes::from("0123456789")]), 4);
    let script = chain![302 "/get-less", 307 "http://b.test/next?token=secret"];
    let request = Request::put("http://a.test/").body(body).expect("valid");
    // A 302 drops the body, so that it is not missing.
    script.follow(request).await.expect("followed");

    let body = ReplayBody::new(Frames::new([Bytes::from("0123456789")]), 4);
    let script = chain![308 "/same", 307 "/next"];
    let request = Request::put("http://a.test/").body(body).expect("valid");
    let error = script.follow(request).await.expect_err("gone");
    let error = error.redirect().expect("of ours");
    assert_eq!(
        error.to_string(),
        "308 from http://a.test/ asks for the body again: request body is larger than the limit \
         of 4 bytes; raise the limit given to `ReplayBodyLayer::new`, or use a `ReplayFn`"
    );
    assert!(error.is_not_replayable() && error.source().is_none());
    assert_eq!(error.next_uri().expect("resolved"), "http://a.test/same");
    assert!(error.history().is_empty());
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn the_permanent_uri_is_that_before_the_first_temporary_hop() {
    for (from, chain, permanent) in [
        ("http://a.test/", chain![308 "/1", 301 "/2", 307 "/3", 308 "/4"], Some("http://a.test/2")),
        ("http://a.test/", chain![307 "/1", 308 "/2"], None),
        ("http://a.test/", chain![302 "/1"], None),
        ("http://a.test/", chain![308 "https://a.test/", 308 "/2"], Some("https://a.test/2")),
        ("https://a.test/", chain![308 "/1", 308 "http://a.test/2"], Some("https://a.test/1")),
    ] {
        let layer = FollowRedirectsLayer::new().allow_https_to_http();
        let response = chain.follow_by(&layer, get(from)).await.expect("followed");
        let history = RedirectHistory::of(&response).expect("hops");
        let seen = history.permanent_uri().map(ToString::to_string);
        assert_eq!(seen.as_deref(), permanent, "{history}");
    }
    let script = chain![301 "/1"];
    let request = Request::post("http://a.test/").body(Full::<Bytes>::from("x")).expect("valid");
    let response = script.follow(request).await.expect("followed");
    assert_eq!(RedirectHistory::of(&response).expect("a hop").permanent_uri(), None);
}

#[tokio::test]
async fn without_a_redirection_there_is_no_history() {
    let response = chain![].follow(get("http://a.test/")).await.expect("no error");
    assert!(RedirectHistory::of(&response).is_none());
}

#[tokio::test]
async fn the_error_kind_is_right_if_the_request_uri_is_not_a_url() {
    use RedirectErrorKind as K;
    for (from, location, kind) in [
        ("http://web.1/a", "http://web.1/b", K::InvalidLocation),
        ("http://web.1/a", "//web.1/b", K::InvalidLocation),
        ("grpc://a.test/", "//b.test/x", K::UnsupportedScheme),
        ("grpc://a.test/", "grpc://a.test/x", K::UnsupportedScheme),
        ("https://web.1/a", "http://b.test/", K::InsecureDowngrade),
        ("https://web.1/a", "mailto:a@b.test", K::UnsupportedScheme),
    ] {
        let script = Script::new([redirection(302, location)]);
        let error = script.follow(get(from)).await.expect_err("refused");
        assert_eq!(error.redirect().expect("of ours").kind(), kind, "{from} {location}");
    }
}

#[tokio::test]
async fn an_error_holds_the_location_but_shows_no_secret() {
    let script = chain![302 "mailto:a@b.test?token=secret"];
    let error = script.follow(get("http://a.test/")).await.expect_err("refused");
    let error = error.redirect().expect("of ours");
    assert_eq!(error.location().expect("kept"), "mailto:a@b.test?token=secret");
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn a_call_shows_no_secret() {
    use tower::Service;
    let mut client = FollowRedirectsLayer::new().layer(chain![]);
    let mut request = get("http://user:secret@a.test/?token=secret");
    request.headers_mut().insert("authorization", "secret".parse().expect("valid"));
    let future = client.call(request);
    let shown = format!("{future:?}");
    assert!(shown.contains("http://a.test/?token=…") && !shown.contains("secret"), "{shown}");
}

fn chain_of(error: &(dyn Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string).collect()
}

/// Redirects `/0` to `/1`, and that to `/2`, which fails.
async fn fails_at_2<E>(refused: fn() -> E, options: FollowOptions) -> FollowError<E> {
    let server = service_fn(async |request: Request<Full<Bytes>>| {
        let location = match request.uri().path() {
            "/0" => "/1",
            "/1" => "/2?token=secret",
            _ => return Err(refused()),
        };
        Ok(redirection(307, location))
    });
    let mut request = get("http://a.test/0");
    if options == FollowOptions::do_not_follow() {
        *request.uri_mut() = "http://a.test/2".parse().expect("valid");
    }
    request.extensions_mut().insert(options);
    FollowRedirectsLayer::new().layer(server).oneshot(request).await.expect_err("refused")
}

#[tokio::test]
async fn an_error_of_the_inner_service_names_its_url_and_hop() {
    let refused = || std::io::Error::other("refused");
    let error = fails_at_2(refused, FollowOptions::new()).await;
    let at = error.at().expect("known");
    assert_eq!((at.uri().path(), at.hop(), at.history().len()), ("/2", 2, 2));
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    let texts = ["request to http://a.test/2?token=… (hop 2) failed", "refused"];
    assert_eq!(chain_of(&error), texts);
    assert!(error.source().is_some_and(|inner| inner.is::<std::io::Error>()));
    assert!(matches!(&error, FollowError::Service { error, .. } if error.to_string() == "refused"));
    let boxed = error.into_boxed();
    assert_eq!(chain_of(&*boxed), texts);
    assert!(boxed.source().is_some_and(|inner| inner.is::<std::io::Error>()));

    let boxed = || Box::<dyn Error + Send + Sync>::from(std::io::Error::other("refused"));
    let error = fails_at_2(boxed, FollowOptions::new()).await.into_boxed();
    assert_eq!(chain_of(&*error), texts);
    assert!(
        error.source().is_some_and(|inner| inner.is::<std::io::Error>()),
        "not a wrapper of it"
    );

    // Nothing of the request was kept.
    let error = fails_at_2(refused, FollowOptions::do_not_follow()).await;
    assert!(error.at().is_none());
    assert_eq!(chain_of(&error), ["request failed", "refused"]);
}

#[tokio::test]
async fn an_error_about_a_redirection_is_in_the_chain() {
    let script = chain![307 "/1", 302 "ftp://b.test/"];
    let error = script.follow(get("http://a.test/?token=secret")).await.expect_err("not followed");
    assert!(error.at().is_none() && error.redirect().is_some());
    let texts = [
        "redirection from http://a.test/1 (hop 1) not followed",
        "location of 302 from http://a.test/1 is neither http nor https: ftp",
    ];
    assert_eq!(chain_of(&error), texts);
    let boxed = error.into_boxed();
    assert_eq!(chain_of(&*boxed), texts);
    assert!(boxed.source().is_some_and(|inner| inner.is::<RedirectError>()));
}

#[tokio::test]
async fn an_error_about_a_scheme_names_it_alone() {
    let long = format!("{}:x", "a".repeat(41));
    for (location, shown) in [
        (" myapp://cb?code=secret", ": myapp"),
        ("coap+tcp:secret", ": coap+tcp"),
        ("mailto:someone@a.test", ": mailto"),
        (long.as_str(), ""),
    ] {
        let script = chain![302 location];
        let error = script.follow(get("http://a.test/")).await.expect_err("not followed");
        let text = format!("location of 302 from http://a.test/ is neither http nor https{shown}");
        assert_eq!(chain_of(&error)[1], text);
    }
}

#[tokio::test]
async fn the_redirection_beyond_the_limit_can_be_returned() {
    let layer = FollowRedirectsLayer::new().limit(2).on_limit(OnLimit::Return);
    let script = hops(5);
    let response = script.follow_by(&layer, get("http://a.test/0")).await.expect("returned");
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "/3");
    assert_eq!(RedirectHistory::of(&response).map(RedirectHistory::len), Some(2));
    assert_eq!(script.seen().len(), 3);
    // The limit of one request, too.
    let mut one = get("http://a.test/0");
    one.extensions_mut().insert(FollowOptions::new().limit(0));
    let response = hops(1).follow_by(&layer, one).await.expect("returned");
    assert_eq!(response.status(), 302);
    assert!(RedirectHistory::of(&response).is_none());
    // A redirection is returned even if it could not be followed within the limit.
    let options = FollowOptions::new().limit(0);
    for location in ["app://callback", "http://a.test/", "//", "http://b.test:99999/"] {
        let mut one = get("https://a.test/");
        one.extensions_mut().insert(options.clone());
        let response = chain![302 location].follow_by(&layer, one).await.expect("returned");
        assert_eq!(response.headers()["location"], location);
    }
    // Redirections within the limit are checked.
    let script = chain![302 "http://a.test/"];
    let error = script.follow_by(&layer, get("https://a.test/")).await.expect_err("refused");
    assert!(error.redirect().is_some_and(|error| error.is_insecure_downgrade()));
}
