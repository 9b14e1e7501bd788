//! The loop doctor: diagnoses requests whose redirection to https may never end, since a proxy that
//! is not trusted terminates TLS. It only reports, and lets nothing pass.

use http::HeaderMap;

use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;

/// Diagnoses a request that is about to be redirected to https.
pub(super) fn diagnose(head: &RequestHead<'_>) {
    if !head.collects_diagnoses() || head.was_proxied() || head.trust().fixed_scheme().is_some() {
        return;
    }
    let signs = HttpsSigns::find(head.unnoted());
    if head.trust().has_proxies() && head.peer().is_none() {
        head.diagnose(Diagnosis::PeerUnknown);
    } else if signs.forwarded {
        head.diagnose(Diagnosis::UntrustedProxy { peer: head.peer() });
    } else if signs.from_browser && !is_local(head) {
        head.diagnose(Diagnosis::BrowserOverTls { peer: head.peer() });
    }
}

/// Signs in the headers that the user agent used https.
#[derive(Default)]
struct HttpsSigns {
    /// A forwarded header says so.
    forwarded: bool,
    /// A browser sent `Sec-Fetch-*`, which it does over https alone.
    from_browser: bool,
}

impl HttpsSigns {
    fn find(headers: &HeaderMap) -> Self {
        let mut signs = Self::default();
        for (name, value) in headers {
            let contains = |text: &[u8]| {
                value.as_bytes().windows(text.len()).any(|w| w.eq_ignore_ascii_case(text))
            };
            match name.as_str() {
                "x-forwarded-proto" => signs.forwarded |= contains(b"https"),
                "forwarded" => {
                    signs.forwarded |= contains(b"proto=https") || contains(b"proto=\"https\"");
                }
                other => signs.from_browser |= other.starts_with("sec-fetch-"),
            }
        }
        signs
    }
}

/// Returns whether the host is loopback, where browsers send `Sec-Fetch-*` over http, too (W3C
/// Secure Contexts §3.1).
fn is_local(head: &RequestHead<'_>) -> bool {
    head.authority().is_none_or(|authority| authority.is_local())
}
