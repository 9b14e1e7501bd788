//! Computes how long a redirection may be remembered (RFC 9111 §4.2).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, header};

use super::cache_control::{Directive, directives, seconds};
use crate::list::members;

/// The lifetime of a redirection whose response states none. Its age is subtracted.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest time that may be left of a lifetime. A longer one is shortened.
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
            // The first `max-age` is used. If it is not a number, the response is stale (RFC 9111 §4.2.1).
            Directive::MaxAge(seconds) => max_age = max_age.or(Some(seconds)),
            Directive::Other => {}
        }
    }
    // A response without a `Date` is dated when it arrives (RFC 9110 §6.6.1).
    let date = headers.get(header::DATE).and_then(date_of).unwrap_or(now);
    let explicit = match max_age {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => headers.get(header::EXPIRES).map(|expires| {
            let expires = date_of(expires);
            expires.and_then(|expires| expires.duration_since(date).ok()).unwrap_or_default()
        }),
    };
    // The first of several ages is used (RFC 9111 §5.1).
    let age = headers.get(header::AGE).and_then(|age| members(age.as_bytes()).next());
    let age = Duration::from_secs(age.and_then(seconds).unwrap_or(0));
    // At least the time since `Date`, because not every cache on the path adds an `Age` (RFC 9111 §4.2.3).
    let age = age.max(now.duration_since(date).unwrap_or_default());
    let left = explicit.unwrap_or(DEFAULT_LIFETIME).saturating_sub(age).min(MAX_LIFETIME);
    (!left.is_zero()).then_some(left)
}

/// Parses an HTTP date (RFC 9110 §5.6.7).
fn date_of(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}
