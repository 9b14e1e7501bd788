//! Without feature `metrics` nothing is counted.

use super::status::Status;

/// The effect of a reload on the layer that is served.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reload {
    Changed,
    Confirmed,
    Rejected,
}

pub(super) const fn start(_: &str, _: &Status) {}

pub(super) const fn reloaded(_: &str, _: Reload, _: &Status) {}
