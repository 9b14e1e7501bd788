use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnosis::Diagnosis;
use crate::trust::{Hosts, Trust};

/// What a layer was told, apart from its policy.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) trust: Trust,
    pub(super) hosts: Hosts,
    pub(super) drain: DrainLimit,
    pub(super) on_diagnosis: Hook,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trust: Trust::nobody(),
            hosts: Hosts::any(),
            drain: DrainLimit { bytes: 64 * 1024 * 1024, time: Duration::from_secs(30) },
            on_diagnosis: Hook(None),
        }
    }
}

/// How much of an upload is read away before the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct DrainLimit {
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

type OnDiagnosis = dyn Fn(&Diagnosis) + Send + Sync;

/// Told of diagnoses.
#[derive(Clone)]
pub(super) struct Hook(pub(super) Option<Arc<OnDiagnosis>>);

impl Hook {
    pub(super) fn tell(&self, diagnoses: &[Diagnosis]) {
        if let Some(hook) = &self.0 {
            diagnoses.iter().for_each(|diagnosis| hook(diagnosis));
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some(..)" } else { "None" })
    }
}
