//! The table of `Maintenance`, cell by cell.
#![allow(missing_docs)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::{Asked, ask, request};
use tower_redirect::{Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy, Transport};

fn on() -> MaintenanceSwitch {
    let switch = MaintenanceSwitch::new();
    switch.on();
    switch
}

type Fields = &'static [(&'static str, &'static str)];

const NAVIGATE: Fields = &[("sec-fetch-mode", "navigate"), ("accept", "*/*")];
const ACCEPTS_HTML: Fields = &[("accept", "application/xml, Text/HTML;q=0.9")];
const ACCEPTS_HTML_TOO: Fields = &[("accept", "application/json"), ("accept", "text/html")];
const FETCHES: Fields = &[("sec-fetch-mode", "cors"), ("accept", "text/html")];
const UPGRADES: Fields =
    &[("connection", "upgrade"), ("upgrade", "websocket"), ("sec-fetch-mode", "navigate")];
const GRPC: Fields = &[("content-type", "application/grpc+proto")];
const PREFLIGHT: Fields = &[("origin", "http://b.test"), ("access-control-request-method", "PUT")];

/// Requests by class, with what none, page, standby and redirect_to answer: a `Location`, "503", or
/// "pass".
const PAGE: &str = "https://status.test/page?x";
const ONE: &str = "https://one.test/queue";

#[tokio::test]
async fn every_cell() {
    let standby = "https://standby.test:8443/p?q";
    for (method, uri, fields, none, page, standby, one) in [
        // Exempt, preflight, the targets themselves.
        ("GET", "/.well-known/acme-challenge/x", NAVIGATE, "pass", "pass", "pass", "pass"),
        ("GET", "/health", NAVIGATE, "pass", "pass", "pass", "pass"),
        ("OPTIONS", "/health", &[], "pass", "pass", "pass", "pass"),
        ("OPTIONS", "/p?q", PREFLIGHT, "pass", "pass", "pass", "pass"),
        ("GET", "/page?other", &[], "503", "pass", "https://standby.test:8443/page?other", ONE),
        ("HEAD", "/page", &[], "503", "pass", "https://standby.test:8443/page", ONE),
        ("POST", "/page", &[], "503", "503", "https://standby.test:8443/page", ONE),
        ("GET", "/queue", &[], "503", "503", "https://standby.test:8443/queue", "pass"),
        ("POST", "/queue?a", &[], "503", "503", "https://standby.test:8443/queue?a", "pass"),
        ("BREW", "/queue", &[], "503", "503", "https://standby.test:8443/queue", "pass"),
        // Navigations.
        ("GET", "/p?q", NAVIGATE, "503", PAGE, standby, ONE),
        ("HEAD", "/p?q", NAVIGATE, "503", PAGE, standby, ONE),
        ("GET", "/p?q", ACCEPTS_HTML, "503", PAGE, standby, ONE),
        ("GET", "/p?q", ACCEPTS_HTML_TOO, "503", PAGE, standby, ONE),
        // Other reads.
        ("GET", "/p?q", &[], "503", "503", standby, ONE),
        ("GET", "/p?q", FETCHES, "503", "503", standby, ONE),
        ("HEAD", "/p?q", &[], "503", "503", standby, ONE),
        // Unsafe and unknown methods.
        ("POST", "/p?q", NAVIGATE, "503", "503", standby, ONE),
        ("PUT", "/p?q", ACCEPTS_HTML, "503", "503", standby, ONE),
        ("DELETE", "/p?q", &[], "503", "503", standby, ONE),
        ("BREW", "/p?q", &[], "503", "503", standby, ONE),
        ("OPTIONS", "/p?q", &[], "503", "503", standby, ONE),
        ("POST", "/health", &[], "503", "503", "https://standby.test:8443/health", ONE),
        // Bound to their connection.
        ("GET", "/p?q", UPGRADES, "503", "503", "503", "503"),
        ("POST", "/p?q", GRPC, "503", "503", "503", "503"),
        ("CONNECT", "a.test:443", &[], "503", "503", "503", "503"),
        ("OPTIONS", "*", &[], "503", "503", "503", "503"),
    ] {
        let seconds = Duration::from_millis(1500);
        let bare = || Maintenance::new(on()).retry_after(seconds).exempt("/health").expect("valid");
        let paged = bare().page(PAGE).expect("valid");
        let standing = bare().standby("https://standby.test:8443").expect("valid");
        let single = bare().redirect_to(ONE).expect("valid");
        let cells: [(Box<dyn RedirectPolicy>, &str); 4] = [
            (Box::new(bare()), none),
            (Box::new(paged), page),
            (Box::new(standing), standby),
            (Box::new(single), one),
        ];
        for (column, (policy, expected)) in cells.into_iter().enumerate() {
            let asked = ask(&RedirectLayer::new(policy), request(method, uri, fields)).await;
            let case = format!("{method} {uri} {fields:?}, column {column}");
            assert_eq!(summary(&asked), expected, "{case}");
            let retry_after = (expected == "503").then_some("2");
            assert_eq!(asked.header("retry-after"), retry_after, "{case}");
            let cache = (expected != "pass").then_some("no-store");
            assert_eq!(asked.header("cache-control"), cache, "{case}");
        }
    }
}

fn summary(asked: &Asked) -> String {
    match (asked.status.as_u16(), asked.location(), asked.calls) {
        (200, None, 1) => "pass".to_owned(),
        (307, Some(location), 0) => location.to_owned(),
        (status, None, 0) => status.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_switch_decides() {
    let switch = MaintenanceSwitch::new();
    let layer = RedirectLayer::new(Maintenance::new(switch.clone()));
    for _ in 0..2 {
        assert_eq!(summary(&ask(&layer, request("POST", "/", &[])).await), "pass");
        switch.on();
        assert_eq!(summary(&ask(&layer, request("POST", "/", &[])).await), "503");
        switch.off();
    }
}

#[tokio::test]
async fn retry_after_is_rounded_up_and_never_zero() {
    for (wait, expected) in [
        (Duration::ZERO, "1"),
        (Duration::from_millis(1), "1"),
        (Duration::from_secs(1), "1"),
        (Duration::from_millis(1001), "2"),
        (Duration::MAX, "18446744073709551615"),
    ] {
        let layer = RedirectLayer::new(Maintenance::new(on()).retry_after(wait));
        let asked = ask(&layer, request("GET", "/", &[])).await;
        assert_eq!(asked.header("retry-after"), Some(expected));
    }
    let layer = RedirectLayer::new(Maintenance::new(on()));
    assert_eq!(ask(&layer, request("GET", "/", &[])).await.header("retry-after"), None);
}

#[tokio::test]
async fn a_standby_that_is_the_origin_itself_is_no_loop() {
    let diagnoses = Arc::new(Mutex::new(Vec::new()));
    let noted = diagnoses.clone();
    let policy = Maintenance::new(on()).standby("https://a.test").expect("valid");
    let layer = RedirectLayer::new(policy)
        .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
    let asked = ask(&layer, request("POST", "/p", &[])).await;
    assert_eq!(summary(&asked), "https://a.test/p", "http is another origin");
    assert!(diagnoses.lock().expect("not poisoned").is_empty());

    let layer = layer.transport(Transport::Secure);
    let asked = ask(&layer, request("POST", "/p", &[("host", "A.test:443")])).await;
    assert_eq!(summary(&asked), "503");
    let diagnoses = diagnoses.lock().expect("not poisoned");
    assert!(diagnoses[0].starts_with("the standby is a.test:443 itself"), "{diagnoses:?}");
    assert_eq!(diagnoses.len(), 1);
}

#[tokio::test]
async fn different_targets_for_different_paths() {
    let maintenance = Maintenance::new(on());
    let standby = maintenance.clone().standby("https://standby.test").expect("valid");
    let page = maintenance.page("/down.html").expect("valid");
    let layer = RedirectLayer::new((standby.when(|head| head.path().starts_with("/api/")), page));
    let asked = ask(&layer, request("POST", "/api/x", &[])).await;
    assert_eq!(summary(&asked), "https://standby.test/api/x");
    assert_eq!(summary(&ask(&layer, request("GET", "/", NAVIGATE)).await), "/down.html");
    assert_eq!(summary(&ask(&layer, request("GET", "/down.html", NAVIGATE)).await), "pass");
    assert_eq!(summary(&ask(&layer, request("POST", "/", &[])).await), "503");
}

#[tokio::test]
async fn a_page_is_found_however_it_is_written() {
    let layer = RedirectLayer::new(Maintenance::new(on()).page("/ä|b").expect("valid"));
    let asked = ask(&layer, request("GET", "/", NAVIGATE)).await;
    assert_eq!(summary(&asked), "/%C3%A4%7Cb");
    assert_eq!(summary(&ask(&layer, request("GET", "/%C3%A4%7Cb", &[])).await), "pass");
}

#[test]
fn targets_are_checked_when_they_are_given() {
    let new = || Maintenance::new(MaintenanceSwitch::new());
    for origin in ["standby.test", "/x", "https://a.test/x", "https://a.test?x", "ftp://a.test", ""]
    {
        assert!(new().standby(origin).is_err(), "{origin}");
    }
    for url in ["//a.test/x", "a.test", "javascript:x", "https://a b/", "https://u@a.test/", "/#x"]
    {
        assert!(new().page(url).is_err() && new().redirect_to(url).is_err(), "{url}");
    }
    for path in ["health", "/a/../b", "/"] {
        assert!(new().exempt(path).is_err(), "{path}");
    }
}
