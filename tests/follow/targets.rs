//! `Action::FollowTo`: a policy that replaces the target by one that the client can reach.

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use tower_redirect::follow::hsts::HstsStore;
use tower_redirect::follow::{RedirectErrorKind, SameOriginOnly};
use tower_redirect::{
    Action, Attempt, FollowPolicy, FollowRedirectsLayer, RedirectHistory, follow_fn,
};

use crate::support::{Answer, Script, chain, redirection};

/// Replaces targets in the network `*.inner` by the same path at `gateway`.
fn through(gateway: &'static str) -> impl FollowPolicy + Clone {
    follow_fn(move |attempt: &Attempt<'_>| match attempt.next_uri() {
        Some(uri) if uri.host().is_some_and(|host| host.ends_with(".inner")) => {
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            Action::FollowTo(format!("{gateway}{path}").parse().expect("valid"))
        }
        _ => Action::Follow,
    })
}

async fn send(
    policy: impl FollowPolicy,
    from: &str,
    script: &Script,
) -> Result<Answer, RedirectErrorKind> {
    let request = Request::put(from).header(header::AUTHORIZATION, "secret");
    let request = request.body(Full::<Bytes>::from("tea")).expect("valid");
    let client = FollowRedirectsLayer::new().policy(policy).layer(script.clone());
    client.oneshot(request).await.map_err(|error| error.redirect().expect("of ours").kind())
}

#[tokio::test]
async fn the_target_of_the_policy_is_followed_and_named() {
    let script = chain![307 "http://dn1.inner:9864/f?token=secret#end", 307 "/g"];
    let response = send(through("http://b.test"), "http://a.test/", &script).await.expect("there");
    assert_eq!(script.seen()[1].uri, "http://b.test/f?token=secret");
    assert_eq!((&script.seen()[1].body[..], script.seen()[2].uri.path()), (&b"tea"[..], "/g"));
    let history = RedirectHistory::of(&response).expect("redirected");
    let replaced: Vec<_> = history.hops().iter().map(|hop| hop.replaced_location()).collect();
    let location = HeaderValue::from_static("http://dn1.inner:9864/f?token=secret#end");
    assert_eq!(replaced, [Some(&location), None]);
    assert_eq!(history.hops()[0].fragment(), Some("end"));
    assert_eq!(
        history.to_string(),
        "PUT http://a.test/\n  \
         307 -> PUT http://b.test/f?token=… (chosen by the policy) (left behind: authorization)\n  \
         307 -> PUT http://b.test/g"
    );
}

#[tokio::test]
async fn the_checks_apply_to_the_target_of_the_policy() {
    let to_inner = || chain![307 "https://dn1.inner/f"];
    let outcome = send(through("http://a.test"), "https://a.test/", &to_inner()).await;
    assert_eq!(outcome.map(drop), Err(RedirectErrorKind::InsecureDowngrade));
    let outcome = send(through("ftp://a.test"), "https://a.test/", &to_inner()).await;
    assert_eq!(outcome.map(drop), Err(RedirectErrorKind::UnsupportedScheme));
    // On the caller's own origin nothing is left behind.
    let script = to_inner();
    send(through("https://a.test"), "https://a.test/", &script).await.expect("there");
    assert!(script.seen()[1].headers.contains_key("authorization"));
    // User and password never go on the wire.
    let script = to_inner();
    send(through("https://user:password@b.test"), "https://a.test/", &script).await.expect("there");
    assert_eq!(script.seen()[1].uri, "https://b.test/f");
}

#[tokio::test]
async fn later_policies_see_the_target_of_the_policy() {
    for (gateway, followed) in [("http://a.test", true), ("http://b.test", false)] {
        let map = through(gateway);
        let expected = if followed { Ok(()) } else { Err(RedirectErrorKind::Rejected) };
        let inner = || chain![307 "http://dn1.inner/f"];
        let outcome = send((map.clone(), SameOriginOnly), "http://a.test/", &inner()).await;
        assert_eq!(outcome.map(drop), expected, "{gateway}");
        let list: Vec<Box<dyn FollowPolicy>> = vec![Box::new(map), Box::new(SameOriginOnly)];
        let outcome = send(list, "http://a.test/", &inner()).await;
        assert_eq!(outcome.map(drop), expected, "{gateway}");
    }
    // An earlier policy sees the target of the server.
    let policy = SameOriginOnly.and(through("http://a.test"));
    let outcome = send(policy, "http://a.test/", &chain![307 "http://dn1.inner/f"]).await;
    assert_eq!(outcome.map(drop), Err(RedirectErrorKind::Rejected));
}

#[tokio::test]
async fn later_policies_see_the_target_that_hsts_upgraded() {
    let store = HstsStore::new().with_preload_list([("a.test", false)]);
    let policy = through("http://a.test").and(SameOriginOnly);
    let layer = FollowRedirectsLayer::new().hsts(store).policy(policy);
    let script = chain![307 "https://dn1.inner/f"];
    let request = Request::get("https://a.test/").body(Full::<Bytes>::default()).expect("valid");
    layer.layer(script.clone()).oneshot(request).await.expect("followed");
    assert_eq!(script.seen()[1].uri, "https://a.test/f");
}

#[tokio::test]
async fn a_location_that_leads_nowhere_can_be_replaced() {
    let policy = follow_fn(|attempt: &Attempt<'_>| match attempt.next_uri() {
        None => Action::FollowTo(Uri::from_static("/instead")),
        Some(_) => Action::Follow,
    });
    let script = Script::new([redirection(307, "myapp://cb")]);
    let response = send(policy, "http://a.test/", &script).await.expect("there");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(script.seen()[1].uri, "http://a.test/instead");
}

#[tokio::test]
async fn a_target_that_leads_nowhere_is_named_as_that_of_the_policy() {
    for (chosen, text) in [
        (
            "ftp://u:p@b.test/f?key=secret",
            "ftp://b.test/f?key=…, chosen by the policy for 307 from {}, is neither http nor https",
        ),
        (
            "http://b.test:99999/",
            "http://b.test:99999/, chosen by the policy for 307 from {}, cannot be resolved",
        ),
    ] {
        let chosen: Uri = chosen.parse().expect("a uri");
        let policy = follow_fn(move |_| Action::FollowTo(chosen.clone()));
        let layer = FollowRedirectsLayer::new().policy(policy);
        let client = layer.layer(chain![307 "http://dn1.inner/f"]);
        let request = Request::get("http://a.test/1").body(Full::<Bytes>::default());
        let error = client.oneshot(request.expect("valid")).await.expect_err("nowhere to go");
        let error = error.redirect().expect("a redirection");
        assert_eq!(error.to_string(), text.replace("{}", "http://a.test/1"));
        assert_eq!(error.location().expect("kept"), "http://dn1.inner/f");
    }
}

#[tokio::test]
async fn a_replaced_location_is_not_remembered() {
    let script = chain![308 "http://dn1.inner/f"];
    let response = send(through("http://a.test"), "http://a.test/", &script).await.expect("there");
    let history = RedirectHistory::of(&response).expect("redirected");
    assert_eq!(history.permanent_uri(), None);
}
