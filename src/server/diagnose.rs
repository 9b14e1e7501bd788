//! Diagnoses problems of a request, after the decision.

use crate::diagnosis::Diagnosis;
use crate::event::DiagnosisHook;
use crate::head::RequestHead;
use crate::redirection::Redirection;
use crate::uri::Scheme;

/// Notes whether a request came over https, for the diagnosis of a server that never sees https.
pub(super) fn note_scheme(head: &RequestHead<'_>, hook: Option<&DiagnosisHook>) {
    if let (Some(hook), Some(Scheme::Https)) = (hook, head.known_scheme()) {
        hook.note_secure();
    }
}

/// Diagnoses a request that is redirected. Must be called after the answer is built, so that the fields
/// that are read here are not added to its `Vary`.
pub(super) fn redirected(head: &RequestHead<'_>, to: &Redirection, hook: Option<&DiagnosisHook>) {
    let Some(hook) = hook else { return };
    head.diagnose_replaced_host();
    // A server that never sees https may exist only to redirect to another server. Trusted proxies, or a
    // listener that sets `Transport`, show that this server expects https.
    let expects_https = || head.trust().has_proxies() || head.has_transport();
    if to.resolve(head).upgrades() && expects_https() && hook.note_sent_to_https() {
        head.diagnose(Diagnosis::NeverSecure);
    }
}
