//! Without feature `tracing` there are no events.

use crate::diagnosis::Diagnosis;

pub(super) const fn is_enabled() -> bool {
    false
}

pub(super) const fn warn(_: &Diagnosis) {}
