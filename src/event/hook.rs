use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::reports::{Novelty, Reports};
use super::{count, log};
use crate::diagnosis::Diagnosis;
use crate::system_clock::Instant;
use crate::trust::Peer;

type OnDiagnosis = dyn Fn(&Diagnosis) + Send + Sync;

/// Reports the diagnoses of a layer to its hook, `tracing` and `metrics`. Clones share the history, so that
/// together they report each diagnosis no more often than one alone would.
#[derive(Clone)]
pub(crate) struct DiagnosisHook {
    hook: Option<Arc<OnDiagnosis>>,
    /// Whether diagnoses go to `tracing` and `metrics`, too.
    is_logged: bool,
    history: Arc<History>,
}

/// The diagnoses that were reported, and counts over all requests of a layer.
#[derive(Default)]
struct History {
    reports: Mutex<Reports>,
    /// The number of requests that were redirected to https.
    sent_to_https: AtomicU32,
    /// Whether any request has arrived over https.
    was_secure: AtomicBool,
}

/// The number of requests that are redirected to https before a diagnosis reports that none arrives over
/// https.
const REDIRECTS_BEFORE_DIAGNOSIS: u32 = 100;

impl DiagnosisHook {
    pub(crate) fn new(hook: impl Fn(&Diagnosis) + Send + Sync + 'static) -> Self {
        Self { hook: Some(Arc::new(hook)), ..Self::default() }
    }

    /// Creates a hook that reports to neither `tracing` nor `metrics`. `RedirectLayer::explain` uses it.
    pub(crate) fn unlogged(hook: impl Fn(&Diagnosis) + Send + Sync + 'static) -> Self {
        Self { is_logged: false, ..Self::new(hook) }
    }

    /// Whether a hook or a `tracing` subscriber wants diagnoses. Otherwise none are made, so that
    /// `metrics` counts none.
    pub(crate) fn wants_diagnoses(&self) -> bool {
        self.hook.is_some() || self.is_logged && log::wants_diagnoses()
    }

    /// Reports a diagnosis about a request from `peer`, unless one of the same name was reported for this
    /// peer in the current hour. If it was reported for too many peers, [`Diagnosis::ManyPeers`] is reported
    /// instead, at most once for private peers and once for public peers.
    pub(crate) fn report(&self, diagnosis: Diagnosis, peer: Option<Peer>) {
        let name = diagnosis.name();
        // The lock is released before the hook and the subscriber run: they may report, too.
        let novelty = {
            let mut reports = self.history.reports.lock().unwrap_or_else(PoisonError::into_inner);
            reports.admit(name, peer, Instant::now())
        };
        let diagnosis = match novelty {
            Novelty::First => diagnosis,
            Novelty::Overflow => Diagnosis::ManyPeers { diagnosis: name },
            Novelty::Known => return,
        };
        let diagnosis = diagnosis.shortened();
        if let Some(hook) = &self.hook {
            hook(&diagnosis);
        }
        if self.is_logged {
            log::diagnosed(&diagnosis);
            count::diagnosed(&diagnosis);
        }
    }

    /// Notes that a request arrived over https.
    pub(crate) fn note_secure(&self) {
        self.history.was_secure.store(true, Ordering::Relaxed);
    }

    /// Counts a request that is redirected to https. Returns `true` if more than
    /// [`REDIRECTS_BEFORE_DIAGNOSIS`] were counted and no request has ever arrived over https.
    pub(crate) fn note_sent_to_https(&self) -> bool {
        let History { sent_to_https, was_secure, .. } = &*self.history;
        sent_to_https.fetch_add(1, Ordering::Relaxed) >= REDIRECTS_BEFORE_DIAGNOSIS
            && !was_secure.load(Ordering::Relaxed)
    }
}

impl Default for DiagnosisHook {
    fn default() -> Self {
        Self { hook: None, is_logged: true, history: Arc::default() }
    }
}

impl fmt::Debug for DiagnosisHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.hook.is_some() { "Some(..)" } else { "None" })
    }
}
