//! Exempt paths, as the layer sees them: what they cover reaches the application over http.

use tower_redirect::{HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer};

use crate::support::{ask_now, request};

#[test]
fn what_a_server_may_read_as_another_path_is_never_exempt() {
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
