//! Feature `tracing`: diagnoses and answers are events, without any setting.

use std::sync::{Arc, Mutex};

use tower_redirect::policy::{Rule, Rules};
use tower_redirect::trust::Peer;
use tower_redirect::{HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy};
use tracing::Level;

use crate::support::events::Events;
use crate::support::{ask_now, request};

#[test]
fn each_diagnosis_is_a_warning() {
    let layer = RedirectLayer::new(HttpsOnly::new());
    let ask = |last: u8| {
        let mut request = request("GET", "/", &[("x-forwarded-proto", "https")]);
        request.extensions_mut().insert(Peer::Ip([10, 0, 0, last].into()));
        assert_eq!(ask_now(&layer, request).status, 307);
    };
    // Without a subscriber nothing is diagnosed, so nothing counts as reported.
    ask(1);
    let events = Events::of(Level::WARN, || {
        ask(1);
        ask(1);
        ask(2);
    });
    let [first, second] = events.as_slice() else { panic!("{events:?}") };
    assert!(first.starts_with("WARN tower_redirect"), "{first}");
    assert!(first.contains(r#"diagnosis="untrusted_proxy""#), "{first}");
    assert!(first.contains(r#".trust(Trust::proxies(["10.0.0.1"])?.x_forwarded())"#), "{first}");
    assert!(second.contains("10.0.0.2"), "{second}");
}

#[test]
fn a_hook_is_called_besides_the_event() {
    let told = Arc::new(Mutex::new(0));
    let counted = told.clone();
    let layer = RedirectLayer::new(HttpsOnly::new())
        .on_diagnosis(move |_| *counted.lock().expect("not poisoned") += 1);
    let events = Events::of(Level::WARN, || {
        ask_now(&layer, request("GET", "/", &[("x-forwarded-proto", "https")]));
    });
    assert_eq!(*told.lock().expect("not poisoned"), 1);
    assert_eq!(events.len(), 1);
}

/// The events of a request to `policy`, at any level.
fn events_of(policy: impl RedirectPolicy, method: &str, path: &str, host: &str) -> Vec<String> {
    let layer = RedirectLayer::new(policy).hosts(["a.test"]).expect("valid");
    Events::of(Level::TRACE, || {
        ask_now(&layer, request(method, path, &[("host", host)]));
    })
}

#[test]
fn answers_have_the_level_and_the_fields_of_their_kind() {
    let switch = MaintenanceSwitch::new();
    switch.on();
    let maintenance = Maintenance::new(switch);
    let rules = Rules::new([Rule::new("/a/*").expect("valid").to("/b/*").expect("valid").line(3)]);
    let rules = rules.expect("valid");

    let redirected = r#"DEBUG tower_redirect message=answered http.request.method="POST" http.response.status_code=307 url.scheme="http" url.path=/x server.address=a.test server.port=8080 redirect.kind="redirect" redirect.policy="https" redirect.reason=plain request without `Transport::Secure`, and no proxies are trusted redirect.target_origin=https://a.test"#;
    assert_eq!(events_of(HttpsOnly::new(), "POST", "/x?secret=1", "a.test:8080"), [redirected]);

    let responded = r#"INFO tower_redirect message=answered http.request.method="_OTHER" http.request.method_original=BREW http.response.status_code=503 url.scheme="http" url.path=/x redirect.kind="respond" redirect.policy="maintenance" redirect.reason=maintenance is on, until it is switched off"#;
    let events = events_of(maintenance.clone(), "BREW", "/x", "a.test");
    assert_eq!(events, [responded.replace("url.path=/x", "url.path=/x server.address=a.test")]);

    let refused = r#"INFO tower_redirect message=answered http.request.method="GET" http.response.status_code=421 url.scheme="http" url.path=/x redirect.kind="refuse" redirect.reason=not a host of this server"#;
    let events = events_of(maintenance, "GET", "/x", "b.test");
    assert_eq!(
        events.iter().filter(|event| event.starts_with("INFO")).collect::<Vec<_>>(),
        [refused]
    );
    assert!(events.iter().any(|event| event.starts_with("WARN")), "{events:?}");

    let events = events_of(&rules, "GET", "/a/1", "a.test");
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let rule =
        r#"redirect.policy="rules" redirect.rule=/a/* (line 3) redirect.reason=the first rule"#;
    assert!(event.contains(rule), "{event}");
    assert_eq!(events_of(&rules, "GET", "/c", "a.test"), [""; 0]);
}

#[test]
fn a_subscriber_at_info_gets_no_redirections() {
    let layer = RedirectLayer::new(HttpsOnly::new());
    let events = |level| Events::of(level, || drop(ask_now(&layer, request("GET", "/", &[]))));
    assert_eq!(events(Level::INFO).len(), 0);
    assert_eq!(events(Level::DEBUG).len(), 1);
}

#[test]
fn an_explanation_emits_no_event() {
    let layer = RedirectLayer::new(HttpsOnly::new());
    let forged = request("GET", "/", &[("x-forwarded-proto", "https")]);
    let events = Events::of(Level::TRACE, || {
        assert!(layer.explain(&forged).to_string().contains("warning: "));
    });
    assert_eq!(events, [""; 0]);
}
