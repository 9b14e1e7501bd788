//! Removes the headers that do not go on to the next request (RFC 9110 §15.4, Fetch "HTTP-redirect
//! fetch").

use http::{HeaderName, header};

use super::saved_headers::SavedHeaders;

/// How the next request differs from the last, as far as headers depend on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changes {
    /// The method becomes GET, or the content is dropped.
    pub(super) drops_content: bool,
    /// The status is 303.
    pub(super) see_other: bool,
    /// The host or the port differs.
    pub(super) cross_authority: bool,
    /// The origin differs, and the two origins do not trust each other.
    pub(super) drops_credentials: bool,
}

/// Names of credentials that the user configured, beside those of `is_credential`.
#[derive(Clone, Debug, Default)]
pub(super) struct SensitiveNames {
    pub(super) names: Vec<HeaderName>,
    /// Prefixes of names, in lower case.
    pub(super) prefixes: Vec<Box<str>>,
}

impl SensitiveNames {
    fn contains(&self, name: &HeaderName) -> bool {
        self.names.contains(name)
            || self.prefixes.iter().any(|prefix| name.as_str().starts_with(&**prefix))
    }
}

/// Removes the headers that may not go on, and returns their names.
///
/// A removed header does not come back later in the chain, since nothing adds headers.
pub(super) fn strip_headers(
    headers: &mut SavedHeaders,
    changes: Changes,
    configured: &SensitiveNames,
) -> Vec<HeaderName> {
    let mut dropped = Vec::new();
    let nominated = connection_options(headers);
    let Changes { drops_content, see_other, cross_authority, drops_credentials } = changes;
    headers.retain(&mut dropped, |name, value, sensitive| {
        let text = name.as_str();
        let strip = is_connection_specific(name, value)
            || nominated.iter().any(|n| n.eq_ignore_ascii_case(text)) && *name != header::TE
            || drops_content && is_about_content(text)
            || (drops_content || see_other) && text.starts_with("if-")
            || cross_authority && *name == header::HOST
            || drops_credentials && (sensitive || is_credential(text) || configured.contains(name));
        !strip
    });
    dropped
}

/// The names that `Connection` lists, which concern that connection alone (RFC 9110 §7.6.1).
fn connection_options(headers: &SavedHeaders) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value, _) in headers.iter() {
        if name == header::CONNECTION {
            let list = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            names.extend(list.map(|name| String::from_utf8_lossy(name).into_owned()));
        }
    }
    names
}

/// Whether a header concerns the connection it was sent on. `TE: trailers` does not: gRPC servers
/// require it on every request.
fn is_connection_specific(name: &HeaderName, value: &[u8]) -> bool {
    use header::{CONNECTION, TE, TRANSFER_ENCODING, UPGRADE};
    if *name == TE {
        return !value.eq_ignore_ascii_case(b"trailers");
    }
    *name == CONNECTION
        || *name == TRANSFER_ENCODING
        || *name == UPGRADE
        || matches!(
            name.as_str(),
            "keep-alive" | "proxy-connection" | "http2-settings" | "early-data"
        )
}

/// Whether a header describes the content, or a request for a part of it, so that a server would
/// misread it on a GET without content.
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
            | "range"
            | "idempotency-key"
    )
}

/// Whether a header holds credentials, or tells one origin about another.
fn is_credential(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "cookie"
            | "cookie2"
            | "proxy-authorization"
            | "proxy-authenticate"
            | "www-authenticate"
            | "referer"
            | "origin"
    )
}
