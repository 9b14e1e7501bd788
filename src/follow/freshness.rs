//! For how long a memory of redirections may keep one (RFC 9111 §4.2).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

use super::cache_control::{Directive, directives, seconds};

/// How long a redirection is kept if its response states no lifetime.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest lifetime. A longer one is shortened.
const MAX_LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Returns how long a redirection may be kept; `None` if it may not be kept.
pub(super) fn fresh_for(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if headers.contains_key(header::VARY) {
        return None;
    }
    let mut max_age = None;
    for directive in directives(headers) {
        match directive? {
            Directive::NoStore | Directive::NoCache => return None,
            // The first `max-age` counts. If it is not a number, the response is stale (RFC 9111 §4.2.1).
            Directive::MaxAge(seconds) => max_age = max_age.or(Some(seconds)),
            Directive::Other => {}
        }
    }
    let explicit = match max_age {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => headers.get(header::EXPIRES).map(|expires| {
            let expires =
                expires.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
            expires.and_then(|expires| expires.duration_since(now).ok()).unwrap_or_default()
        }),
    };
    // The first of several ages is used (RFC 9111 §5.1).
    let age = headers.get(header::AGE).and_then(|age| age.as_bytes().split(|b| *b == b',').next());
    let age = Duration::from_secs(age.map_or(0, seconds));
    let left = explicit.unwrap_or(DEFAULT_LIFETIME).saturating_sub(age).min(MAX_LIFETIME);
    (!left.is_zero()).then_some(left)
}
