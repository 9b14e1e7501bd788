//! What an answer says, apart from when it is sent.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::redirected::Redirected;
use super::settings::Settings;
use crate::diagnosis::Diagnosis;
use crate::head::{Refusal, RequestHead};
use crate::redirection::{PERMANENT_MAX_AGE, Redirection};
use crate::response::text_response;

#[allow(clippy::declare_interior_mutable_const)] // Static bytes are never shared or changed.
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

pub(super) fn redirect(
    head: &RequestHead<'_>,
    to: &Redirection,
    settings: &Settings,
) -> Response<Bytes> {
    let Some(location) = to.location_for(head) else {
        let reason = "a host is needed, and there is none\n";
        let refusal = head.refusal();
        return refuse(
            head,
            refusal.unwrap_or(Refusal { status: StatusCode::BAD_REQUEST, reason }),
        );
    };
    let mut status = to.status_for(head.method());
    if is_kept(status) && to.host_is_the_clients(head) {
        status = if status == StatusCode::MOVED_PERMANENTLY {
            StatusCode::FOUND
        } else {
            StatusCode::TEMPORARY_REDIRECT
        };
        let authority = head.authority().map(|a| a.to_string()).unwrap_or_default();
        head.diagnose(Diagnosis::PermanentWithoutHosts { authority });
    }
    let note = if settings.html_body && *head.method() == Method::GET {
        html_body(&location)
    } else {
        Bytes::new()
    };
    let mut fields = HeaderMap::with_capacity(4);
    fields.insert(header::LOCATION, location);
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    if !note.is_empty() {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(note.len()));
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        fields.insert(header::CONTENT_TYPE, html);
    }
    if is_kept(status) && !head.is_unstored() {
        fields.insert(header::CACHE_CONTROL, max_age(to.permanent_for()));
        vary(head, &mut fields);
    } else {
        fields.insert(header::CACHE_CONTROL, NO_STORE);
    }
    let mut response = Response::new(note);
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    if settings.insert_redirected {
        response
            .extensions_mut()
            .insert(Redirected { policy: head.policy_name().unwrap_or_default() });
    }
    response
}

/// A link to the target. A `Location` of ours has no character that HTML reads as its own but `&` and
/// `'`.
fn html_body(location: &HeaderValue) -> Bytes {
    let target = String::from_utf8_lossy(location.as_bytes());
    let target = target.replace('&', "&amp;").replace('\'', "&#39;").replace('"', "&quot;");
    let target = target.replace('<', "&lt;").replace('>', "&gt;");
    format!("<!doctype html><title>Moved</title><p>Moved to <a href=\"{target}\">{target}</a>\n")
        .into()
}

pub(super) fn respond(head: &RequestHead<'_>, mut response: Response<Bytes>) -> Response<Bytes> {
    let (status, length) = (response.status(), response.body().len());
    let no_content = status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || *head.method() == Method::CONNECT && status.is_success();
    let to_head = *head.method() == Method::HEAD;
    let fields = response.headers_mut();
    if head.is_unstored() || !is_kept(status) && !fields.contains_key(header::CACHE_CONTROL) {
        fields.insert(header::CACHE_CONTROL, NO_STORE);
    } else if !fields.contains_key(header::CACHE_CONTROL) {
        fields.insert(header::CACHE_CONTROL, max_age(PERMANENT_MAX_AGE));
    }
    vary(head, fields);
    // RFC 9110 §8.6: to HEAD it says what a GET would bring, which the policy may know better.
    if no_content {
        fields.remove(header::CONTENT_LENGTH);
    } else if !to_head || length > 0 || !fields.contains_key(header::CONTENT_LENGTH) {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if no_content || to_head {
        *response.body_mut() = Bytes::new();
    }
    response
}

pub(super) fn refuse(head: &RequestHead<'_>, refusal: Refusal) -> Response<Bytes> {
    respond(head, text_response(refusal.status, refusal.reason))
}

/// The answers that caches are told to keep.
fn is_kept(status: StatusCode) -> bool {
    use StatusCode as S;
    matches!(status, S::MOVED_PERMANENTLY | S::PERMANENT_REDIRECT | S::GONE)
}

fn max_age(time: Duration) -> HeaderValue {
    HeaderValue::try_from(format!("max-age={}", time.as_secs())).unwrap_or(NO_STORE)
}

/// Names the fields that were read, where the answer may be kept.
fn vary(head: &RequestHead<'_>, fields: &mut HeaderMap) {
    if fields.get(header::CACHE_CONTROL) != Some(&NO_STORE) {
        if let Some(vary) = head.vary() {
            fields.append(header::VARY, vary);
        }
    }
}
