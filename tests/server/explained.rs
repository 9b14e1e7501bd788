//! An explanation agrees with the answer, because the same code makes both.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use tower_redirect::policy::{Decision, Outcome, Rule, Rules, TrailingSlash, explain};
use tower_redirect::trust::Peer;
use tower_redirect::{
    CanonicalHost, HeaderVersioning, Hsts, HttpsOnly, Maintenance, MaintenanceSwitch,
    QueryVersioning, RedirectLayer, RedirectPolicy, Redirection, RequestHead, Scheme, Transport,
    Trust, Versioning, policy_fn,
};

use crate::generated::{proxies, sent};
use crate::support::property::run;
use crate::support::{ask_now, request};

fn on() -> MaintenanceSwitch {
    let switch = MaintenanceSwitch::new();
    switch.on();
    switch
}

fn layers() -> Vec<RedirectLayer<Arc<dyn RedirectPolicy>>> {
    let www = || CanonicalHost::new("www.a.test").and_then(|www| www.aliases(["old.test"]));
    let www = || www().expect("valid").permanent();
    let versions = || Versioning::new("/api", "v2").and_then(|v| v.retire("v1")).expect("valid");
    let rules = || {
        Rules::new([
            Rule::new("/x/*").expect("valid").to("/api/v1/*").expect("valid").line(1),
            Rule::new("/:a/x").expect("valid").to("https://www.a.test/:a").expect("valid"),
        ])
        .expect("valid")
    };
    let back = policy_fn(|head| head.is_secure().then(|| Redirection::new().scheme(Scheme::Http)));
    let policies: Vec<Arc<dyn RedirectPolicy>> = vec![
        Arc::new(HttpsOnly::new().permanent()),
        Arc::new((HttpsOnly::new(), www(), (versions(), rules().named("moved")))),
        Arc::new((Maintenance::new(on()).standby("https://s.test").expect("valid"), rules())),
        Arc::new((
            Maintenance::new(on()).bypass_clients(["10.0.0.0/31"]).expect("valid"),
            HttpsOnly::new(),
        )),
        Arc::new((HttpsOnly::new().refuse_unsafe(), back)),
        Arc::new((
            TrailingSlash::remove(),
            TrailingSlash::add(),
            Hsts::new(Duration::from_secs(9)),
        )),
        Arc::new(QueryVersioning::new("a", "2").and_then(|v| v.retire("b")).expect("valid")),
        Arc::new(HttpsOnly::new().unless(|head| head.path().starts_with("/api"))),
    ];
    let hosts = ["a.test", "*.a.test", "*.b.test", "old.test"];
    let plain = policies.iter().map(|policy| RedirectLayer::new(policy.clone()));
    let behind = plain.clone().map(|layer| {
        layer.trust(proxies()).hosts(hosts).expect("valid").separate_https_redirect().html_body()
    });
    let forwarded = Trust::proxies(["10.0.0.0/8"]).expect("valid").forwarded();
    let mounted = plain.clone().map(|layer| {
        layer
            .trust(forwarded.clone())
            .mounted_at("/shop")
            .expect("valid")
            .transport(Transport::Plain)
    });
    plain.chain(behind).chain(mounted).collect()
}

#[test]
fn an_explanation_has_the_response_that_is_sent() {
    let layers = layers();
    run((sent(), 0..layers.len(), 0..3_u8), 0.3, |(sent, layer, peer)| {
        let layer = &layers[layer];
        let Some(mut request) = sent.request() else { return Ok(false) };
        if peer < 2 {
            request.extensions_mut().insert(Peer::Ip([10 + peer, 0, 0, 1].into()));
        }
        let explanation = layer.explain(&request);
        let answered = ask_now(layer, request);
        prop_assert_eq!(explanation.response().is_none(), answered.calls == 1, "{}", explanation);
        if let Some(response) = explanation.response() {
            prop_assert_eq!(response.status(), answered.status, "{}", explanation);
            // `Connection` depends on how the upload was read, which an explanation does not know.
            let mut headers = answered.headers.clone();
            headers.remove("connection");
            prop_assert_eq!(response.headers(), &headers, "{}", explanation);
            prop_assert_eq!(response.body(), &answered.body, "{}", explanation);
        }
        let last = explanation.steps().last().map(|step| step.name().to_owned());
        prop_assert_eq!(last.as_deref(), Some("answer"));
        let decided = |outcome| explanation.steps().iter().any(|step| step.outcome() == outcome);
        if answered.status.is_redirection() {
            prop_assert!(decided(Outcome::Redirected), "{}", explanation);
        }
        prop_assert!(!explanation.to_string().chars().any(|c| c.is_control() && c != '\n'));
        Ok(explanation.response().is_some())
    });
}

#[test]
fn each_policy_has_a_line_with_its_reason() {
    let rules = Rules::new([Rule::new("/x/*").expect("valid").to("/y/*").expect("valid").line(7)]);
    let policies = (
        Maintenance::new(MaintenanceSwitch::new()),
        (HttpsOnly::new(), rules.expect("valid")).named("both"),
        TrailingSlash::remove().named("slash"),
    );
    let layer = RedirectLayer::new(policies).hosts(["a.test"]).expect("valid");
    let explanation = layer.explain(&request("GET", "/x/1?q", &[]));
    assert_eq!(
        explanation.to_string(),
        "peer: its address is unknown, and no proxies are trusted\n\
         scheme: http\n\
         host: a.test is listed\n\
         maintenance: passed: no maintenance now\n\
         both: redirected: plain request without `Transport::Secure`, and no proxies are trusted\n\
         one hop: asked again about /x/1 over https\n\
         maintenance: passed: no maintenance now\n\
         https: passed: the request came over https\n\
         rules /x/* (line 7): redirected: the first rule that matches\n\
         one hop: asked again about /y/1 over https\n\
         maintenance: passed: no maintenance now\n\
         https: passed: the request came over https\n\
         rules: passed: no rule matches\n\
         slash: passed: its path has the right form, or is that of a file\n\
         answer: 307, Location: https://a.test/y/1?q"
    );
}

#[test]
fn a_version_in_a_header_is_explained() {
    let policy = HeaderVersioning::header("api-version", ["2"]).expect("valid");
    let layer = RedirectLayer::new(policy.in_path("/api", "v2").expect("valid"));
    for (path, version, expected) in [
        ("/api/x", "2", "header-versions: passed: it names a version that is served, or none"),
        ("/api/v2/x", "7", "header-versions: passed: its path carries a version"),
        (
            "/api/x",
            "7",
            "header-versions: responded: it names a version that was not declared, or several",
        ),
    ] {
        let request = request("GET", path, &[("api-version", version)]);
        let explained = layer.explain(&request).to_string();
        assert!(explained.lines().any(|line| line == expected), "{explained}");
    }
}

#[test]
fn headers_of_a_redirection_are_named() {
    let www = CanonicalHost::new("www.a.test").expect("valid");
    let layer = RedirectLayer::new((www, Hsts::new(Duration::from_secs(9))));
    for (transport, line) in [
        (
            Transport::Secure,
            "answer: 307, Location: https://www.a.test/, with strict-transport-security",
        ),
        (Transport::Plain, "answer: 307, Location: http://www.a.test/"),
    ] {
        let mut request = request("GET", "/", &[]);
        request.extensions_mut().insert(transport);
        let text = layer.explain(&request).to_string();
        assert!(text.lines().any(|each| each == line), "{text}");
    }
}

#[test]
fn the_reason_for_missing_hsts_is_explained() {
    let hsts = Hsts::new(Duration::from_secs(9)).except_hosts(["b.test"]).expect("valid");
    let layer = RedirectLayer::new(hsts);
    for (host, transport, line) in [
        ("a.test", Transport::Plain, "hsts: adds no header: the request is not secure"),
        ("192.0.2.7", Transport::Secure, "hsts: adds no header: the host is an address"),
        ("localhost", Transport::Secure, "hsts: adds no header: the host is a local name"),
        ("b.test", Transport::Secure, "hsts: adds no header: the host is one of `except_hosts`"),
        (
            "a.test",
            Transport::Secure,
            "answer: that of the inner service, with strict-transport-security",
        ),
    ] {
        let mut request = request("GET", "/", &[("host", host)]);
        request.extensions_mut().insert(transport);
        let text = layer.explain(&request).to_string();
        assert!(text.lines().any(|each| each == line), "{text}");
        assert_eq!(text.contains("adds no header"), line.starts_with("hsts"), "{text}");
    }
}

/// A policy may explain another one while the layer asks about the target of a redirection.
#[test]
fn a_policy_explains_another_one_for_the_target_of_a_redirection() {
    let inner = policy_fn(|head| (!head.is_secure()).then(|| Redirection::new().path("/insecure")));
    let asked = policy_fn(move |head| {
        let explained = explain(&inner, head);
        let is_redirected = explained.steps().iter().any(|s| s.outcome() == Outcome::Redirected);
        assert_eq!(is_redirected, !head.is_secure(), "{explained}");
        Decision::Pass
    });
    let layer = RedirectLayer::new((asked, HttpsOnly::new()));
    let asked = ask_now(&layer, request("GET", "/", &[("host", "a.test")]));
    assert_eq!(asked.header("location"), Some("https://a.test/"));
}

/// The path of a type in a trait method contains `<` and `>`, and so does that of a generic type.
#[test]
fn a_policy_has_the_name_of_its_type() {
    trait Make {
        fn make() -> String;
    }
    struct Generic<T>(std::marker::PhantomData<fn(T) -> T>);
    impl<T: Send + Sync + 'static> RedirectPolicy for Generic<T> {
        fn decide(&self, _: &RequestHead<'_>) -> Decision {
            Decision::Pass
        }
    }
    struct Maker;
    impl Make for Maker {
        fn make() -> String {
            struct Moved;
            impl RedirectPolicy for Moved {
                fn decide(&self, _: &RequestHead<'_>) -> Decision {
                    Decision::Pass
                }
            }
            Moved.name().into_owned()
        }
    }
    assert_eq!(Maker::make(), "Moved");
    let generic = Generic::<Vec<Option<fn() -> u8>>>(std::marker::PhantomData);
    assert_eq!(generic.name(), "Generic");
}

#[test]
fn a_refusal_before_the_policies_is_explained() {
    let layer = RedirectLayer::new(HttpsOnly::new()).hosts(["a.test"]).expect("valid");
    for (host, found, answer) in [
        ("b.test", "refused: not a host of this server", "answer: 421"),
        ("a@b", "refused: ", "answer: 400"),
    ] {
        let explanation = layer.explain(&request("GET", "/", &[("host", host)])).to_string();
        assert!(explanation.contains(found), "{explanation}");
        assert!(explanation.ends_with(answer), "{explanation}");
        assert!(!explanation.contains("https:"), "{explanation}");
    }
    let trust = Trust::proxies(["10.0.0.1"]).expect("valid").x_forwarded();
    let mut forwarded = request("GET", "/", &[("host", "a.test"), ("x-forwarded-proto", "ftp")]);
    forwarded.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
    let explanation = layer.trust(trust).explain(&forwarded).to_string();
    assert!(explanation.contains("refused: malformed forwarded scheme"), "{explanation}");
}

#[test]
fn a_bypass_a_loop_and_a_404_are_explained() {
    let bypass = Maintenance::new(on()).bypass(|_| true);
    let explanation = RedirectLayer::new(bypass).explain(&request("GET", "/", &[])).to_string();
    assert!(explanation.contains("a bypass lets the request through"), "{explanation}");
    assert!(explanation.contains("cache-control: no-store"), "{explanation}");

    let back = policy_fn(|head| head.is_secure().then(|| Redirection::new().scheme(Scheme::Http)));
    let cycle = RedirectLayer::new((HttpsOnly::new(), back));
    let explanation = cycle.explain(&request("GET", "/", &[])).to_string();
    assert!(explanation.contains("warning: ") && explanation.ends_with("answer: 500"));

    let moved = policy_fn(|head: &RequestHead<'_>| {
        (head.path() == "/old").then(|| Redirection::new().path("/new"))
    });
    let layer = RedirectLayer::new(HttpsOnly::new().when(|_| false)).after_not_found(moved);
    let explanation = layer.explain(&request("GET", "/old", &[])).to_string();
    let lines = "after 404: the policies below are asked only if the inner service answers 404\n\
                 policy-fn: redirected\n\
                 one hop: asked again about /new\n\
                 policy-fn: passed\n\
                 answer: 307, Location: /new";
    assert!(explanation.contains("skipped by its `when` or `unless` condition"), "{explanation}");
    assert!(explanation.ends_with(lines), "{explanation}");
}

#[test]
fn an_explanation_is_not_reported() {
    let told = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (diagnosed, answered) = (told.clone(), told.clone());
    let count = |told: &std::sync::atomic::AtomicUsize| {
        told.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    };
    let layer = RedirectLayer::new(HttpsOnly::new())
        .on_diagnosis(move |_| count(&diagnosed))
        .on_answer(move |_| count(&answered));
    let forged = || request("GET", "/", &[("x-forwarded-proto", "https")]);
    assert!(layer.explain(&forged()).to_string().contains("warning: "));
    assert_eq!(told.load(std::sync::atomic::Ordering::SeqCst), 0);
    ask_now(&layer, forged());
    assert_eq!(told.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_body_of_the_request_is_not_touched() {
    let mut asked = request("POST", "/", &[]);
    *asked.body_mut() = Full::from("tea");
    let layer = RedirectLayer::new(HttpsOnly::new());
    assert!(layer.explain(&asked).response().is_some());
    assert_eq!(asked.into_body().collect().await.expect("infallible").to_bytes(), "tea");
}

#[test]
fn hooks_do_not_change_the_answer() {
    // https in the target of a plain request: it is refused only if the policy reads the host.
    for (method, target, status) in [("BREW", "https://a.test/", 421), ("GET", "/", 307)] {
        let fields = [("sec-fetch-mode", "navigate")];
        for policy in [HttpsOnly::new(), HttpsOnly::new().refuse_unsafe()] {
            let asked = || request(method, target, &fields);
            let plain = RedirectLayer::new(policy.clone());
            let hooked = RedirectLayer::new(policy).on_diagnosis(|_| {}).on_answer(|_| {});
            let (plain, hooked) = (ask_now(&plain, asked()), ask_now(&hooked, asked()));
            assert_eq!((plain.status, &plain.headers), (hooked.status, &hooked.headers));
            assert!(plain.status == status || plain.status == 403, "{:?}", plain.status);
        }
    }
}

#[test]
fn an_answer_without_additions_names_none() {
    let layer = RedirectLayer::new(policy_fn(|_| Decision::PassWithHeaders(HeaderMap::new())));
    let text = layer.explain(&request("GET", "/", &[("host", "a.test")])).to_string();
    assert_eq!(text.lines().last(), Some("answer: that of the inner service"));
}

#[test]
fn control_characters_in_names_are_escaped() {
    let rule = Rule::new("/a").and_then(|rule| rule.to("/b")).expect("valid").named("r\n\u{202e}");
    let layer = RedirectLayer::new(Rules::new([rule]).expect("valid").named("p\u{1b}"));
    let explained = layer.explain(&request("GET", "/a", &[])).to_string();
    let line = "p\\u{1b} r\\u{a}\\u{202e}: redirected: the first rule that matches";
    assert!(explained.lines().any(|each| each == line), "{explained}");
}

#[test]
fn the_host_is_listed_or_the_default() {
    let layer = RedirectLayer::new(policy_fn(|_| None)).default_host("b.test").expect("valid");
    let listed = layer.clone().hosts(["a.test"]).expect("valid");
    for (layer, host, line) in [
        (&listed, "a.test", "host: a.test is listed"),
        (&listed, "b.test", "host: b.test is the default host"),
        (&layer, "b.test", "host: b.test is the default host"),
        (&layer, "a.test", "host: a.test is accepted, because no hosts are listed"),
    ] {
        let explained = layer.explain(&request("GET", "/", &[("host", host)])).to_string();
        assert!(explained.lines().any(|found| found == line), "{explained}");
    }
}
