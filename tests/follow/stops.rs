//! Redirections that cannot be followed, which a policy can return to the caller.

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use tower_redirect::follow::{FollowOptions, RedirectErrorKind, RedirectMode};
use tower_redirect::{
    Action, Attempt, FollowPolicy, FollowRedirectsLayer, RedirectHistory, ReplayBody, follow_fn,
};

use crate::support::{Answer, Frames, Script, chain, redirection};

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).expect("valid")
}

/// Stops at redirections that cannot be followed.
fn stops_at_dead_ends() -> impl FollowPolicy {
    follow_fn(|attempt: &Attempt<'_>| match attempt.next_uri() {
        Some(_) if attempt.resends_body() && !attempt.can_resend_body() => Action::Stop,
        Some(_) => Action::Follow,
        None => Action::Stop,
    })
}

fn ambiguous() -> Answer {
    let mut twice = redirection(302, "/x");
    twice.headers_mut().append(header::LOCATION, HeaderValue::from_static("/y"));
    twice
}

/// The URLs of requests, their redirections that cannot be followed, and the reasons.
fn dead_ends() -> [(&'static str, Answer, RedirectErrorKind); 4] {
    use RedirectErrorKind as Kind;
    [
        ("http://a.test/", redirection(302, "myapp://cb?code=1"), Kind::UnsupportedScheme),
        ("http://a.test/", redirection(302, "http://[b.test]/"), Kind::InvalidLocation),
        ("http://a.test/", ambiguous(), Kind::AmbiguousLocation),
        ("/", redirection(302, "http://b.test/"), Kind::UnknownOrigin),
    ]
}

#[tokio::test]
async fn a_policy_can_return_a_location_that_leads_nowhere() {
    for (uri, answer, kind) in dead_ends() {
        let location = answer.headers()[header::LOCATION].clone();
        let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
        let noted = seen.clone();
        let policy = follow_fn(move |attempt: &Attempt<'_>| {
            assert!(attempt.next_uri().is_none() && attempt.is_cross_origin(), "{attempt:?}");
            *noted.lock().expect("not poisoned") = Some(attempt.location().clone());
            Action::Stop
        });
        let client = FollowRedirectsLayer::new().policy(policy).layer(Script::new([answer]));
        let response = client.oneshot(get(uri)).await.expect("stopped");
        assert_eq!((response.status().as_u16(), &response.headers()["location"]), (302, &location));
        assert_eq!(*seen.lock().expect("not poisoned"), Some(location), "{kind:?}");
    }
}

#[tokio::test]
async fn a_login_ends_at_the_scheme_of_an_app() {
    let script = chain![302 "/consent", 302 "myapp://cb?code=1"];
    let client = FollowRedirectsLayer::new().policy(stops_at_dead_ends()).layer(script);
    let response = client.oneshot(get("http://a.test/login")).await.expect("stopped");
    assert_eq!(response.headers()["location"], "myapp://cb?code=1");
    assert_eq!(RedirectHistory::of(&response).map(RedirectHistory::len), Some(1));
}

#[tokio::test]
async fn a_dead_end_is_an_error_that_says_why_unless_stopped() {
    for (uri, answer, kind) in dead_ends() {
        let location = answer.headers()[header::LOCATION].clone();
        for action in [Action::Follow, Action::Reject] {
            let policy = follow_fn(move |_: &Attempt<'_>| action.clone());
            let client = FollowRedirectsLayer::new().policy(policy);
            let client = client.layer(Script::new([answer.clone()]));
            let error = client.oneshot(get(uri)).await.expect_err("nowhere to go");
            let error = error.redirect().expect("of ours");
            assert_eq!((error.kind(), error.location()), (kind, Some(&location)));
        }
        let mut request = get(uri);
        request.extensions_mut().insert(FollowOptions::new().mode(RedirectMode::Error));
        let error = Script::new([answer]).follow(request).await.expect_err("nowhere to go");
        assert_eq!(error.redirect().expect("of ours").kind(), kind);
    }
}

#[tokio::test]
async fn a_policy_can_return_a_redirection_whose_body_is_gone() {
    let put = |limit| {
        let body = ReplayBody::new(Frames::new([Bytes::from("0123456789")]), limit);
        Request::put("http://a.test/").body(body).expect("valid")
    };
    for (limit, status) in [(4, 308), (10, 200)] {
        let script = chain![308 "/next"];
        let client = FollowRedirectsLayer::new().policy(stops_at_dead_ends()).layer(script);
        let response = client.oneshot(put(limit)).await.expect("stopped, or followed");
        assert_eq!(response.status().as_u16(), status, "{limit}");
    }
    // A body that is dropped need not be sent again.
    let client = FollowRedirectsLayer::new().policy(stops_at_dead_ends()).layer(chain![303 "/"]);
    assert_eq!(client.oneshot(put(4)).await.expect("followed").status(), 200);
}

#[tokio::test]
async fn an_error_keeps_the_head_of_the_response() {
    let with_cookie = |status, location: &str| {
        let mut answer = redirection(status, location);
        answer.headers_mut().insert("set-cookie", HeaderValue::from_static("id=1"));
        answer
    };
    let gone = ReplayBody::new(Frames::new([Bytes::from("0123456789")]), 4);
    let put = Request::put("https://a.test/").body(gone).expect("valid");
    let refused = Script::new([with_cookie(307, "http://a.test/")]);
    let refused = refused.follow(get("https://a.test/")).await.expect_err("refused");
    let gone = Script::new([with_cookie(307, "/next")]).follow(put).await.expect_err("gone");
    for error in [refused, gone] {
        let error = error.redirect().expect("of ours");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(307));
        assert_eq!(error.headers()["set-cookie"], "id=1");
        assert!(!format!("{error} {error:?}").contains("id=1"));
    }
}
