//! Counts reloads with the `metrics` facade. `guide::observability` lists the metrics.

use std::time::SystemTime;

use metrics::{Key, Label, Level, Metadata, with_recorder};

use super::status::{Reload, Status};

const SUCCESSFUL: &str = "tower_redirect_config_last_reload_successful";
const CHANGED: &str = "tower_redirect_config_last_reload_success_timestamp_seconds";
const CONFIRMED: &str = "tower_redirect_config_last_confirmed_timestamp_seconds";
const HASH: &str = "tower_redirect_config_hash";
const RELOADS: &str = "tower_redirect_config_reloads_total";

static METADATA: Metadata<'static> =
    Metadata::new("tower_redirect", Level::INFO, Some(module_path!()));

/// Starts the counters of a handle at zero, and sets its gauges.
pub(super) fn start(name: &str, status: &Status) {
    count(name, "success", 0);
    count(name, "failure", 0);
    set_gauges(name, status);
}

/// Counts a reload that replaced the layer or was refused, and sets the gauges of the handle.
pub(super) fn reloaded(name: &str, reload: Reload, status: &Status) {
    match reload {
        Reload::Changed => count(name, "success", 1),
        Reload::Rejected => count(name, "failure", 1),
        Reload::Confirmed => {}
    }
    set_gauges(name, status);
}

fn set_gauges(name: &str, status: &Status) {
    gauge(SUCCESSFUL, name, if status.rejection().is_none() { 1.0 } else { 0.0 });
    gauge(CHANGED, name, seconds(status.changed_at()));
    gauge(CONFIRMED, name, seconds(status.confirmed_at()));
    gauge(HASH, name, status.config_hash().unwrap_or_default() as f64);
}

fn gauge(metric: &'static str, name: &str, value: f64) {
    let key = Key::from_parts(metric, vec![config(name)]);
    with_recorder(|recorder| recorder.register_gauge(&key, &METADATA).set(value));
}

fn count(name: &str, result: &'static str, reloads: u64) {
    let labels = vec![config(name), Label::from_static_parts("result", result)];
    let key = Key::from_parts(RELOADS, labels);
    with_recorder(|recorder| recorder.register_counter(&key, &METADATA).increment(reloads));
}

fn config(name: &str) -> Label {
    Label::new("config", name.to_owned())
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
