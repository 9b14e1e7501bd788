use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{Extensions, Uri};

use crate::diagnosis::Diagnosis;
use crate::trust::{Peer, Trust};
use crate::uri::Hosts;

/// What a layer was told, apart from its policy.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) trust: Trust,
    pub(super) hosts: Hosts,
    pub(super) drain: DrainLimit,
    pub(super) on_diagnosis: Hook,
    pub(super) separate_https_redirect: bool,
    pub(super) html_body: bool,
    pub(super) insert_redirected: bool,
    /// How peers are found, unless trust says otherwise.
    pub(super) peer_from: Option<fn(&Extensions) -> Option<Peer>>,
    /// The URI before routers changed it, where somebody keeps it.
    pub(super) original_uri: Option<fn(&Extensions) -> Option<&Uri>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trust: Trust::nobody(),
            hosts: Hosts::any(),
            drain: DrainLimit { bytes: 64 * 1024 * 1024, time: Duration::from_secs(30) },
            on_diagnosis: Hook::default(),
            separate_https_redirect: false,
            html_body: false,
            insert_redirected: false,
            peer_from: None,
            original_uri: None,
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

/// Told of diagnoses, once for each cause.
#[derive(Clone, Default)]
pub(super) struct Hook(Option<Arc<(AtomicU32, Box<OnDiagnosis>)>>);

impl Hook {
    pub(super) fn new(hook: impl Fn(&Diagnosis) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new((AtomicU32::new(0), Box::new(hook)))))
    }

    pub(super) const fn is_some(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn tell(&self, diagnosis: &Diagnosis) {
        let Some((told, hook)) = self.0.as_deref() else { return };
        let cause = diagnosis.cause();
        if told.fetch_or(cause, Ordering::Relaxed) & cause == 0 {
            hook(diagnosis);
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some(..)" } else { "None" })
    }
}
