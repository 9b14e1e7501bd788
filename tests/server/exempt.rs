//! Exempt paths: requests for them reach the application over http.

use tower_redirect::policy::TrailingSlash;
use tower_redirect::{CanonicalHost, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer};

use crate::support::{ask_now, request};

#[test]
fn a_path_that_servers_read_differently_is_never_exempt() {
    let switch = MaintenanceSwitch::new();
    switch.on();
    let https = RedirectLayer::new(HttpsOnly::new().exempt("/health").expect("valid"));
    let closed = Maintenance::new(switch).exempt("/health/").expect("valid");
    let closed = RedirectLayer::new(closed);
    for (path, exempt) in [
        ("/health", true),
        ("/health/", true),
        ("/health/live/", true),
        ("/healthy", false),
        ("/health//", false),
        ("/health/../x", false),
        ("/health/..;/x", false),
        ("/health/..%2fx", false),
        ("/health/..%2Fx", false),
        ("/health/a%2fx", false),
        ("/health/a%2Fx", false),
        ("/health/a%5cx", false),
        ("/health/a%5Cx", false),
        ("/health/%2E%2E/x", false),
        ("/health/a%252fx", false),
        ("/health/a%00", false),
        ("/health/%c0%af", false),
        ("/health/%C0%AF", false),
        ("/health/...", false),
        ("/health/%e2%82%ac", true),
        ("/health/%e0%a4%85", true),
        ("/health/%c1%9c../x", false),
        ("/health/%e0%80%ae%E0%80%AE/x", false),
        ("/health/%f0%80%80%ae/x", false),
        ("/health/%%32e%%32e/x", false),
        ("/health/%%32%65/x", false),
        ("/health/%u002e%u002e/x", false),
        ("/health/%2", false),
        ("/health/%", false),
    ] {
        let status = ask_now(&https, request("GET", path, &[])).status.as_u16();
        assert_eq!(status, if exempt { 200 } else { 307 }, "{path}");
        let status = ask_now(&closed, request("GET", path, &[])).status.as_u16();
        assert_eq!(status, if exempt { 200 } else { 503 }, "{path}");
    }
}

/// The application answers a challenge at exactly the URL that the certificate authority asks for
/// (RFC 8555 §8.3).
#[test]
fn an_acme_challenge_passes_every_policy_that_moves_all_urls() {
    let policies =
        (HttpsOnly::new(), CanonicalHost::new("www.a.test").expect("valid"), TrailingSlash::add());
    let layer = RedirectLayer::new(policies);
    let challenge = "/.well-known/acme-challenge/token";
    for (method, path, status) in [
        ("GET", challenge, 200),
        ("HEAD", challenge, 200),
        ("POST", challenge, 307),
        ("GET", "/.well-known/acme-challenge/..%2fx", 307),
        ("GET", "/.well-known/other", 307),
    ] {
        let asked = ask_now(&layer, request(method, path, &[]));
        assert_eq!(asked.status.as_u16(), status, "{method} {path}");
    }
    let site = RedirectLayer::site("www.a.test", std::time::Duration::from_secs(300));
    assert_eq!(ask_now(&site.expect("valid"), request("GET", challenge, &[])).calls, 1);
}

#[test]
fn an_exempt_path_with_a_wildcard_or_capture_is_refused() {
    for path in ["/health/:id", "/:id", "/health/*", "/health/{id}"] {
        let error = HttpsOnly::new().exempt(path).expect_err(path).to_string();
        assert!(error.contains("no wildcards or captures"), "{error}");
    }
    assert!(HttpsOnly::new().exempt("/a:b").is_ok());
}
