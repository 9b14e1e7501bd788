//! Events under target `tower_redirect`.

use tracing::Level;

use crate::diagnosis::Diagnosis;

const TARGET: &str = "tower_redirect";

/// Whether a subscriber wants diagnoses.
pub(super) fn is_enabled() -> bool {
    tracing::enabled!(target: TARGET, Level::WARN)
}

pub(super) fn warn(diagnosis: &Diagnosis) {
    tracing::warn!(target: TARGET, diagnosis = diagnosis.name(), "{diagnosis}");
}
