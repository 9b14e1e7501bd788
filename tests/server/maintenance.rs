//! The table of `Maintenance`, cell by cell.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use tower_redirect::policy::TrailingSlash;
use tower_redirect::{Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy, Transport};

use crate::support::classes::{NAVIGATE, ROWS, columns};
use crate::support::{Asked, ask, request};

fn on() -> MaintenanceSwitch {
    let switch = MaintenanceSwitch::new();
    switch.on();
    switch
}

#[tokio::test]
async fn every_cell_of_the_table_is_answered() {
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
        (200, None, 0) if asked.header("grpc-status") == Some("14") => "grpc".to_owned(),
        (status, None, 0) => status.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_switch_turns_maintenance_on_and_off() {
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
async fn a_standby_that_is_the_origin_itself_causes_no_loop() {
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
async fn different_paths_may_have_different_targets() {
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
async fn a_page_with_special_characters_is_found() {
    let layer = RedirectLayer::new(Maintenance::new(on()).page("/ä|b").expect("valid"));
    let asked = ask(&layer, request("GET", "/", NAVIGATE)).await;
    assert_eq!(summary(&asked), "/%C3%A4%7Cb");
    assert_eq!(summary(&ask(&layer, request("GET", "/%C3%A4%7Cb", &[])).await), "pass");
}

/// Otherwise `TrailingSlash` would redirect away from a page that is reachable in only one form.
#[tokio::test]
async fn a_page_is_reachable_with_and_without_a_slash() {
    for (page, slash, location) in [
        ("/closed", TrailingSlash::add(), "/closed/"),
        ("/closed/", TrailingSlash::remove(), "/closed"),
        ("/closed", TrailingSlash::remove(), "/closed"),
    ] {
        let page = Maintenance::new(on()).page(page).expect("valid");
        let layer = RedirectLayer::new((page, slash));
        assert_eq!(summary(&ask(&layer, request("GET", "/", NAVIGATE)).await), location);
        assert_eq!(summary(&ask(&layer, request("GET", location, NAVIGATE)).await), "pass");
        assert_eq!(summary(&ask(&layer, request("POST", location, &[])).await), "503");
    }
}

#[test]
fn targets_are_checked_when_they_are_given() {
    let new = || Maintenance::new(MaintenanceSwitch::new());
    for origin in ["standby.test", "/x", "https://a.test/x", "https://a.test?x", "ftp://a.test", ""]
    {
        assert!(new().standby(origin).is_err(), "{origin}");
    }
    for url in
        ["//a.test/x", "a.test", "javascript:x", "https://a b/", "https://u@a.test/", "closed.html"]
    {
        assert!(new().page(url).is_err() && new().redirect_to(url).is_err(), "{url}");
    }
    for path in ["health", "/a/../b", "/"] {
        assert!(new().exempt(path).is_err(), "{path}");
    }
}

/// A target with a host is reachable only at its own origin, and a path at any host.
#[tokio::test]
async fn a_target_on_another_host_opens_no_path_here() {
    let page = || Maintenance::new(on()).page("https://status.test/").expect("valid");
    let redirected = || Maintenance::new(on()).redirect_to("https://status.test/").expect("valid");
    let page = RedirectLayer::new(page()).transport(Transport::Secure);
    let redirected = RedirectLayer::new(redirected()).transport(Transport::Secure);
    for (method, host, by_page, by_redirect) in [
        ("GET", "shop.test", "https://status.test/", "https://status.test/"),
        ("DELETE", "shop.test", "503", "https://status.test/"),
        ("GET", "status.test", "pass", "pass"),
        ("GET", "STATUS.test:443", "pass", "pass"),
        ("DELETE", "status.test", "503", "pass"),
        ("GET", "status.test:8443", "https://status.test/", "https://status.test/"),
    ] {
        let asked = |fields: &[(&'static str, &'static str)]| {
            let fields = [fields, &[("host", host)]].concat();
            request(method, "/", &fields)
        };
        assert_eq!(summary(&ask(&page, asked(NAVIGATE)).await), by_page, "{method} {host}");
        assert_eq!(summary(&ask(&redirected, asked(&[])).await), by_redirect, "{method} {host}");
    }
    let path = RedirectLayer::new(Maintenance::new(on()).redirect_to("/queue").expect("valid"));
    assert_eq!(summary(&ask(&path, request("PUT", "/queue", &[("host", "b.test")])).await), "pass");
    // A CONNECT has no path, so a target at `/` does not let it pass.
    for root in ["/", "http://b.test/"] {
        let root = RedirectLayer::new(Maintenance::new(on()).redirect_to(root).expect("valid"));
        let connect = request("CONNECT", "b.test:80", &[("host", "b.test:80")]);
        assert_eq!(summary(&ask(&root, connect).await), "503");
    }
}

#[tokio::test]
async fn a_target_behind_a_proxy_that_replaces_the_host_is_diagnosed() {
    for (fields, told) in [
        (&[("host", "127.0.0.1:3000"), ("via", "1.1 proxy")][..], true),
        (&[("host", "backend"), ("x-real-ip", "192.0.2.7")], true),
        (&[("host", "shop.test"), ("x-forwarded-host", "status.test")], true),
        (&[("host", "shop.test"), ("x-forwarded-host", "shop.test")], false),
        (&[("host", "127.0.0.1:3000")], false),
        (&[("host", "shop.test"), ("x-forwarded-for", "192.0.2.7")], false),
    ] {
        let diagnoses = Arc::new(Mutex::new(Vec::new()));
        let noted = diagnoses.clone();
        let policy = Maintenance::new(on()).redirect_to("https://status.test/now").expect("valid");
        let layer = RedirectLayer::new(policy)
            .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
        assert_eq!(
            summary(&ask(&layer, request("GET", "/now", fields)).await),
            "https://status.test/now"
        );
        let diagnoses = diagnoses.lock().expect("not poisoned");
        let told_now = diagnoses.iter().any(|d| d.contains("to its own path at status.test"));
        assert_eq!(told_now, told, "{fields:?}: {diagnoses:?}");
    }
}

/// gRPC clients take a 503 with a text body for a broken message.
#[tokio::test]
async fn a_grpc_call_is_answered_with_unavailable() {
    let policy = Maintenance::new(on()).retry_after(Duration::from_secs(9));
    let layer = RedirectLayer::new(policy.standby("https://standby.test").expect("valid"));
    for (content_type, answered) in [
        ("application/grpc", "application/grpc"),
        ("application/grpc+proto", "application/grpc"),
        ("Application/GRPC-Web+proto", "application/grpc-web"),
    ] {
        let asked = ask(&layer, request("POST", "/s/m", &[("content-type", content_type)])).await;
        assert_eq!((asked.status.as_u16(), asked.calls, asked.body.len()), (200, 0, 0));
        assert_eq!(asked.header("content-type"), Some(answered));
        assert_eq!(asked.header("grpc-status"), Some("14"));
        assert_eq!(asked.header("grpc-message"), Some("down for maintenance"));
        assert_eq!(asked.header("retry-after"), None);
        assert_eq!(asked.header("cache-control"), Some("no-store"));
    }
}

/// At the same URL, people and crawlers get HTML, and programs that accept JSON get JSON.
#[tokio::test]
async fn a_503_has_the_body_that_is_accepted() {
    const HTML: &str = "text/html; charset=utf-8";
    const TEXT: &str = "text/plain; charset=utf-8";
    const JSON: &str = "application/problem+json";
    let bare = || Maintenance::new(on()).retry_after(Duration::from_millis(1500));
    let page = bare().html("<h1>Back soon</h1>");
    let both = page.clone().problem_json();
    for (accept, expected) in [
        (Some("text/html,application/xhtml+xml,*/*;q=0.8"), [TEXT, HTML, TEXT, HTML]),
        (Some("*/*"), [TEXT, HTML, TEXT, HTML]),
        (None, [TEXT, HTML, TEXT, HTML]),
        (Some("application/json"), [TEXT, TEXT, JSON, JSON]),
        (Some("application/problem+json, */*"), [TEXT, HTML, JSON, JSON]),
        (Some("image/png"), [TEXT, TEXT, TEXT, TEXT]),
        (Some("text/plain, text/html;q=0, application/json;q=0.0"), [TEXT, TEXT, TEXT, TEXT]),
        (Some("application/json-seq, text/html-x"), [TEXT, TEXT, TEXT, TEXT]),
        (Some("text/html;q=0, */*"), [TEXT, TEXT, TEXT, TEXT]),
        (Some("text/html, application/json;q=0.1"), [TEXT, HTML, JSON, HTML]),
        (Some("text/html;q=0.1, application/json;q=0.5"), [TEXT, HTML, JSON, JSON]),
        (Some("*/*, text/*;q=0"), [TEXT, TEXT, TEXT, TEXT]),
        (Some("text/*;q=0, text/html;q=0.1"), [TEXT, HTML, TEXT, HTML]),
    ] {
        let policies = [bare(), page.clone(), bare().problem_json(), both.clone()];
        for (policy, expected) in policies.into_iter().zip(expected) {
            let layer = RedirectLayer::new(policy);
            let fields: Vec<_> = accept.map(|accept| ("accept", accept)).into_iter().collect();
            let asked = ask(&layer, request("GET", "/p", &fields)).await;
            assert_eq!(asked.status, 503, "{accept:?}");
            assert_eq!(asked.header("content-type"), Some(expected), "{accept:?}");
            assert_eq!(asked.header("retry-after"), Some("2"), "{accept:?}");
            let length = asked.body.len().to_string();
            assert_eq!(asked.header("content-length"), Some(length.as_str()), "{accept:?}");
            let head = ask(&layer, request("HEAD", "/p", &fields)).await;
            assert_eq!(head.header("content-length"), Some(length.as_str()), "{accept:?}");
            assert!(head.body.is_empty());
            if expected == JSON {
                let text = String::from_utf8_lossy(&asked.body).into_owned();
                assert!(text.contains("\"status\":503") && text.ends_with('}'), "{text}");
            }
        }
    }
}

/// The function chooses the body and its type, but not the status.
#[tokio::test]
async fn a_503_of_a_function_stays_a_503() {
    let policy = Maintenance::new(on()).retry_after(Duration::from_secs(3)).respond_with(|head| {
        let mut response = Response::new(Bytes::from(format!("{} is closed", head.path())));
        *response.status_mut() = StatusCode::OK;
        if head.path() == "/own" {
            response.headers_mut().insert("retry-after", 7.into());
        }
        response
    });
    let layer = RedirectLayer::new(policy.page("https://status.test/now").expect("valid"));
    for (path, retry_after) in [("/p", "3"), ("/own", "7")] {
        let asked = ask(&layer, request("POST", path, &[])).await;
        assert_eq!((asked.status.as_u16(), asked.header("retry-after")), (503, Some(retry_after)));
        assert_eq!(asked.body, format!("{path} is closed"));
        assert_eq!(asked.header("cache-control"), Some("no-store"));
    }
    let asked = ask(&layer, request("GET", "/p", NAVIGATE)).await;
    assert_eq!(asked.location(), Some("https://status.test/now"));
}
