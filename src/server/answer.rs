//! What an answer says, apart from when it is sent.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::diagnosis::Diagnosis;
use crate::head::{Refusal, RequestHead};
use crate::policy::text_response;
use crate::redirection::{PERMANENT_MAX_AGE, Redirection};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

pub(super) fn redirect(head: &RequestHead<'_>, to: &Redirection) -> Response<Bytes> {
    let Some(location) = to.location_for(head) else {
        let reason = "a host is needed, and there is none";
        let refusal = head.refusal();
        return refuse(
            head,
            refusal.unwrap_or(Refusal {
                status: StatusCode::BAD_REQUEST,
                reason,
            }),
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
    let mut fields = HeaderMap::with_capacity(4);
    fields.insert(header::LOCATION, location);
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    if is_kept(status) {
        keep(head, &mut fields, to.permanent_for());
    } else {
        fields.insert(header::CACHE_CONTROL, NO_STORE);
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    *response.headers_mut() = fields;
    response
}

pub(super) fn respond(head: &RequestHead<'_>, mut response: Response<Bytes>) -> Response<Bytes> {
    let status = response.status();
    let length = response.body().len();
    let fields = response.headers_mut();
    if !fields.contains_key(header::CACHE_CONTROL) {
        if is_kept(status) {
            keep(head, fields, PERMANENT_MAX_AGE);
        } else {
            fields.insert(header::CACHE_CONTROL, NO_STORE);
        }
    }
    // RFC 9110 §8.6: none on 1xx and 204.
    if !status.is_informational() && status != StatusCode::NO_CONTENT {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if head.method() == Method::HEAD {
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
    matches!(
        status,
        S::MOVED_PERMANENTLY | S::PERMANENT_REDIRECT | S::GONE
    )
}

fn keep(head: &RequestHead<'_>, fields: &mut HeaderMap, max_age: Duration) {
    let value = HeaderValue::try_from(format!("max-age={}", max_age.as_secs()));
    fields.insert(header::CACHE_CONTROL, value.unwrap_or(NO_STORE));
    if let Some(vary) = head.vary() {
        fields.append(header::VARY, vary);
    }
}
