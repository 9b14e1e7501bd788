use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::{Extensions, Uri};

use super::after_not_found::AfterNotFound;
use super::drain::DrainLimit;
use crate::diagnosis::Diagnosis;
use crate::trust::{Peer, Trust};
use crate::uri::Hosts;

/// The settings of a layer, apart from its policy.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) trust: Trust,
    pub(super) hosts: Hosts,
    pub(super) drain: DrainLimit,
    pub(super) on_diagnosis: DiagnosisHook,
    pub(super) separate_https_redirect: bool,
    pub(super) html_body: bool,
    pub(super) insert_redirected: bool,
    /// Asked once the inner service has answered 404.
    pub(super) after_not_found: Option<AfterNotFound>,
    /// Finds the peer in a request's extensions, unless `trust` has a source of its own.
    pub(super) peer_from: Option<fn(&Extensions) -> Option<Peer>>,
    /// Finds the URI that the request had before routers changed it.
    pub(super) original_uri: Option<fn(&Extensions) -> Option<&Uri>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trust: Trust::nobody(),
            hosts: Hosts::any(),
            drain: DrainLimit::default(),
            on_diagnosis: DiagnosisHook::default(),
            separate_https_redirect: false,
            html_body: false,
            insert_redirected: false,
            after_not_found: None,
            peer_from: None,
            original_uri: None,
        }
    }
}

type OnDiagnosis = dyn Fn(&Diagnosis) + Send + Sync;

/// Calls the hook of the layer once for each cause. The bits are the causes that were reported.
#[derive(Clone, Default)]
pub(super) struct DiagnosisHook(Option<Arc<(AtomicU32, Box<OnDiagnosis>)>>);

impl DiagnosisHook {
    pub(super) fn new(hook: impl Fn(&Diagnosis) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new((AtomicU32::new(0), Box::new(hook)))))
    }

    pub(super) const fn is_some(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn report(&self, diagnosis: &Diagnosis) {
        let Some((reported, hook)) = self.0.as_deref() else { return };
        let cause = diagnosis.cause();
        if reported.fetch_or(cause, Ordering::Relaxed) & cause == 0 {
            hook(diagnosis);
        }
    }
}

impl fmt::Debug for DiagnosisHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some(..)" } else { "None" })
    }
}
