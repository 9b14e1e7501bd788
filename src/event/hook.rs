use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::output;
use super::reports::{Novelty, Reports};
use crate::diagnosis::Diagnosis;
use crate::trust::Peer;

type OnDiagnosis = dyn Fn(&Diagnosis) + Send + Sync;

/// Takes the diagnoses of a layer. Clones share what was reported.
#[derive(Clone, Default)]
pub(crate) struct DiagnosisHook {
    hook: Option<Arc<OnDiagnosis>>,
    history: Arc<History>,
}

#[derive(Default)]
struct History {
    reports: Mutex<Reports>,
    /// Requests that were sent to https.
    sent_to_https: AtomicU32,
    /// A request arrived over https.
    was_secure: AtomicBool,
}

/// So many requests are sent to https before it is strange that none arrives there.
const MANY: u32 = 100;

impl DiagnosisHook {
    pub(crate) fn new(hook: impl Fn(&Diagnosis) + Send + Sync + 'static) -> Self {
        Self { hook: Some(Arc::new(hook)), history: Arc::default() }
    }

    /// Whether a hook or a subscriber takes diagnoses; without one none are made.
    pub(crate) fn takes_diagnoses(&self) -> bool {
        self.hook.is_some() || output::is_enabled()
    }

    /// Reports a diagnosis about a request of `peer`, unless that was reported already.
    pub(crate) fn report(&self, diagnosis: Diagnosis, peer: Option<Peer>) {
        let name = diagnosis.name();
        // Unlocked before foreign code runs.
        let novelty = {
            let mut reports = self.history.reports.lock().unwrap_or_else(PoisonError::into_inner);
            reports.admit(name, peer, Instant::now())
        };
        let diagnosis = match novelty {
            Novelty::First => diagnosis,
            Novelty::Overflow => Diagnosis::ManyPeers { diagnosis: name },
            Novelty::Known => return,
        };
        if let Some(hook) = &self.hook {
            hook(&diagnosis);
        }
        output::warn(&diagnosis);
    }

    /// Notes a request that arrived secure.
    pub(crate) fn note_secure(&self) {
        self.history.was_secure.store(true, Ordering::Relaxed);
    }

    /// Notes a request that was sent to https. True once many were, and none ever arrived there.
    pub(crate) fn is_never_secure(&self) -> bool {
        let History { sent_to_https, was_secure, .. } = &*self.history;
        sent_to_https.fetch_add(1, Ordering::Relaxed) >= MANY && !was_secure.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for DiagnosisHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.hook.is_some() { "Some(..)" } else { "None" })
    }
}
