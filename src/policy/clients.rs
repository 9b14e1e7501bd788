//! Recognizes requests by the address of their client.

use http::HeaderName;

use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::ranges::Ranges;

/// Returns whether proxies add this header to the requests that they forward.
pub(super) fn is_sign_of_proxy(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-")
        || matches!(
            name,
            "forwarded"
                | "via"
                | "x-real-ip"
                | "true-client-ip"
                | "cf-connecting-ip"
                | "x-envoy-external-address"
        )
}

/// Returns whether the client's address is in one of `ranges`. `false` if the peer is not trusted and the
/// request has a header that proxies add: the address may then be that of a proxy.
pub(super) fn comes_from(ranges: &Ranges, head: &RequestHead<'_>) -> bool {
    let Some(client) = head.client_ip() else {
        if head.peer().is_none() {
            head.diagnose(Diagnosis::ClientUnknown);
        }
        return false;
    };
    if !ranges.contains(client) {
        return false;
    }
    if !head.has_trusted_peer() && head.headers_without_note().keys().any(is_sign_of_proxy) {
        head.diagnose(Diagnosis::ClientThroughProxy { peer: head.peer() });
        return false;
    }
    true
}
