//! Says why a redirection to https may never end. A diagnosis, never a way in.

use http::HeaderMap;

use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;

/// Looks at a request that is about to be sent to https.
pub(super) fn examine(head: &RequestHead<'_>) {
    if head.was_proxied() || head.trust().fixed_scheme().is_some() {
        return;
    }
    let peer = head.peer();
    let fields = head.unnoted();
    if head.trust().has_proxies() && peer.is_none() {
        head.diagnose(Diagnosis::PeerUnknown);
    } else if says_https(fields) {
        head.diagnose(Diagnosis::UntrustedProxy { peer });
    } else if fields.keys().any(|name| name.as_str().starts_with("sec-fetch-")) && !is_local(head) {
        head.diagnose(Diagnosis::BrowserOverTls { peer });
    }
}

fn says_https(fields: &HeaderMap) -> bool {
    let contains = |name: &str, text: &[u8]| {
        let holds = |value: &[u8]| value.windows(text.len()).any(|w| w.eq_ignore_ascii_case(text));
        fields.get_all(name).iter().any(|value| holds(value.as_bytes()))
    };
    contains("x-forwarded-proto", b"https")
        || contains("forwarded", b"proto=https")
        || contains("forwarded", b"proto=\"https\"")
}

/// Browsers take loopback for secure, too (W3C Secure Contexts §3.1).
fn is_local(head: &RequestHead<'_>) -> bool {
    head.authority().is_none_or(|authority| authority.is_local())
}
