//! Parses the `Strict-Transport-Security` header (RFC 6797 §6.1).

use std::time::Duration;

use http::HeaderValue;

use crate::follow::cache_control::seconds;
use crate::quoted::split;

/// The directives of a valid header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) max_age: Duration,
    pub(super) include_subdomains: bool,
}

/// The maximum number of directives of a valid header. Each is compared with those before it, and a
/// server may send hundreds of kilobytes.
const MAX_DIRECTIVES: usize = 32;

/// The longest lifetime, ten years in seconds. A longer `max-age` is shortened to it.
const MAX_LIFETIME: u64 = 10 * 365 * 24 * 60 * 60;

/// Parses the value of the header; `None` if it is not valid. Unknown directives are ignored. A directive
/// that occurs twice makes the header invalid, and so do more than [`MAX_DIRECTIVES`].
pub(super) fn parse(value: &HeaderValue) -> Option<Policy> {
    let text = value.to_str().ok()?;
    let (mut max_age, mut include_subdomains) = (None, false);
    let mut names: Vec<String> = Vec::new();
    for directive in split(text, b';') {
        let directive = directive.ok()?;
        if directive.is_empty() {
            continue;
        }
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
            None => (directive, None),
        };
        let is_tchar =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_tchar) {
            return None;
        }
        let name = name.to_ascii_lowercase();
        match (name.as_str(), value) {
            ("max-age", Some(value)) => {
                let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                max_age = Some(seconds(quoted.unwrap_or(value).as_bytes())?);
            }
            ("includesubdomains", None) => include_subdomains = true,
            ("max-age" | "includesubdomains", _) => return None,
            _ => {}
        }
        if names.len() == MAX_DIRECTIVES || names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    let max_age = Duration::from_secs(max_age?.min(MAX_LIFETIME));
    Some(Policy { max_age, include_subdomains })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_and_invalid_headers() {
        for (field, expected) in [
            ("max-age=31536000", Some((31_536_000, false))),
            ("max-age=\"31536000\"", Some((31_536_000, false))),
            ("MAX-AGE = 1 ;; includeSUBdomains", Some((1, true))),
            ("includeSubDomains; max-age=0", Some((0, true))),
            ("max-age=1; preload; x=\"a;b\"", Some((1, false))),
            ("max-age=99999999999999999999999", Some((MAX_LIFETIME, false))),
            (" ; max-age=5 ; ", Some((5, false))),
            ("", None),
            ("includeSubDomains", None),
            ("max-age", None),
            ("max-age=", None),
            ("max-age=\"\"", None),
            ("max-age=-1", None),
            ("max-age=1.5", None),
            ("max-age=1 2", None),
            ("max-age=1; max-age=1", None),
            ("max-age=1; includeSubDomains; includeSubDomains", None),
            ("max-age=1; includeSubDomains=1", None),
            ("max-age=1; preload; preload", None),
            ("max-age=1; x=\"a", None),
            ("max-age=1, max-age=2", None),
            ("max-age=1; (x)", None),
            ("'max-age=1'", None),
        ] {
            let parsed = parse(&HeaderValue::from_str(field).expect("a value"));
            let parsed = parsed.map(|policy| (policy.max_age.as_secs(), policy.include_subdomains));
            assert_eq!(parsed, expected, "{field}");
        }
    }
}
