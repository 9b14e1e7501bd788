//! The user name and password in a URL (RFC 3986 §3.2.1). No URL that a redirection leads to keeps them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Request, Uri, header};
use percent_encoding::percent_decode_str;

/// Splits an authority into userinfo and host with port. The userinfo is `None` if it is empty.
pub(super) fn split(authority: &str) -> (Option<&str>, &str) {
    match authority.rsplit_once('@') {
        Some((userinfo, host)) => (Some(userinfo).filter(|text| !text.is_empty()), host),
        None => (None, authority),
    }
}

/// Returns the userinfo of a URI.
pub(super) fn of(uri: &Uri) -> Option<&str> {
    split(uri.authority()?.as_str()).0
}

/// Moves the userinfo of the request's URI to `Authorization: Basic`, as curl does. Does nothing if the
/// request has an `Authorization` header, or so many headers that no more fit.
pub(super) fn move_to_authorization<B>(request: &mut Request<B>) {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return;
    }
    let Some((value, uri)) = of(request.uri()).and_then(basic).zip(without(request.uri())) else {
        return;
    };
    // `insert` would panic if no more headers fit.
    if request.headers_mut().try_insert(header::AUTHORIZATION, value).is_ok() {
        *request.uri_mut() = uri;
    }
}

/// Returns the value of `Authorization` (RFC 7617 §2) for a percent-encoded `user:password`.
fn basic(userinfo: &str) -> Option<HeaderValue> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let mut pair: Vec<u8> = percent_decode_str(user).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(password));
    // Base64 text is always a valid header value.
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns the URI without its userinfo.
pub(super) fn without(uri: &Uri) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if let Some((_, host)) = authority.rsplit_once('@') {
        parts.authority = Some(host.parse().ok()?);
    }
    Uri::from_parts(parts).ok()
}
