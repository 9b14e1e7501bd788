//! Which fields do not go on with a hop (RFC 9110 §15.4, Fetch "HTTP-redirect fetch").

use http::{HeaderName, header};

use super::fields::Fields;

/// What a hop changes, as far as fields are concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// The method became GET, or the content was given up.
    pub(super) content_dropped: bool,
    /// The status is 303.
    pub(super) see_other: bool,
    /// Host or port differ.
    pub(super) authority: bool,
    /// Another origin, which is not to see what is meant for this one.
    pub(super) credentials: bool,
}

/// Fields that are credentials beside those that always are.
#[derive(Clone, Debug, Default)]
pub(super) struct Sensitive {
    pub(super) names: Vec<HeaderName>,
    /// In lower case.
    pub(super) prefixes: Vec<Box<str>>,
}

impl Sensitive {
    fn contains(&self, name: &HeaderName) -> bool {
        self.names.contains(name)
            || self.prefixes.iter().any(|prefix| name.as_str().starts_with(&**prefix))
    }
}

/// Drops what may not travel; returns the names. A field that is dropped stays so for the chain.
pub(super) fn prune(fields: &mut Fields, change: Change, listed: &Sensitive) -> Vec<HeaderName> {
    let mut dropped = Vec::new();
    let nominated = nominated(fields);
    let Change { content_dropped, see_other, authority, credentials } = change;
    fields.retain(&mut dropped, |name, value, sensitive| {
        let text = name.as_str();
        let gone = is_of_the_connection(name, value)
            || nominated.iter().any(|n| n.eq_ignore_ascii_case(text)) && *name != header::TE
            || content_dropped && is_about_content(text)
            || (content_dropped || see_other) && text.starts_with("if-")
            || authority && *name == header::HOST
            || credentials && (sensitive || is_credential(text) || listed.contains(name));
        !gone
    });
    dropped
}

/// Fields that `Connection` names (RFC 9110 §7.6.1).
fn nominated(fields: &Fields) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value, _) in fields.iter() {
        if name == header::CONNECTION {
            let list = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            names.extend(list.map(|name| String::from_utf8_lossy(name).into_owned()));
        }
    }
    names
}

fn is_of_the_connection(name: &HeaderName, value: &[u8]) -> bool {
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

/// What a GET without content has no use for, or would be misread with.
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

/// What is meant for one origin alone.
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
