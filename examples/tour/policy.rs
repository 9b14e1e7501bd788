//! The policies of the tour's main server.

use tower_redirect::policy::RedirectPolicy;
use tower_redirect::{ConfigError, HttpsOnly, Maintenance, MaintenanceSwitch, Versioning};

/// The ports of the servers that redirects lead to.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub https: u16,
    pub standby: u16,
}

/// Redirects all requests to https, and v1 to v2. In maintenance, requests below `/api/` are redirected to
/// the standby, other navigations to a page, and all other requests get 503.
pub fn policy(
    ports: Ports,
    switch: &MaintenanceSwitch,
) -> Result<impl RedirectPolicy + Clone + use<>, ConfigError> {
    let https = HttpsOnly::new().port(ports.https);
    let maintenance = (
        Maintenance::new(switch.clone())
            .standby(&format!("https://127.0.0.1:{}", ports.standby))?
            .when(move |head| head.path().starts_with("/api/")),
        Maintenance::new(switch.clone()).page("/maintenance.html")?,
    );
    let versions = Versioning::new("/api", "v2")?.retire("v1")?;
    Ok((https, maintenance, versions))
}
