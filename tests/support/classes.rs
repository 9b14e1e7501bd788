//! The table of `Maintenance`: requests by class.

use std::time::Duration;

use tower_redirect::{Maintenance, MaintenanceSwitch, RedirectPolicy};

pub type Fields = &'static [(&'static str, &'static str)];

pub const NAVIGATE: Fields = &[("sec-fetch-mode", "navigate"), ("accept", "*/*")];
const ACCEPTS_HTML: Fields = &[("accept", "application/xml, Text/HTML;q=0.9")];
const ACCEPTS_HTML_TOO: Fields = &[("accept", "application/json"), ("accept", "text/html")];
const FETCHES: Fields = &[("sec-fetch-mode", "cors"), ("accept", "text/html")];
const UPGRADES: Fields =
    &[("connection", "upgrade"), ("upgrade", "websocket"), ("sec-fetch-mode", "navigate")];
const GRPC: Fields = &[("content-type", "application/grpc+proto")];
const EVENTS: Fields = &[("accept", "text/event-stream"), ("cache-control", "no-cache")];
const PREFLIGHT: Fields = &[("origin", "http://b.test"), ("access-control-request-method", "PUT")];

const PAGE: &str = "https://status.test/page?x";
const ONE: &str = "https://one.test/queue";
const STANDBY: &str = "https://standby.test:8443/p?q";

/// Method, target and fields, and what without a target, with `page`, `standby` and `redirect_to` is
/// answered: a `Location`, "503", or "pass".
pub type Row = (&'static str, &'static str, Fields, [&'static str; 4]);

pub const ROWS: &[Row] = &[
    // Exempt, preflight, the targets themselves.
    ("GET", "/.well-known/acme-challenge/x", NAVIGATE, ["pass", "pass", "pass", "pass"]),
    ("GET", "/health", NAVIGATE, ["pass", "pass", "pass", "pass"]),
    ("OPTIONS", "/health", &[], ["pass", "pass", "pass", "pass"]),
    ("OPTIONS", "/p?q", PREFLIGHT, ["pass", "pass", "pass", "pass"]),
    ("GET", "/page?other", &[], ["503", "pass", "https://standby.test:8443/page?other", ONE]),
    ("HEAD", "/page", &[], ["503", "pass", "https://standby.test:8443/page", ONE]),
    ("POST", "/page", &[], ["503", "503", "https://standby.test:8443/page", ONE]),
    ("GET", "/queue", &[], ["503", "503", "https://standby.test:8443/queue", "pass"]),
    ("POST", "/queue?a", &[], ["503", "503", "https://standby.test:8443/queue?a", "pass"]),
    ("BREW", "/queue", &[], ["503", "503", "https://standby.test:8443/queue", "pass"]),
    // Navigations.
    ("GET", "/p?q", NAVIGATE, ["503", PAGE, STANDBY, ONE]),
    ("HEAD", "/p?q", NAVIGATE, ["503", PAGE, STANDBY, ONE]),
    ("GET", "/p?q", ACCEPTS_HTML, ["503", PAGE, STANDBY, ONE]),
    ("GET", "/p?q", ACCEPTS_HTML_TOO, ["503", PAGE, STANDBY, ONE]),
    // Other reads.
    ("GET", "/p?q", &[], ["503", "503", STANDBY, ONE]),
    ("GET", "/p?q", FETCHES, ["503", "503", STANDBY, ONE]),
    ("HEAD", "/p?q", &[], ["503", "503", STANDBY, ONE]),
    // Server-sent events.
    ("GET", "/p?q", EVENTS, ["503", "503", STANDBY, ONE]),
    // Unsafe and unknown methods.
    ("POST", "/p?q", NAVIGATE, ["503", "503", STANDBY, ONE]),
    ("PUT", "/p?q", ACCEPTS_HTML, ["503", "503", STANDBY, ONE]),
    ("DELETE", "/p?q", &[], ["503", "503", STANDBY, ONE]),
    ("BREW", "/p?q", &[], ["503", "503", STANDBY, ONE]),
    ("OPTIONS", "/p?q", &[], ["503", "503", STANDBY, ONE]),
    ("POST", "/health", &[], ["503", "503", "https://standby.test:8443/health", ONE]),
    // Bound to their connection.
    ("GET", "/p?q", UPGRADES, ["503", "503", "503", "503"]),
    ("POST", "/p?q", GRPC, ["503", "503", "503", "503"]),
    ("CONNECT", "a.test:443", &[], ["503", "503", "503", "503"]),
    ("OPTIONS", "*", &[], ["503", "503", "503", "503"]),
];

/// Maintenance under way: without a target, and with each of the three.
pub fn columns() -> [Box<dyn RedirectPolicy>; 4] {
    let switch = MaintenanceSwitch::new();
    switch.on();
    let seconds = Duration::from_millis(1500);
    let bare =
        || Maintenance::new(switch.clone()).retry_after(seconds).exempt("/health").expect("valid");
    [
        Box::new(bare()),
        Box::new(bare().page(PAGE).expect("valid")),
        Box::new(bare().standby("https://standby.test:8443").expect("valid")),
        Box::new(bare().redirect_to(ONE).expect("valid")),
    ]
}
