//! Without feature `metrics` nothing is counted.

use super::finished::Finished;

pub(crate) const fn start() {}

pub(super) const fn followed(_: u64) {}

pub(super) const fn finished(_: &Finished<'_>) {}
