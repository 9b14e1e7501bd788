//! The table of `Maintenance`, cell by cell.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower_redirect::{Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy, Transport};

use crate::support::classes::{NAVIGATE, ROWS, columns};
use crate::support::{Asked, ask, request};

fn on() -> MaintenanceSwitch {
    let switch = MaintenanceSwitch::new();
    switch.on();
    switch
}

#[tokio::test]
async fn every_cell() {
    for (column, policy) in columns().into_iter().enumerate() {
        let layer = RedirectLayer::new(policy);
        for (method, uri, fields, expected) in ROWS {
            let expected = expected[column];
            let asked = ask(&layer, request(method, uri, fields)).await;
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
