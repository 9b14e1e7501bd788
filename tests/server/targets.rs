//! Redirections to fixed URLs, to hosts and to their twins; targets and hosts that are refused.

use http::HeaderValue;
use tower::{Layer, ServiceExt};
use tower_redirect::server::Answered;
use tower_redirect::{
    CanonicalHost, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy,
    Redirection, Trust, Versioning, policy_fn,
};

use crate::support::{Inner, ask, request};

fn to(url: &str) -> Redirection {
    Redirection::to(url).expect("valid")
}

fn always(redirection: Redirection) -> RedirectLayer<impl RedirectPolicy> {
    RedirectLayer::new(policy_fn(move |_| redirection.clone()))
}

#[tokio::test]
async fn a_fixed_url_may_keep_the_query_and_have_a_fragment() {
    for (to, uri, location) in [
        (to("/x"), "/a?b", Some("/x")),
        (to("/x").keep_query(), "/a?b", Some("/x?b")),
        (to("/x?y").keep_query(), "/a?b", Some("/x?b")),
        (to("/x?y").keep_query(), "/a", Some("/x")),
        (to("/x#y"), "/a?b", Some("/x#y")),
        (to("/x#").keep_query(), "/a?b", Some("/x?b#")),
        (to("https://b.test/x?q#y#z \u{e4}/?"), "/a", Some("https://b.test/x?q#y%23z%20%C3%A4/?")),
        // A fragment does not reach the server, so it does not make another URL.
        (to("/a#x"), "/a", None),
        (to("/a#x").keep_query(), "/a?b", None),
        (to("/a#x"), "/a?b", Some("/a#x")),
    ] {
        let asked = ask(&always(to.clone()), request("GET", uri, &[])).await;
        assert_eq!(asked.location(), location, "{uri} {to:?}");
    }
    // If several redirections become one, the last fragment wins.
    let hop = |from: &'static str, to: &'static str| {
        policy_fn(move |head: &tower_redirect::RequestHead<'_>| {
            (head.path() == from).then(|| Redirection::to(to).expect("valid"))
        })
    };
    let layer = RedirectLayer::new((hop("/a", "/b#1"), hop("/b", "/c#2"), hop("/c", "/d")));
    assert_eq!(ask(&layer, request("GET", "/a", &[])).await.location(), Some("/d#2"));
}

#[tokio::test]
async fn https_only_may_have_one_host_and_another_status() {
    let secure = |policy| RedirectLayer::new(policy).hosts(["a.test", "b.test"]).expect("valid");
    for (policy, method, status, location) in [
        (HttpsOnly::new().host("b.test").expect("valid"), "GET", 307, "https://b.test/x?y"),
        (HttpsOnly::new().moved_permanently(), "GET", 301, "https://a.test/x?y"),
        (HttpsOnly::new().moved_permanently(), "POST", 308, "https://a.test/x?y"),
        (HttpsOnly::new().found(), "GET", 302, "https://a.test/x?y"),
        (HttpsOnly::new().found(), "POST", 307, "https://a.test/x?y"),
    ] {
        let layer = secure(policy).insert_answered();
        let response = layer.layer(Inner::default()).oneshot(request(method, "/x?y", &[])).await;
        let response = response.expect("infallible");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["location"]),
            (status, &HeaderValue::from_static(location))
        );
        assert_eq!(Answered::of(&response).and_then(Answered::policy), Some("https"));
    }
    assert!(HttpsOnly::new().host("b.test:443").is_err());
}

#[tokio::test]
async fn www_and_apex_lead_between_two_listed_names() {
    let hosts = ["a.test", "www.a.test", "only.test", "*.c.test", "c.test", "192.0.2.7"];
    let listed = |policy| RedirectLayer::new(policy).hosts(hosts).expect("valid");
    let www = listed(CanonicalHost::www().permanent());
    let apex = listed(CanonicalHost::apex().found());
    for (host, by_www, by_apex) in [
        ("a.test", Some("http://www.a.test/x"), None),
        ("A.test.:8080", Some("http://www.a.test:8080/x"), None),
        ("www.a.test", None, Some("http://a.test/x")),
        ("WWW.A.test", None, Some("http://a.test/x")),
        ("only.test", None, None),
        // `www.c.test` is covered by a pattern, but not listed by name.
        ("c.test", None, None),
        ("www.c.test", None, None),
        ("192.0.2.7", None, None),
    ] {
        let asked = ask(&www, request("GET", "/x", &[("host", host)])).await;
        assert_eq!(asked.location(), by_www, "{host}");
        let asked = ask(&apex, request("GET", "/x", &[("host", host)])).await;
        assert_eq!(asked.location(), by_apex, "{host}");
        assert_eq!(asked.status.as_u16(), if by_apex.is_some() { 302 } else { 200 }, "{host}");
    }
    // Without a list, no twin is known to exist.
    let unlisted = RedirectLayer::new((CanonicalHost::www(), CanonicalHost::apex()));
    assert_eq!(ask(&unlisted, request("GET", "/x", &[])).await.location(), None);
    assert!(CanonicalHost::www().aliases(["b.test"]).is_err());
}

#[test]
fn each_error_names_the_cure() {
    let page = |url| Maintenance::new(MaintenanceSwitch::new()).page(url).map(drop);
    let canonical = |host| CanonicalHost::new(host).map(drop);
    let layer = || RedirectLayer::new(HttpsOnly::new());
    let hosts = |host: &'static str| layer().hosts([host]).map(drop);
    let none: [&str; 0] = [];
    for (refused, cure) in [
        (canonical("https://www.a.test"), "without scheme"),
        (canonical("www.a.test/x"), "without path"),
        (canonical("www.a.test:8080"), "without port"),
        (canonical("me:key@a.test"), "without user and password"),
        (canonical("sh\u{f6}p.test"), "punycode"),
        (hosts("sh\u{f6}p.test"), "punycode"),
        (hosts("https://a.test"), "without scheme"),
        (hosts("10.0.0.0/33"), "nor a valid range"),
        (hosts("*"), "leave the list out"),
        (hosts("_"), "leave the list out"),
        (hosts(".a.test"), "for the names below it, list `*.example.com`"),
        (Redirection::to("/\u{e4} b").map(drop), "`%20`"),
        (page("closed.html"), "begins with one `/`"),
        (HttpsOnly::new().exempt("/assets/*").map(drop), "everything below a path is exempt"),
        (Versioning::new("/{tenant}", "v2").map(drop), "no wildcards"),
        (Trust::proxies(none).map(drop), "trusts nobody"),
    ] {
        let text = refused.expect_err(cure).to_string();
        assert!(text.contains(cure), "{text}");
    }
}
