//! Parses the directives of `Cache-Control` that apply to remembered redirections (RFC 9111 §5.2).

use std::str;

use http::{HeaderMap, header};

use crate::quoted::split_bytes;

/// A directive of `Cache-Control` (RFC 9111 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    NoStore,
    NoCache,
    /// In seconds; 0 if it is not a number.
    MaxAge(u64),
    Other,
}

/// Returns the directives of all `Cache-Control` headers, with `None` for a quote that is not closed.
pub(super) fn directives(headers: &HeaderMap) -> impl Iterator<Item = Option<Directive>> {
    let lines = headers.get_all(header::CACHE_CONTROL).iter();
    lines.flat_map(|line| split_bytes(line.as_bytes(), b',')).map(|directive| {
        let mut parts = directive.ok()?.splitn(2, |byte| *byte == b'=');
        let (name, value) = (parts.next()?.trim_ascii(), parts.next().unwrap_or_default());
        Some(match name {
            _ if name.eq_ignore_ascii_case(b"no-store") => Directive::NoStore,
            _ if name.eq_ignore_ascii_case(b"no-cache") => Directive::NoCache,
            _ if name.eq_ignore_ascii_case(b"max-age") => {
                let value = value.trim_ascii();
                let quoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
                let seconds = seconds(quoted.unwrap_or(value).trim_ascii());
                Directive::MaxAge(seconds.unwrap_or(0))
            }
            _ => Directive::Other,
        })
    })
}

/// Parses a number of seconds, as in `Cache-Control`, `Age` and `Strict-Transport-Security`: `u64::MAX` if it
/// is too large (RFC 9111 §1.2.2), `None` if it is not a number.
pub(super) fn seconds(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(text).ok().filter(|_| is_number)?;
    Some(number.parse().unwrap_or(u64::MAX))
}
