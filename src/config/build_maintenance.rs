//! Builds the maintenance policy of a configuration.

use std::time::Duration;

use super::configured::boxed;
use super::invalid::Problems;
use super::sections::MaintenanceConfig;
use super::set::{set, set_if};
use crate::policy::{Maintenance, MaintenanceSwitch, MaintenanceWindow, RedirectPolicy};

/// Returns the window in which maintenance is on; `None` if it is off. If `on`, `from` and `until` do not fit
/// together, adds a problem and returns `None`.
pub(super) fn window(
    section: &MaintenanceConfig,
    problems: &mut Problems,
) -> Option<MaintenanceWindow> {
    let end = section.until.map(Into::into);
    match (section.on, section.from.map(Into::into), end) {
        (true, Some(_), _) => {
            problems.add(
                "maintenance.from",
                "`on = true` begins maintenance at once: leave out one of the two",
            );
            None
        }
        (true, None, Some(end)) => Some(MaintenanceWindow::until(end)),
        (true, None, None) => Some(MaintenanceWindow::open()),
        (false, Some(start), Some(end)) => {
            problems.check("maintenance.until", MaintenanceWindow::between(start, end))
        }
        (false, Some(_), None) => {
            problems.add("maintenance.until", "missing: maintenance with `from` needs an end");
            None
        }
        (false, None, Some(_)) => {
            problems.add("maintenance.from", "missing: either `from`, or `on = true`");
            None
        }
        (false, None, None) => None,
    }
}

pub(super) fn maintenance(
    section: &MaintenanceConfig,
    switch: MaintenanceSwitch,
    problems: &mut Problems,
) -> Option<Box<dyn RedirectPolicy>> {
    let MaintenanceConfig { standby, page, redirect_to, .. } = section;
    let policy = Maintenance::new(switch);
    let wait = section.retry_after.map(Duration::from_secs);
    let policy = set(policy, wait, Maintenance::retry_after);
    let policy = set(policy, section.html.clone(), Maintenance::html);
    let policy = set_if(policy, section.problem_json, Maintenance::problem_json);
    let policy = problems.each("maintenance.exempt", policy, &section.exempt, Maintenance::exempt);
    let clients = &section.bypass_clients;
    let policy =
        problems.list("maintenance.bypass_clients", policy, clients, Maintenance::bypass_clients);
    match (standby, page, redirect_to) {
        (None, None, None) => Some(boxed(policy)),
        (Some(url), None, None) => {
            problems.check("maintenance.standby", policy.standby(url)).map(boxed)
        }
        (None, Some(url), None) => problems.check("maintenance.page", policy.page(url)).map(boxed),
        (None, None, Some(url)) => {
            problems.check("maintenance.redirect_to", policy.redirect_to(url)).map(boxed)
        }
        _ => {
            problems.add("maintenance", "one of `standby`, `page` and `redirect_to`, not several");
            None
        }
    }
}
