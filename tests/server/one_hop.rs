//! Several redirections on this server become one `Location`, and a loop is never sent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{HeaderValue, Method, Request, StatusCode, Uri, Version};
use proptest::prelude::*;
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::server::Answered;
use tower_redirect::trust::Peer;
use tower_redirect::{
    CanonicalHost, Decision, HeaderVersioning, Hsts, HttpsOnly, Maintenance, MaintenanceSwitch,
    QueryVersioning, RedirectLayer, RedirectPolicy, Redirection, RequestHead, Scheme, Transport,
    Trust, Versioning, policy_fn,
};

use crate::support::{Asked, ask, ask_now, request};

fn on() -> MaintenanceSwitch {
    let switch = MaintenanceSwitch::new();
    switch.on();
    switch
}

fn www() -> CanonicalHost {
    let www = CanonicalHost::new("www.a.test").expect("valid");
    www.aliases(["old.test"]).expect("valid")
}

fn versions() -> Versioning {
    Versioning::new("/api", "v2").and_then(|v| v.retire("v1")).expect("valid")
}

#[tokio::test]
async fn http_and_v1_and_an_old_host_are_one_location() {
    let all = [
        Box::new((HttpsOnly::new(), www(), versions())) as Box<dyn RedirectPolicy>,
        Box::new((versions(), www(), HttpsOnly::new())),
        Box::new((www(), versions(), HttpsOnly::new())),
        Box::new((www(), HttpsOnly::new(), versions())),
    ];
    for policy in all {
        let layer = RedirectLayer::new(policy);
        for (host, uri, location) in [
            ("old.test", "/api/v1/x?q=ä", "https://www.a.test/api/v2/x?q=%C3%A4"),
            ("old.test:8080", "/api/v1/x", "https://www.a.test/api/v2/x"),
            ("www.a.test", "/api/v1/x", "https://www.a.test/api/v2/x"),
            ("10.0.0.7", "/api/v1/x", "https://10.0.0.7/api/v2/x"),
            ("old.test", "/x", "https://www.a.test/x"),
            ("a.test", "//evil.example", "https://www.a.test//evil.example"),
        ] {
            let asked = ask(&layer, request("POST", uri, &[("host", host)])).await;
            assert_eq!(
                (asked.status.as_u16(), asked.location()),
                (307, Some(location)),
                "{host} {uri}"
            );
        }
    }
}

#[tokio::test]
async fn one_hop_is_permanent_only_if_each_redirection_is() {
    let location = "https://www.a.test/api/v2/x";
    for (https, www, status) in [
        (HttpsOnly::new().permanent(), www().permanent(), 308),
        (HttpsOnly::new(), www().permanent(), 307),
        (HttpsOnly::new().permanent(), www(), 307),
    ] {
        let layer = RedirectLayer::new((https, www));
        let layer = layer.hosts(["*.a.test", "a.test", "old.test"]).expect("valid");
        let asked = ask(&layer, request("GET", "/api/v2/x", &[("host", "old.test")])).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (status, Some(location)));
    }
}

#[tokio::test]
async fn one_hop_is_stored_no_longer_than_each_redirection() {
    let seconds = std::time::Duration::from_secs;
    let moved = |from: &'static str, to: &'static str, max_age: Option<u64>| {
        policy_fn(move |head| {
            let to = Redirection::new().path(to).permanent();
            let to = max_age.map_or(to.clone(), |max_age| to.max_age(seconds(max_age)));
            (head.path() == from).then_some(to)
        })
    };
    for (first, second, kept) in [
        (None, None, 86_400),
        (Some(60), None, 60),
        (None, Some(60), 60),
        (Some(900_000), None, 86_400),
        (None, Some(900_000), 86_400),
        (Some(900_000), Some(800_000), 800_000),
    ] {
        let layer = RedirectLayer::new((moved("/a", "/b", first), moved("/b", "/c", second)));
        let asked = ask(&layer, request("GET", "/a", &[])).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (308, Some("/c")));
        let expected = format!("max-age={kept}");
        assert_eq!(asked.header("cache-control"), Some(&*expected), "{first:?} {second:?}");
    }
}

#[tokio::test]
async fn other_hosts_and_other_answers_are_left_for_the_next_request() {
    let standby = || Maintenance::new(on()).standby("https://standby.test").expect("valid");
    for (policy, expected) in [
        (
            Box::new((HttpsOnly::new(), standby())) as Box<dyn RedirectPolicy>,
            "https://a.test/api/v1/x",
        ),
        (Box::new((HttpsOnly::new(), Maintenance::new(on()))), "https://a.test/api/v1/x"),
        (Box::new((HttpsOnly::new(), versions().get_and_head_only())), "https://a.test/api/v1/x"),
        (
            Box::new((HttpsOnly::new(), policy_fn(|_| Redirection::new().path("/x").see_other()))),
            "https://a.test/api/v1/x",
        ),
        (Box::new((standby(), HttpsOnly::new())), "https://standby.test/api/v1/x"),
    ] {
        let asked = ask(&RedirectLayer::new(policy), request("POST", "/api/v1/x", &[])).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (307, Some(expected)));
    }
    // A host that the layer lists belongs to this server.
    let there = policy_fn(|head| {
        let there = Redirection::to("https://b.test/there").expect("valid");
        head.is_secure().then_some(there)
    });
    for (hosts, expected) in
        [(&["a.test"][..], "https://a.test/"), (&["a.test", "b.test"], "https://b.test/there")]
    {
        let layer = RedirectLayer::new((HttpsOnly::new(), &there)).hosts(hosts).expect("valid");
        assert_eq!(ask(&layer, request("GET", "/", &[])).await.location(), Some(expected));
    }
}

#[tokio::test]
async fn a_redirection_that_turns_post_into_get_is_not_combined() {
    // RFC 9110 §15.4.3: 302 may turn POST into GET, but no other method. The GET that follows a
    // POST is a different request, about which the layer decides when it comes.
    let moved = policy_fn(|head| {
        (head.path() == "/a").then(|| Redirection::new().path("/b").found().rewriting_methods())
    });
    for (method, status, location) in [
        ("POST", 302, "/b"),
        ("PUT", 307, "https://a.test/b"),
        ("DELETE", 307, "https://a.test/b"),
        ("GET", 307, "https://a.test/b"),
    ] {
        let layer = RedirectLayer::new((&moved, HttpsOnly::new()));
        let asked = ask(&layer, request(method, "/a", &[])).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (status, Some(location)), "{method}");
    }
}

#[tokio::test]
async fn vary_lists_the_fields_that_were_read_for_the_target() {
    let first =
        policy_fn(|head| (head.path() == "/a").then(|| Redirection::new().path("/b").permanent()));
    let second = policy_fn(|head| {
        let reads = head.path() == "/b" && head.header("x-tenant").is_some();
        reads.then(|| Redirection::new().path("/c").permanent())
    });
    let layer = RedirectLayer::new((first, second));
    for (fields, location) in [(&[][..], "/b"), (&[("x-tenant", "7")], "/c")] {
        let asked = ask(&layer, request("GET", "/a", fields)).await;
        assert_eq!((asked.location(), asked.header("vary")), (Some(location), Some("x-tenant")));
    }
}

#[tokio::test]
async fn a_separate_https_redirect_takes_two_hops() {
    for policy in [
        Box::new((HttpsOnly::new().port(8443), www(), versions())) as Box<dyn RedirectPolicy>,
        Box::new((www(), HttpsOnly::new().port(8443), versions())),
    ] {
        let layer = RedirectLayer::new(policy).separate_https_redirect();
        let first = ask(&layer, request("GET", "/api/v1/x?q", &[("host", "old.test")])).await;
        assert_eq!(first.location(), Some("https://old.test:8443/api/v1/x?q"));
        let mut second = request("GET", "/api/v1/x?q", &[("host", "old.test:8443")]);
        second.extensions_mut().insert(Transport::Secure);
        let second = ask(&layer, second).await;
        assert_eq!(second.location(), Some("https://www.a.test:8443/api/v2/x?q"));
    }
}

#[tokio::test]
async fn a_separate_https_redirect_to_an_unlisted_host_is_temporary() {
    let https = HttpsOnly::new().host("www.a.test").expect("valid").permanent();
    let listed = || RedirectLayer::new(https.clone()).hosts(["*.a.test", "old.test"]);
    let named = RedirectLayer::new((www().permanent(), HttpsOnly::new().permanent()));
    for (layer, host, status, cache) in [
        (RedirectLayer::new(https.clone()), "evil.test", 307, "no-store"),
        (listed().expect("valid"), "old.test", 308, "max-age=86400"),
    ] {
        let layer = layer.separate_https_redirect();
        let asked = ask(&layer, request("GET", "/x", &[("host", host)])).await;
        assert_eq!(asked.location(), Some(format!("https://{host}/x").as_str()));
        assert_eq!((asked.status.as_u16(), asked.header("cache-control")), (status, Some(cache)));
    }
    // The operator named the host as an alias.
    let named = named.separate_https_redirect();
    let asked = ask(&named, request("GET", "/x", &[("host", "old.test")])).await;
    assert_eq!((asked.status.as_u16(), asked.location()), (308, Some("https://old.test/x")));
}

#[tokio::test]
async fn a_missing_host_does_not_count_as_a_loop() {
    let first = policy_fn(|head: &RequestHead<'_>| {
        (head.path() == "/a").then(|| Redirection::new().path("/b"))
    });
    let upgrade = policy_fn(|head: &RequestHead<'_>| {
        (!head.is_secure()).then(|| Redirection::new().scheme(Scheme::Https))
    });
    let layer = RedirectLayer::new((first, upgrade));
    let mut request = Request::get("/a").body(String::new()).expect("valid");
    *request.version_mut() = Version::HTTP_10;
    let asked = ask(&layer, request).await;
    assert_eq!((asked.status.as_u16(), asked.location()), (307, Some("/b")));
}

async fn cycle(policy: impl RedirectPolicy, path: &str) -> (Asked, Vec<String>) {
    let diagnoses = Arc::new(Mutex::new(Vec::new()));
    let noted = diagnoses.clone();
    let layer = RedirectLayer::new(policy)
        .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
    let asked = ask(&layer, request("POST", path, &[])).await;
    // A second request does not report the loop again.
    ask(&layer, request("POST", path, &[])).await;
    let diagnoses = diagnoses.lock().expect("not poisoned").clone();
    (asked, diagnoses)
}

#[tokio::test]
async fn a_loop_is_answered_500_and_named() {
    fn from_to(from: &'static str, to: &'static str) -> impl RedirectPolicy {
        policy_fn(move |head| (head.path() == from).then(|| Redirection::new().path(to)))
            .named(format!("from {from}"))
    }
    let (asked, diagnoses) = cycle((from_to("/a", "/b"), from_to("/b", "/a")), "/a").await;
    assert_eq!((asked.status, asked.calls), (StatusCode::INTERNAL_SERVER_ERROR, 0));
    assert_eq!((asked.location(), asked.header("cache-control")), (None, Some("no-store")));
    assert_eq!(diagnoses.len(), 1);
    assert!(diagnoses[0].contains("/b -> /a, by "), "{diagnoses:?}");
    assert!(diagnoses[0].ends_with("/b -> /a, by from /a, from /b"), "{diagnoses:?}");

    // Two built-in policies that contradict each other.
    let apex = CanonicalHost::new("a.test").expect("valid");
    let (asked, diagnoses) = cycle((www(), apex, HttpsOnly::new()), "/").await;
    assert_eq!(asked.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(diagnoses[0].contains("by canonical-host, canonical-host"), "{diagnoses:?}");

    // A start outside of the loop, and redirections without an end.
    let into = (from_to("/a", "/b"), from_to("/b", "/c"), from_to("/c", "/b"));
    assert_eq!(cycle(into, "/a").await.0.status, StatusCode::INTERNAL_SERVER_ERROR);
    let endless = policy_fn(|head| Redirection::new().path(format!("{}x", head.path())));
    let (asked, diagnoses) = cycle(endless.named("grows"), "/a").await;
    assert_eq!(asked.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(diagnoses[0].starts_with("redirections have no end"), "{diagnoses:?}");
    assert!(
        diagnoses[0].contains("/ax -> /axx -> /axxx") && diagnoses[0].contains("by grows, grows")
    );
    // The length of the path is bounded, because repeated doubling would fill the memory.
    let longest = Arc::new(AtomicUsize::new(0));
    let seen = longest.clone();
    let doubles = policy_fn(move |head: &RequestHead<'_>| {
        seen.fetch_max(head.path().len(), Ordering::SeqCst);
        Redirection::new().path(head.path().repeat(2))
    });
    let path = format!("/{}", "x".repeat(1023));
    assert_eq!(cycle(doubles, &path).await.0.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(longest.load(Ordering::SeqCst) <= 65_535, "{longest:?}");
}

/// A table may have eight redirections in a row. They do not become too many because policies in front
/// redirect, too.
#[tokio::test]
async fn the_longest_chain_of_a_table_is_followed_behind_other_policies() {
    let chain = (0..8).map(|n| {
        let rule = Rule::new(&format!("/{n}")).and_then(|rule| rule.to(&format!("/{}", n + 1)));
        rule.expect("valid")
    });
    let rules = Rules::new(chain).expect("valid");
    let layer = RedirectLayer::new((HttpsOnly::new(), www(), rules));
    let asked = ask(&layer, request("GET", "/0", &[("host", "a.test")])).await;
    assert_eq!(asked.location(), Some("https://www.a.test/8"));
}

struct Moved<T>(std::marker::PhantomData<T>);

impl<T: Send + Sync> RedirectPolicy for Moved<T> {
    fn decide(&self, _: &RequestHead<'_>) -> Decision {
        Decision::Pass
    }
}

/// Names are for operators, so they have no paths of types.
#[tokio::test]
async fn names_are_short_and_the_outermost_name_wins() {
    let maintenance = || Maintenance::new(on());
    let retired = HeaderVersioning::header("api-version", ["2"]).expect("valid");
    let own = Moved::<String>(std::marker::PhantomData);
    let policies: [(&dyn RedirectPolicy, &str); 13] = [
        (&HttpsOnly::new(), "https"),
        (&www(), "canonical-host"),
        (&maintenance(), "maintenance"),
        (&maintenance().standby("https://b.test").expect("valid"), "maintenance"),
        (&versions(), "versions"),
        (&retired, "header-versions"),
        (&QueryVersioning::new("v", "2").expect("valid"), "query-versions"),
        (&Hsts::new(std::time::Duration::ZERO), "hsts"),
        (&policy_fn(|_: &RequestHead<'_>| Decision::Pass), "policy-fn"),
        (&own, "Moved"),
        (&Some(Box::new(HttpsOnly::new())), "https"),
        (&HttpsOnly::new().when(|_| true), "https"),
        (&(HttpsOnly::new(), www()), "list"),
    ];
    for (policy, name) in policies {
        assert_eq!(policy.name(), name);
    }
    // An outer name wins over the names inside, and a policy that passes is not named.
    let itself = policy_fn(|_: &RequestHead<'_>| Redirection::new()).named("itself");
    let layer = RedirectLayer::new((itself, (www(), HttpsOnly::new()).named("site")));
    let layer = layer.insert_answered();
    let service = tower::Layer::layer(&layer, crate::support::Inner::default());
    let asked = request("GET", "/x", &[("host", "a.test")]);
    let response = tower::ServiceExt::oneshot(service, asked).await.expect("infallible");
    let redirected = Answered::of(&response);
    assert_eq!(redirected.and_then(Answered::policy), Some("site"));
}

#[tokio::test]
async fn a_rule_is_named_with_its_table() {
    let rules = || {
        Rules::new([
            Rule::new("/a/*").expect("valid").to("/b/*").expect("valid").line(7),
            Rule::new("/x").expect("valid").to("/y").expect("valid").line(8).named("blog"),
            Rule::new("/z").expect("valid").to("/y").expect("valid"),
        ])
        .expect("valid")
    };
    let record = async |policy: &dyn RedirectPolicy, path| {
        let layer = RedirectLayer::new(policy).insert_answered();
        let service = tower::Layer::layer(&layer, crate::support::Inner::default());
        let response = tower::ServiceExt::oneshot(service, request("GET", path, &[])).await;
        let response = response.expect("infallible");
        let record = Answered::of(&response).expect("redirected");
        (record.policy().unwrap_or_default().to_owned(), record.rule().map(str::to_owned))
    };
    for (path, rule) in [("/a/b", "/a/* (line 7)"), ("/x", "blog"), ("/z", "/z")] {
        assert_eq!(record(&rules(), path).await, ("rules".to_owned(), Some(rule.to_owned())));
    }
    let named = rules().named("moved");
    assert_eq!(record(&named, "/x").await, ("moved".to_owned(), Some("blog".to_owned())));
    assert_eq!(record(&HttpsOnly::new(), "/x").await, ("https".to_owned(), None));

    let back =
        policy_fn(|head| head.path().starts_with("/b/").then(|| Redirection::new().path("/a/1")));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let layer = RedirectLayer::new((rules(), back.named("back"))).on_diagnosis(move |diagnosis| {
        told.lock().expect("unpoisoned").push(diagnosis.to_string())
    });
    assert_eq!(ask(&layer, request("GET", "/a/1", &[])).await.status.as_u16(), 500);
    let seen = seen.lock().expect("unpoisoned");
    assert!(seen.iter().any(|text| text.contains("rules: /a/* (line 7), back")), "{seen:?}");
}

/// The request that a client sends to follow a `Location`.
fn follow(asked: &Asked, method: &Method, secure: bool, host: &str) -> Request<String> {
    let location: Uri = asked.location().expect("a location").parse().expect("a uri");
    let secure = location.scheme_str().map_or(secure, |scheme| scheme == "https");
    let host = location.authority().map_or(host.to_owned(), |a| a.as_str().to_owned());
    let path = location.path_and_query().expect("a path").as_str();
    let request = Request::builder().method(method).uri(path).header("host", &host);
    let mut request = request.body(String::new()).expect("valid");
    if secure {
        request.extensions_mut().insert(Transport::Secure);
    }
    request
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn following_our_own_location_never_redirects_again(
        order in Just([0, 1, 2, 3]).prop_shuffle(),
        count in 1..=4_usize,
        secure: bool,
        port in prop_oneof![Just(443_u16), Just(8443)],
        method in prop_oneof![Just(Method::GET), Just(Method::POST), Just(Method::DELETE)],
        host in prop_oneof![
            Just("a.test"), Just("www.a.test"), Just("OLD.test."), Just("b.test:8080"), Just("[::1]:80"),
        ],
        path in "/(api|apis)?(/v1|/v2|/v3|/x|//|/%2e|/\\.\\.|/ä|/\\\\)?(/y)?(\\?q=[a-z\"]{0,2})?",
        navigates: bool,
    ) {
        let policy: Vec<Box<dyn RedirectPolicy>> = order.into_iter().take(count).map(|number| -> Box<dyn RedirectPolicy> {
            match number {
                0 => Box::new(HttpsOnly::new().port(port)),
                1 => Box::new(www()),
                2 => Box::new(versions()),
                _ => Box::new(Maintenance::new(on()).page("/page").expect("valid")),
            }
        }).collect();
        let layer = RedirectLayer::new(policy);
        let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
        let mut first = request(method.as_str(), "/", &[("host", host)]);
        *first.uri_mut() = uri;
        if secure {
            first.extensions_mut().insert(Transport::Secure);
        }
        let navigate = HeaderValue::from_static("navigate");
        if navigates {
            first.headers_mut().insert("sec-fetch-mode", navigate.clone());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let asked = runtime.block_on(ask(&layer, first));
        if asked.location().is_some() {
            let mut second = follow(&asked, &method, secure, host);
            if navigates {
                second.headers_mut().insert("sec-fetch-mode", navigate);
            }
            let again = runtime.block_on(ask(&layer, second));
            prop_assert_eq!(again.location(), None, "after {:?}", asked.location());
            prop_assert!(again.status != StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// `HttpsOnly` says that it redirects once, and is not asked about the target. A list is always asked.
    #[test]
    fn a_policy_that_redirects_once_answers_as_if_it_were_asked_again(
        kind in 0..6_usize,
        wrapped in 0..4_usize,
        is_fixed: bool,
        method in prop_oneof![Just("GET"), Just("POST"), Just("OPTIONS"), Just("CONNECT")],
        host in prop_oneof![
            Just("a.test"), Just("A.test.:8080"), Just("a.test:443"), Just("[::1]:80"), Just("e@vil"),
        ],
        path in "(/|/health|//e|/%2e|/x\\\\y)(/y)?(\\?q=[a-z\"]{0,2})?",
        proto in prop_oneof![Just("http"), Just("https"), Just("x")],
    ) {
        let https = HttpsOnly::new();
        let https = match kind {
            0 => https,
            1 => https.port(8443),
            2 => https.host("b.test").expect("valid"),
            3 => https.port_map([(8080, 8443)]),
            4 => https.exempt("/health").expect("valid"),
            _ => https.refuse_unsafe().permanent(),
        };
        let policy = || -> Box<dyn RedirectPolicy> {
            match wrapped {
                0 => Box::new(https.clone()),
                1 => Box::new(Some(https.clone())),
                2 => Box::new(https.clone().named("https")),
                _ => Box::new(https.clone().unless(|head| head.path() == "/")),
            }
        };
        prop_assert!(policy().redirects_once() && !(policy(),).redirects_once());
        let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
        let asked = |layer: RedirectLayer<Box<dyn RedirectPolicy>>| {
            let trust = Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded();
            let trust = if is_fixed { trust.transport(Transport::Plain) } else { trust };
            let headers = [("host", host), ("x-forwarded-proto", proto)];
            let mut request = request(method, "/", &headers);
            *request.uri_mut() = uri.clone();
            request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
            let asked = ask_now(&layer.trust(trust), request);
            (asked.status, asked.headers, asked.body, asked.calls)
        };
        let once = asked(RedirectLayer::new(policy()));
        prop_assert_eq!(once, asked(RedirectLayer::new(Box::new((policy(),)))));
    }
}

/// A policy that spreads requests over servers is asked again about each target, unless it sets
/// `allow_self`.
#[tokio::test]
async fn a_policy_may_spread_requests_over_listed_servers() {
    let spread = |is_final: bool| {
        let next = AtomicUsize::new(0);
        policy_fn(move |_| {
            let peer = ["n1.test", "n2.test"][next.fetch_add(1, Ordering::Relaxed) % 2];
            let to = Redirection::new().host(peer).expect("valid");
            Some(if is_final { to.allow_self() } else { to })
        })
    };
    let layer = RedirectLayer::new(spread(true)).hosts(["*.test"]).expect("valid");
    for location in ["http://n1.test/x", "http://n2.test/x", "http://n1.test/x"] {
        let asked = ask(&layer, request("POST", "/x", &[])).await;
        assert_eq!(asked.location(), Some(location));
    }
    let diagnoses = Arc::new(Mutex::new(Vec::new()));
    let told = diagnoses.clone();
    let layer = RedirectLayer::new(spread(false)).hosts(["*.test"]).expect("valid");
    let layer = layer.on_diagnosis(move |d| told.lock().expect("not poisoned").push(d.to_string()));
    let asked = ask(&layer, request("POST", "/x", &[])).await;
    assert_eq!(asked.status, StatusCode::INTERNAL_SERVER_ERROR);
    let told = diagnoses.lock().expect("not poisoned").clone();
    assert!(told[0].contains("set `.allow_self()` on its redirection"));
}
