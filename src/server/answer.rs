//! Builds the answers of the layer: redirections, a policy's own responses, refusals.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::settings::Settings;
use crate::diagnosis::Diagnosis;
use crate::head::{Refusal, RequestHead};
use crate::list::has_member;
use crate::media_type::is_grpc;
use crate::method::is_get_or_head;
use crate::policy::Annotation;
use crate::redirection::{PERMANENT_MAX_AGE, Redirection};
use crate::response::{max_age, text_response};

#[allow(clippy::declare_interior_mutable_const)] // Static `Bytes` are never written to.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Returns the response of a redirection; a refusal if its `Location` needs a host that is missing or
/// refused.
pub(super) fn redirect(
    head: &RequestHead<'_>,
    to: &Redirection,
    settings: &Settings,
) -> Response<Bytes> {
    let Some(location) = to.location_for(head) else {
        let no_host = Refusal::bad_request("a host is needed, and there is none\n");
        return refuse(head, head.refusal().unwrap_or(no_host));
    };
    let mut status = to.status_for(head.method());
    let resolved = to.resolve(head);
    let is_unlisted = || resolved.carries_unlisted_host() || resolved.carries_unlisted_port();
    if is_permanent(status) && is_unlisted() {
        status = if status == StatusCode::MOVED_PERMANENTLY {
            StatusCode::FOUND
        } else {
            StatusCode::TEMPORARY_REDIRECT
        };
        let authority = head.authority().map(|a| a.to_string()).unwrap_or_default();
        head.diagnose(Diagnosis::PermanentWithoutHosts { authority });
    }
    let html = settings.html_body && is_get_or_head(head.method());
    let html = html.then(|| html_body(&location));
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(3);
    // Appended to an empty map: to insert also returns the value that was there, which costs 10 instructions.
    headers.append(header::LOCATION, location);
    if let Some(html) = &html {
        headers.append(header::CONTENT_LENGTH, html.len().into());
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.append(header::CONTENT_TYPE, html);
    } else {
        headers.append(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    if is_permanent(status) && !head.forbids_storing() {
        headers.append(header::CACHE_CONTROL, max_age(to.max_age_or_default()));
        append_vary(headers, || head.vary());
    } else {
        headers.append(header::CACHE_CONTROL, NO_STORE);
    }
    // HEAD gets the same length as GET, but no body (RFC 9110 §9.3.2).
    if let Some(html) = html.filter(|_| *head.method() != Method::HEAD) {
        *response.body_mut() = html;
    }
    response
}

/// Returns a line of HTML that links to the target. Of the characters that are special in HTML, a
/// `Location` of this crate can contain only `&` and `'`, but the others are escaped, too.
fn html_body(location: &HeaderValue) -> Bytes {
    let target = String::from_utf8_lossy(location.as_bytes());
    let target = target.replace('&', "&amp;").replace('\'', "&#39;").replace('"', "&quot;");
    let target = target.replace('<', "&lt;").replace('>', "&gt;");
    format!("<!doctype html><title>Moved</title><p>Moved to <a href=\"{target}\">{target}</a>\n")
        .into()
}

/// Completes a policy's own response, or a refusal, with `Content-Length`, `Cache-Control` and `Vary`.
/// Removes the body of an answer to HEAD, of an answer to gRPC whose status is not 200, of a 1xx, 204 or 304,
/// and of a 2xx to CONNECT. If `no-store` is set here, headers such as `CDN-Cache-Control` are removed.
pub(super) fn respond(head: &RequestHead<'_>, mut response: Response<Bytes>) -> Response<Bytes> {
    // A gRPC client derives its own status from any status but 200, and cannot parse a text body.
    let content_type = head.headers_without_note().get(header::CONTENT_TYPE);
    if response.status() != StatusCode::OK && content_type.is_some_and(is_grpc) {
        response.headers_mut().remove(header::CONTENT_TYPE);
        *response.body_mut() = Bytes::new();
    }
    let (status, length) = (response.status(), response.body().len());
    let no_content = status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || *head.method() == Method::CONNECT && status.is_success();
    let to_head = *head.method() == Method::HEAD;
    let headers = response.headers_mut();
    let has_cache_control = headers.contains_key(header::CACHE_CONTROL);
    if head.forbids_storing() || !has_cache_control && !is_permanent(status) {
        forbid_storing(headers);
    } else if !has_cache_control {
        headers.insert(header::CACHE_CONTROL, max_age(PERMANENT_MAX_AGE));
    }
    append_vary(headers, || head.vary());
    // In an answer to HEAD, `Content-Length` is the length that GET would return (RFC 9110 §8.6). A
    // policy may have set it without a body.
    if no_content {
        headers.remove(header::CONTENT_LENGTH);
    } else if !to_head || length > 0 || !headers.contains_key(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if no_content || to_head {
        *response.body_mut() = Bytes::new();
    }
    response
}

/// Returns the response to a request whose host is missing or refused, or whose forwarded headers are
/// refused.
pub(super) fn refuse(head: &RequestHead<'_>, refusal: Refusal) -> Response<Bytes> {
    respond(head, text_response(refusal.status, refusal.reason))
}

/// Returns whether a status is permanent: answers with it get a `max-age` by default.
fn is_permanent(status: StatusCode) -> bool {
    use StatusCode as S;
    matches!(status, S::MOVED_PERMANENTLY | S::PERMANENT_REDIRECT | S::GONE)
}

/// Sets `Cache-Control: no-store`, and removes the headers that some caches follow instead.
pub(super) fn forbid_storing(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    while let Some(name) = headers.keys().find(|name| is_targeted(name)).cloned() {
        headers.remove(name);
    }
}

/// Returns whether some caches follow this header instead of `Cache-Control`: `CDN-Cache-Control` and
/// others with that suffix (RFC 9213 §2), and older headers of CDNs and nginx.
pub(super) fn is_targeted(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.ends_with("-cache-control")
        || matches!(name, "surrogate-control" | "edge-control" | "x-accel-expires")
}

/// Adds the headers of an annotation to an answer of the layer. If no cache may store the answer, it gets
/// none of the headers that some caches follow instead of `Cache-Control`.
pub(super) fn annotate(response: &mut Response<Bytes>, annotation: &Annotation) {
    let headers = response.headers_mut();
    let forbids_storing = !may_be_stored(headers);
    annotation.add_to(headers);
    if forbids_storing {
        forbid_storing(headers);
    }
}

/// Appends values of `Vary` if some cache may store the answer.
pub(super) fn append_vary<I>(headers: &mut HeaderMap, values: impl FnOnce() -> I)
where
    I: IntoIterator<Item = HeaderValue>,
{
    if may_be_stored(headers) {
        for value in values() {
            if !headers.get_all(header::VARY).iter().any(|vary| *vary == value) {
                headers.append(header::VARY, value);
            }
        }
    }
}

/// Returns whether some cache may store an answer: its `Cache-Control` lacks `no-store`, or it has a header
/// that some caches follow instead.
fn may_be_stored(headers: &HeaderMap) -> bool {
    !has_member(headers, header::CACHE_CONTROL, "no-store") || headers.keys().any(is_targeted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_only_cdns_may_store_has_vary() {
        for (cache_control, targeted, has_vary) in [
            ("no-store", None, false),
            ("max-age=0, No-Store", None, false),
            ("max-age=60", None, true),
            ("no-store", Some("cdn-cache-control"), true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
            if let Some(name) = targeted {
                headers.insert(name, HeaderValue::from_static("max-age=60"));
            }
            append_vary(&mut headers, || [HeaderValue::from_static("accept-language")]);
            assert_eq!(headers.contains_key(header::VARY), has_vary, "{targeted:?}");
        }
    }
}
