//! A table of requests by class, with the answers of `Maintenance`.

use std::time::Duration;

use tower_redirect::{Maintenance, MaintenanceSwitch, RedirectPolicy};

pub type Fields = &'static [(&'static str, &'static str)];

pub const NAVIGATE: Fields = &[("sec-fetch-mode", "navigate"), ("accept", "*/*")];
const ACCEPTS_HTML: Fields = &[("accept", "application/xml, Text/HTML;q=0.9")];
const ACCEPTS_HTML_TOO: Fields = &[("accept", "application/json"), ("accept", "text/html")];
const FETCHES: Fields = &[("sec-fetch-mode", "cors"), ("accept", "text/html")];
const UPGRADES: Fields =
    &[("connection", "upgrade"), ("upgrade", "websocket"), ("sec-fetch-mode", "navigate")];
/// Upgrades that some clients offer with every request; a server may decline them.
const OFFERS_H2C: Fields = &[("connection", "upgrade, http2-settings"), ("upgrade", "h2c")];
const OFFERS_TLS: Fields = &[("connection", "upgrade"), ("upgrade", "h2c, TLS/1.3")];
const GRPC: Fields = &[("content-type", "application/grpc+proto")];
const EVENTS: Fields = &[("accept", "text/event-stream"), ("cache-control", "no-cache")];
const PREFLIGHT: Fields = &[("origin", "http://b.test"), ("access-control-request-method", "PUT")];

const PAGE: &str = "https://status.test/page?x";
const ONE: &str = "https://one.test/queue";
const STANDBY: &str = "https://standby.test:8443/p?q";

/// Method, target and fields, and the answers without a target, with `page`, `standby` and `redirect_to`: a
/// `Location`, "503", "grpc" (the status `UNAVAILABLE`), or "pass".
pub type Row = (&'static str, &'static str, Fields, [&'static str; 4]);

pub const ROWS: &[Row] = &[
    // Exempt, preflight.
    ("GET", "/.well-known/acme-challenge/x", NAVIGATE, ["pass", "pass", "pass", "pass"]),
    ("GET", "/health", NAVIGATE, ["pass", "pass", "pass", "pass"]),
    ("OPTIONS", "/health", &[], ["pass", "pass", "pass", "pass"]),
    ("OPTIONS", "/p?q", PREFLIGHT, ["pass", "pass", "pass", "pass"]),
    // The paths of targets on other hosts are not exempt here.
    ("GET", "/page?other", &[], ["503", "503", "https://standby.test:8443/page?other", ONE]),
    ("HEAD", "/page", NAVIGATE, ["503", PAGE, "https://standby.test:8443/page", ONE]),
    ("POST", "/page", &[], ["503", "503", "https://standby.test:8443/page", ONE]),
    ("GET", "/queue", &[], ["503", "503", "https://standby.test:8443/queue", ONE]),
    ("POST", "/queue?a", &[], ["503", "503", "https://standby.test:8443/queue?a", ONE]),
    ("BREW", "/queue", &[], ["503", "503", "https://standby.test:8443/queue", ONE]),
    // Navigations.
    ("GET", "/p?q", NAVIGATE, ["503", PAGE, STANDBY, ONE]),
    ("HEAD", "/p?q", NAVIGATE, ["503", PAGE, STANDBY, ONE]),
    ("GET", "/p?q", ACCEPTS_HTML, ["503", PAGE, STANDBY, ONE]),
    ("GET", "/p?q", ACCEPTS_HTML_TOO, ["503", PAGE, STANDBY, ONE]),
    // Other reads.
    ("GET", "/p?q", &[], ["503", "503", STANDBY, ONE]),
    ("GET", "/p?q", FETCHES, ["503", "503", STANDBY, ONE]),
    ("HEAD", "/p?q", &[], ["503", "503", STANDBY, ONE]),
    ("POST", "/p?q", OFFERS_H2C, ["503", "503", STANDBY, ONE]),
    ("GET", "/p?q", OFFERS_TLS, ["503", "503", STANDBY, ONE]),
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
    ("POST", "/p?q", GRPC, ["grpc", "grpc", "grpc", "grpc"]),
    ("CONNECT", "a.test:443", &[], ["503", "503", "503", "503"]),
    ("OPTIONS", "*", &[], ["503", "503", "503", "503"]),
];

/// The policies of the four columns, with maintenance on.
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
