//! Removes the headers that are not sent with the next request (RFC 9110 §15.4, Fetch "HTTP-redirect
//! fetch").

use std::collections::HashSet;

use http::{HeaderName, header};

use super::saved_headers::SavedHeaders;
use crate::list::members;

/// The differences between the last request and the next that decide which headers are removed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changes {
    /// The last request was the first of the chain.
    pub(super) first_hop: bool,
    /// The method becomes GET.
    pub(super) to_get: bool,
    /// The content is dropped, as it always is if the method becomes GET.
    pub(super) drops_content: bool,
    /// The origin differs. `Host` is dropped even if only the scheme differs: without a port, it means
    /// the default port of the scheme.
    pub(super) cross_origin: bool,
    /// The origin differs, and is not trusted with the credentials.
    pub(super) drops_credentials: bool,
}

/// Removes the headers that may not be sent on, and returns their names.
///
/// A removed header does not come back later in the chain, because nothing adds to the saved headers: hooks
/// change only the request that is sent. For the same reason, only the saved headers of the first request
/// can be connection-specific, apart from `TE: trailers` and its `Connection: TE`.
pub(super) fn strip_headers(
    headers: &mut SavedHeaders,
    changes: Changes,
    is_credential: impl Fn(&HeaderName) -> bool,
) -> Vec<HeaderName> {
    let Changes { first_hop, to_get, drops_content, cross_origin, drops_credentials } = changes;
    let mut dropped = Vec::new();
    if !(first_hop || drops_content || cross_origin) {
        return dropped;
    }
    let nominated = if first_hop { connection_options(headers) } else { HashSet::new() };
    // A `TE` that is kept needs its `Connection: TE` (RFC 9110 §10.1.4).
    let keeps_te = nominated.contains(&header::TE)
        && headers.iter().any(|(name, value, _)| *name == header::TE && is_trailers(value));
    // If one value of a header is sensitive, all its values are dropped.
    let sensitive_names: HashSet<HeaderName> = if drops_credentials {
        headers.iter().filter(|(.., sensitive)| *sensitive).map(|(name, ..)| name.clone()).collect()
    } else {
        HashSet::new()
    };
    let is_secret = |name: &HeaderName| sensitive_names.contains(name) || is_credential(name);
    let mut keeps_connection = keeps_te;
    headers.retain(&mut dropped, |name, value, _| {
        let text = name.as_str();
        if first_hop {
            if *name == header::CONNECTION {
                // One `Connection: TE` is enough.
                return std::mem::replace(&mut keeps_connection, false);
            }
            if is_connection_specific(name, value)
                || *name != header::TE && nominated.contains(name)
            {
                return false;
            }
        }
        let strip = drops_content && is_about_content(text)
            || to_get && is_condition_or_range(text)
            || cross_origin && *name == header::HOST
            || drops_credentials && is_secret(name);
        !strip
    });
    if keeps_te {
        headers.replace(&header::CONNECTION, b"TE");
    }
    dropped
}

/// Returns the names that `Connection` lists, whose headers concern that connection alone (RFC 9110 §7.6.1).
fn connection_options(headers: &SavedHeaders) -> HashSet<HeaderName> {
    let mut names = HashSet::new();
    for (name, value, _) in headers.iter() {
        if name == header::CONNECTION {
            // Text that is not a header name cannot match a header.
            names.extend(members(value).filter_map(|name| HeaderName::from_bytes(name).ok()));
        }
    }
    names
}

/// Whether the value of `TE` is the one that is kept: gRPC servers require it on every request.
fn is_trailers(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"trailers")
}

/// Whether a header, other than `Connection` itself, concerns the connection it was sent on.
fn is_connection_specific(name: &HeaderName, value: &[u8]) -> bool {
    use header::{TE, TRANSFER_ENCODING, UPGRADE};
    if *name == TE {
        return !is_trailers(value);
    }
    *name == TRANSFER_ENCODING
        || *name == UPGRADE
        || matches!(
            name.as_str(),
            "keep-alive" | "proxy-connection" | "http2-settings" | "early-data"
        )
}

/// Whether a header makes a request conditional, or asks for a part of the representation (RFC 9110
/// §13.1, §14.2, and `If` of RFC 4918 §10.4, which names locks).
///
/// These headers were meant for the method they were sent with. They are removed together: a `Range`
/// without its `If-Range` may return a part of another version.
fn is_condition_or_range(name: &str) -> bool {
    name.starts_with("if-") || matches!(name, "if" | "range")
}

/// Whether a header describes the content, or has a meaning only together with it (`Expect`,
/// `Idempotency-Key`), so that it would mislead a server on a request without content.
fn is_about_content(name: &str) -> bool {
    matches!(
        name,
        "content-encoding"
            | "content-language"
            | "content-location"
            | "content-type"
            | "content-length"
            | "content-range"
            | "content-digest"
            | "content-md5"
            | "repr-digest"
            | "digest"
            | "last-modified"
            | "transfer-encoding"
            | "trailer"
            | "expect"
            | "idempotency-key"
    )
}
