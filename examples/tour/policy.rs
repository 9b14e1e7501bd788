//! The policies of the tour's main server, and how each step's rule is broken on purpose.

use tower_redirect::policy::RedirectPolicy;
use tower_redirect::{
    ConfigError, HttpsOnly, Maintenance, MaintenanceSwitch, Redirection, Scheme, Versioning,
    policy_fn,
};

/// The ports of the servers that redirects lead to.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub https: u16,
    pub standby: u16,
}

/// https for all; in maintenance the standby for `/api`, a page elsewhere; v1 -> v2.
pub fn policy(
    ports: Ports,
    switch: &MaintenanceSwitch,
    broken: Option<&str>,
) -> Result<impl RedirectPolicy + Clone + use<>, ConfigError> {
    let https = HttpsOnly::new().port(ports.https);
    let break_maintenance = broken == Some("maintenance");
    let maintenance = (
        Maintenance::new(switch.clone())
            .standby(&format!("https://127.0.0.1:{}", ports.standby))?
            .when(move |head| head.path().starts_with("/api/") && !break_maintenance),
        Maintenance::new(switch.clone()).page("/maintenance.html")?,
    );
    let versions = Versioning::new("/api", "v2")?.retire("v1")?;
    Ok((sabotage(ports, broken)?, https, maintenance, versions))
}

/// What a framework's own redirect does to a POST: 302 on the way to https, 303 on the way to v2.
fn sabotage(
    ports: Ports,
    broken: Option<&str>,
) -> Result<impl RedirectPolicy + Clone + use<>, ConfigError> {
    let (order, stream) = (broken == Some("order"), broken == Some("stream"));
    let found = Redirection::new().scheme(Scheme::Https).port(ports.https).found();
    let found = found.rewriting_methods();
    let see_other = Redirection::to("/api/v2/uploads")?.see_other();
    Ok(policy_fn(move |head| match (head.is_secure(), head.path()) {
        (false, "/api/v1/orders") if order => Some(found.clone()),
        (true, "/api/v1/uploads") if stream => Some(see_other.clone()),
        _ => None,
    }))
}
