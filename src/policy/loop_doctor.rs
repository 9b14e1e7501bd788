//! Says why a redirection to https may never end. A diagnosis, never a way in.

use http::HeaderMap;

use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;

/// Looks at a request that is about to be sent to https.
pub(super) fn examine(head: &RequestHead<'_>) {
    if !head.collects_diagnoses() || head.was_proxied() || head.trust().fixed_scheme().is_some() {
        return;
    }
    let signs = Signs::of(head.unnoted());
    let no_peer = head.trust().has_proxies() && head.peer().is_none();
    if no_peer {
        head.diagnose(Diagnosis::PeerUnknown);
    } else if signs.says_https {
        head.diagnose(Diagnosis::UntrustedProxy { peer: head.peer() });
    } else if signs.from_browser && !is_local(head) {
        head.diagnose(Diagnosis::BrowserOverTls { peer: head.peer() });
    }
}

/// What fields say of how the user agent came.
#[derive(Default)]
struct Signs {
    says_https: bool,
    from_browser: bool,
}

impl Signs {
    fn of(fields: &HeaderMap) -> Self {
        let mut signs = Self::default();
        for (name, value) in fields {
            let holds = |text: &[u8]| {
                value.as_bytes().windows(text.len()).any(|w| w.eq_ignore_ascii_case(text))
            };
            match name.as_str() {
                "x-forwarded-proto" => signs.says_https |= holds(b"https"),
                "forwarded" => {
                    signs.says_https |= holds(b"proto=https") || holds(b"proto=\"https\"");
                }
                other => signs.from_browser |= other.starts_with("sec-fetch-"),
            }
        }
        signs
    }
}

/// Browsers take loopback for secure, too (W3C Secure Contexts §3.1).
fn is_local(head: &RequestHead<'_>) -> bool {
    head.authority().is_none_or(|authority| authority.is_local())
}
