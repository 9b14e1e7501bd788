//! What the hooks of a layer are told about its answers.

use std::sync::{Arc, Mutex};

use http::{Method, Version};
use http_body_util::Full;
use proptest::prelude::*;
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::server::{AnswerKind, Answered};
use tower_redirect::trust::Peer;
use tower_redirect::{
    CanonicalHost, Decision, Hsts, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer,
    RedirectPolicy, Redirection, RequestHead, Scheme, Trust, Versioning, policy_fn,
};

use crate::generated::{proxies, sent};
use crate::support::property::run;
use crate::support::{ask_now, request};

type Heard = Arc<Mutex<Vec<Answered<'static>>>>;

/// Adds a hook that records the answers of a layer.
fn record<P: RedirectPolicy>(layer: RedirectLayer<P>) -> (RedirectLayer<P>, Heard) {
    let heard = Heard::default();
    let hook = heard.clone();
    let layer = layer.on_answer(move |answered| {
        hook.lock().expect("not poisoned").push(answered.clone().into_owned());
    });
    (layer, heard)
}

fn on() -> MaintenanceSwitch {
    let switch = MaintenanceSwitch::new();
    switch.on();
    switch
}

#[test]
fn each_kind_of_answer_is_reported_once() {
    let back = policy_fn(|head| head.is_secure().then(|| Redirection::new().scheme(Scheme::Http)));
    let policies: [Arc<dyn RedirectPolicy>; 4] = [
        Arc::new((HttpsOnly::new(), Maintenance::new(on()))),
        Arc::new((Maintenance::new(on()), HttpsOnly::new())),
        Arc::new((HttpsOnly::new(), back)),
        Arc::new(Maintenance::new(on()).named("night")),
    ];
    let [https, maintenance, cycle, night] = policies;
    let rows = [
        (&https, "a.test", AnswerKind::Redirect, 307, Some("https"), Some("https://a.test")),
        (&maintenance, "a.test", AnswerKind::Respond, 503, Some("maintenance"), None),
        (&https, "b.test", AnswerKind::Refuse, 421, None, None),
        (&https, "a@b", AnswerKind::Refuse, 400, None, None),
        (&cycle, "a.test", AnswerKind::Refuse, 500, Some("https"), None),
        (&night, "a.test", AnswerKind::Respond, 503, Some("night"), None),
    ];
    for (policy, host, kind, status, name, target) in rows {
        let layer = RedirectLayer::new(policy).hosts(["a.test"]).expect("valid").insert_answered();
        let (layer, heard) = record(layer);
        let asked = ask_now(&layer, request("PUT", "/x?q=secret", &[("host", host)]));
        assert_eq!(asked.status, status);
        let heard = heard.lock().expect("not poisoned");
        let [answered] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!((answered.kind(), answered.status().as_u16()), (kind, status));
        assert_eq!((answered.policy(), answered.target_origin()), (name, target), "{answered}");
        assert_eq!((answered.method(), answered.path()), (&Method::PUT, "/x"));
        assert_eq!((answered.scheme(), answered.client_ip()), (Scheme::Http, None));
        assert_eq!(answered.host(), (!(400..500).contains(&status)).then_some("a.test"));
        assert!(answered.reason().is_some_and(|reason| !reason.ends_with('\n')), "{answered}");
        assert!(!format!("{answered}{answered:?}").contains("secret"));
    }
}

#[test]
fn passes_are_not_reported() {
    let (layer, heard) = record(RedirectLayer::new((
        Maintenance::new(Default::default()),
        Hsts::new(std::time::Duration::from_secs(1)),
    )));
    assert_eq!(ask_now(&layer, request("GET", "/", &[])).status, 200);
    assert!(heard.lock().expect("not poisoned").is_empty());
}

#[test]
fn a_rule_is_named_unless_it_is_quiet() {
    let rule = |from: &str| Rule::new(from).and_then(|rule| rule.to("/new")).expect("valid");
    let rules = Rules::new([
        rule("/a").line(4),
        rule("/b").named("blog"),
        rule("/c").quiet(),
        Rule::new("/d").expect("valid").gone().line(9),
    ]);
    let (layer, heard) = record(RedirectLayer::new(rules.expect("valid")));
    for path in ["/a", "/b", "/c", "/d", "/e"] {
        ask_now(&layer, request("GET", path, &[]));
    }
    let heard = heard.lock().expect("not poisoned");
    let rules: Vec<_> = heard.iter().map(|answered| (answered.kind(), answered.rule())).collect();
    assert_eq!(
        rules,
        [
            (AnswerKind::Redirect, Some("/a (line 4)")),
            (AnswerKind::Redirect, Some("blog")),
            (AnswerKind::Respond, Some("/d (line 9)")),
        ]
    );
}

#[test]
fn the_client_is_reported_only_if_it_is_asked_for() {
    for (reports, told) in [(true, Some([192, 0, 2, 7].into())), (false, None)] {
        let layer = RedirectLayer::new(HttpsOnly::new()).trust(proxies());
        let layer = if reports { layer.report_client_ip() } else { layer };
        let (layer, heard) = record(layer);
        let fields = [("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "http")];
        let mut request = request("GET", "/", &fields);
        request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
        ask_now(&layer, request);
        assert_eq!(heard.lock().expect("not poisoned")[0].client_ip(), told);
    }
}

#[test]
fn hooks_are_called_in_order() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let hook = |name| {
        let order = order.clone();
        move |_: &Answered<'_>| order.lock().expect("not poisoned").push(name)
    };
    let layer = RedirectLayer::new(HttpsOnly::new()).on_answer(hook(1)).on_answer(hook(2));
    ask_now(&layer, request("GET", "/", &[]));
    assert_eq!(*order.lock().expect("not poisoned"), [1, 2]);
}

/// All policies at once, as a site might have them.
fn everything() -> impl RedirectPolicy {
    let www = CanonicalHost::new("www.a.test").and_then(|www| www.aliases(["old.test"]));
    let rules = Rules::new([Rule::new("/x/*").expect("valid").to("/api/v1/*").expect("valid")]);
    (
        HttpsOnly::new().permanent(),
        www.expect("valid"),
        Maintenance::new(on()).bypass(|head| head.path().starts_with("/api")),
        rules.expect("valid"),
        Versioning::new("/api", "v2").and_then(|v| v.retire("v1")).expect("valid"),
        Hsts::new(std::time::Duration::from_secs(300)),
    )
}

#[test]
fn report_only_changes_no_byte() {
    let layer = || {
        let hosts = ["a.test", "*.a.test", "*.b.test", "old.test"];
        RedirectLayer::new(everything()).trust(proxies()).hosts(hosts).expect("valid")
    };
    let (reporting, heard) = record(layer().insert_answered().report_only());
    let answering = layer();
    run((sent(), 0..2_u8), 0.3, |(sent, peer)| {
        let Some(mut asked) = sent.request() else { return Ok(false) };
        asked.extensions_mut().insert(Peer::Ip([10, 0, 0, peer].into()));
        let Some(mut again) = sent.request() else { return Ok(false) };
        again.extensions_mut().insert(Peer::Ip([10, 0, 0, peer].into()));
        let (reported, answered) = (ask_now(&reporting, asked), ask_now(&answering, again));
        prop_assert_eq!((reported.status.as_u16(), reported.calls), (200, 1));
        prop_assert_eq!(&reported.body[..], b"inner");
        prop_assert_eq!(reported.headers.len(), 1, "{:?}", reported.headers);
        let told = heard.lock().expect("not poisoned").pop();
        prop_assert_eq!(told.is_some(), answered.calls == 0);
        if let Some(told) = &told {
            prop_assert_eq!(told.kind(), AnswerKind::ReportOnly);
            prop_assert_eq!(told.status(), answered.status);
        }
        Ok(told.is_some())
    });
}

#[test]
fn an_answer_is_reported_in_one_line_without_secrets() {
    // A policy whose reason quotes what the client sent.
    let echo = policy_fn(|head: &RequestHead<'_>| {
        head.because(format_args!("path {:?} {}", head.path(), head.path()));
        head.path().contains('z').then(|| Redirection::new().path("/new"))
    });
    let layer = RedirectLayer::new((echo, everything())).trust(proxies()).report_client_ip();
    let (layer, heard) = record(layer);
    let junk = prop_oneof!["[a-z\u{1b}\r\n\u{202e}äz]{0,20}", "[\\x00-\\xff]{0,40}", "z{300,400}",];
    run((sent(), junk, 0..2_u8), 0.2, |(mut sent, junk, peer)| {
        sent.version = Version::HTTP_11;
        let encoded: String = junk.chars().filter(|c| !c.is_ascii_control()).collect();
        let separator = if sent.target.contains('?') { '&' } else { '?' };
        sent.target = format!("{}{separator}token=s3cret&z={encoded}", sent.target);
        let fields = [("authorization", "Bearer s3cret"), ("cookie", "pass=s3cret")];
        sent.fields.extend(fields);
        let Some(mut request) = sent.request() else { return Ok(false) };
        if let Ok(field) = http::HeaderValue::from_bytes(junk.as_bytes()) {
            request.headers_mut().append("x-forwarded-for", field.clone());
            request.headers_mut().append("x-forwarded-host", field);
        }
        request.extensions_mut().insert(Peer::Ip([10, 0, 0, peer].into()));
        ask_now(&layer, request);
        let heard = std::mem::take(&mut *heard.lock().expect("not poisoned"));
        for answered in &heard {
            prop_assert!(!format!("{answered:?}").contains("s3cret"), "{:?}", answered);
            let line = answered.to_string();
            prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
            prop_assert!(line.len() < 5 * 300, "{}", line.len());
        }
        Ok(!heard.is_empty())
    });
}

#[test]
fn a_url_in_the_query_of_a_relative_location_is_not_its_origin() {
    let moved = policy_fn(|head: &RequestHead<'_>| {
        (head.path() == "/old").then(|| Redirection::new().path("/new"))
    });
    let (layer, heard) = record(RedirectLayer::new(moved));
    let target = "/old?token=s3cret&next=https://b.test/x";
    let request = http::Request::get(target).header("host", "a.test");
    ask_now(&layer, request.body(Full::<bytes::Bytes>::default()).expect("valid"));
    let heard = std::mem::take(&mut *heard.lock().expect("not poisoned"));
    let [answered] = heard.as_slice() else { panic!("one answer: {heard:?}") };
    assert_eq!(answered.target_origin(), None);
    assert!(!answered.to_string().contains("s3cret"), "{answered}");
}

#[test]
fn credentials_in_a_response_of_a_policy_are_not_reported() {
    let leaks = policy_fn(|_: &RequestHead<'_>| {
        let response = http::Response::builder().status(302);
        let response = response.header("location", "https://user:s3cret@b.test:8443/x?y");
        Decision::Respond(response.body(bytes::Bytes::new()).expect("valid"))
    });
    let (layer, heard) = record(RedirectLayer::new(leaks).trust(Trust::nobody()));
    ask_now(&layer, request("GET", "/", &[]));
    let heard = heard.lock().expect("not poisoned");
    assert_eq!(heard[0].target_origin(), Some("https://b.test:8443"));
    assert!(!format!("{heard:?}").contains("s3cret"));
}
