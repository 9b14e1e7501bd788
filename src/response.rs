//! Helpers that build responses and add headers to them.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

/// Returns a plain-text response, whose body is `text`.
pub(crate) fn text_response(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let text_plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text_plain);
    response
}

/// Appends `added` to `headers`, without replacing any.
pub(crate) fn append_headers(headers: &mut HeaderMap, added: HeaderMap) {
    let mut last_name = None;
    for (name, value) in added {
        // `IntoIter` returns the name of a repeated header only with its first value.
        last_name = name.or(last_name);
        if let Some(name) = &last_name {
            headers.append(name, value);
        }
    }
}

/// Returns a `Cache-Control` value that lets caches keep an answer for `time`, in whole seconds.
pub(crate) fn max_age(time: Duration) -> HeaderValue {
    let value = HeaderValue::try_from(format!("max-age={}", time.as_secs()));
    value.unwrap_or_else(|_| HeaderValue::from_static("no-store"))
}

/// Returns a time in whole seconds, rounded up.
pub(crate) fn seconds_rounded_up(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}
