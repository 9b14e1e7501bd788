//! Diagnoses why requests may be redirected to https again and again, and explains why a request is not
//! treated as secure. Neither changes the decision.

use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::trust::{has_fetch_metadata, https_field};

/// Diagnoses a request that is not secure, although the user agent may have used https. If it is
/// redirected, it may come back over http forever.
pub(super) fn diagnose(head: &RequestHead<'_>) {
    if head.wants_diagnoses() && head.trust().fixed_scheme().is_none() {
        if let Some(diagnosis) = find(head) {
            head.diagnose(diagnosis);
        }
    }
}

fn find(head: &RequestHead<'_>) -> Option<Diagnosis> {
    let (headers, peer) = (head.headers_without_note(), head.peer());
    let browser_used_https = || has_fetch_metadata(headers) && !may_be_loopback(head);
    if head.has_trusted_peer() {
        // A scheme that is missing, or a header that is refused, is diagnosed where it is read.
        let says_http = head.refusal().is_none() && !head.lacks_scheme();
        let peer = peer.filter(|_| says_http && browser_used_https())?;
        let header = https_field(headers, Some(head.trust().scheme_field_name()));
        return Some(Diagnosis::ProxySaysHttp { peer, header });
    }
    if head.trust().has_proxies() && peer.is_none() {
        return Some(Diagnosis::PeerUnknown);
    }
    match https_field(headers, None) {
        Some(header) => Some(Diagnosis::UntrustedProxy { peer, header }),
        None => browser_used_https().then_some(Diagnosis::BrowserOverTls { peer }),
    }
}

/// Returns whether the host may be loopback, which browsers treat as secure, too (W3C Secure Contexts
/// §3.1).
fn may_be_loopback(head: &RequestHead<'_>) -> bool {
    head.sent_authority().is_none_or(|authority| authority.is_local())
}

/// Records the reason why a request is not treated as secure.
///
/// An explanation names a peer that is not trusted. An event does not, because that peer is usually the
/// client, whose address appears in events only with `report_client_ip`.
pub(super) fn explain(head: &RequestHead<'_>) {
    let Some(trace) = head.trace() else { return };
    let trust = head.trust();
    match head.peer() {
        _ if trust.fixed_scheme().is_some() => {
            head.because("plain request, since the layer's transport is fixed as plain");
        }
        _ if !trust.has_proxies() => {
            head.because("plain request without `Transport::Secure`, and no proxies are trusted");
        }
        None => head.because("plain request, and its peer's address is unknown"),
        Some(_) if !head.has_trusted_peer() && !trace.is_explaining() => {
            head.because("plain request, and its peer is not a trusted proxy");
        }
        Some(peer) if !head.has_trusted_peer() => {
            head.because(format_args!("plain request, and its peer {peer} is not a trusted proxy"));
        }
        Some(peer) if head.refusal().is_some() => head.because(format_args!(
            "plain request, since what the trusted proxy {peer} says is refused"
        )),
        Some(peer) if head.lacks_scheme() => head.because(format_args!(
            "plain request: the trusted proxy {peer} does not say which scheme the client used"
        )),
        Some(peer) => {
            head.because(format_args!("plain request, according to the trusted proxy {peer}"));
        }
    }
}
