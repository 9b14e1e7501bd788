//! Where a `Location` leads (RFC 9110 §10.2.2), resolved as browsers do (WHATWG URL).

use std::borrow::Cow;

use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Uri, header};
use percent_encoding::{AsciiSet, percent_encode};
use url::Url;

use super::error::RedirectErrorKind;
use crate::trust::Scheme;

/// The URL that a request went to.
#[derive(Debug)]
pub(super) struct Base<'a> {
    pub(super) uri: &'a Uri,
    /// Where the URI is in origin-form: what `Host` says, and the scheme that was configured.
    pub(super) host: Option<&'a [u8]>,
    pub(super) scheme: Option<Scheme>,
}

/// Where the next request goes.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) uri: Uri,
    pub(super) cross_origin: bool,
    pub(super) cross_authority: bool,
    pub(super) downgrade: bool,
}

/// The one value of `Location`; `None` where there is none.
pub(super) fn read(fields: &HeaderMap) -> Result<Option<&HeaderValue>, RedirectErrorKind> {
    let mut values = fields.get_all(header::LOCATION).iter();
    let first = values.next();
    if values.any(|value| Some(value) != first) {
        return Err(RedirectErrorKind::AmbiguousLocation);
    }
    Ok(first)
}

impl Base<'_> {
    pub(super) fn resolve(&self, location: &[u8]) -> Result<Target, RedirectErrorKind> {
        if is_plain_path(location) {
            if let Some(uri) = self.with_path(location) {
                return Ok(Target::same_origin(uri));
            }
        }
        let reference = reference(location);
        let Some(base) = self.url() else {
            return self.resolve_without_origin(&reference);
        };
        let url = base
            .join(&reference)
            .map_err(|_| RedirectErrorKind::InvalidLocation)?;
        let uri = uri(&url)?;
        let cross_origin = base.origin() != url.origin();
        if !cross_origin && self.uri.authority().is_none() {
            // In origin-form it came, in origin-form it goes on.
            return origin_form(&uri).map(Target::same_origin);
        }
        Ok(Target {
            uri,
            cross_origin,
            // `Url` drops a default port, so that what is left is what `Host` would say.
            cross_authority: base.host_str() != url.host_str() || base.port() != url.port(),
            downgrade: base.scheme() == "https" && url.scheme() == "http",
        })
    }

    /// Only what stays on the origin can be followed where the origin is not known.
    fn resolve_without_origin(&self, reference: &str) -> Result<Target, RedirectErrorKind> {
        let somewhere = format!("http://origin-form.invalid{}", self.uri);
        let base = Url::parse(&somewhere).map_err(|_| RedirectErrorKind::UnknownOrigin)?;
        let url = base
            .join(reference)
            .map_err(|_| RedirectErrorKind::InvalidLocation)?;
        if Url::parse(reference).is_ok() || base.origin() != url.origin() {
            return Err(RedirectErrorKind::UnknownOrigin);
        }
        origin_form(&uri(&url)?).map(Target::same_origin)
    }

    /// The same scheme and authority with this path and query.
    fn with_path(&self, location: &[u8]) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.path_and_query = Some(PathAndQuery::try_from(location).ok()?);
        if let Some(authority) = self.uri.authority() {
            let scheme = self.uri.scheme()?;
            if !matches!(scheme.as_str(), "http" | "https")
                || !is_plain_authority(scheme.as_str(), authority)
            {
                return None;
            }
            parts.scheme = Some(scheme.clone());
            parts.authority = Some(authority.clone());
        }
        Uri::from_parts(parts).ok()
    }

    fn url(&self) -> Option<Url> {
        let mut url = if self.uri.authority().is_some() {
            Url::parse(&self.uri.to_string()).ok()?
        } else {
            let host = std::str::from_utf8(self.host?).ok()?;
            // Userinfo or a path inside would make another host of it.
            let host: Authority = host.parse().ok()?;
            Url::parse(&format!("{}://{host}{}", self.scheme?, self.uri)).ok()?
        };
        remove_userinfo(&mut url);
        Some(url)
    }
}

impl Target {
    fn same_origin(uri: Uri) -> Self {
        Self {
            uri,
            cross_origin: false,
            cross_authority: false,
            downgrade: false,
        }
    }
}

/// What `url` would write in the same way: a name in lower case or a plain IPv4 address, no userinfo,
/// no default port.
fn is_plain_authority(scheme: &str, authority: &Authority) -> bool {
    let host = authority.host();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    // A last label that begins with a digit may be a number, which is an address in disguise.
    let numeric = host.rsplit('.').find(|label| !label.is_empty());
    let numeric = numeric.is_none_or(|label| label.starts_with(|c: char| c.is_ascii_digit()));
    let port = authority.as_str().strip_prefix(host);
    let plain_port = match port.map(|port| port.strip_prefix(':')) {
        Some(None) => port == Some(""),
        Some(Some(digits)) => {
            let number = authority.port_u16();
            number.is_some_and(|number| number.to_string() == digits)
                && number
                    != if scheme == "https" {
                        Some(443)
                    } else {
                        Some(80)
                    }
        }
        None => false,
    };
    plain_port
        && host.bytes().all(plain)
        && !host.contains("xn--")
        && (!numeric || host.parse::<std::net::Ipv4Addr>().is_ok())
}

/// A path-absolute reference that resolves to itself: no authority, dot segment, fragment, or byte
/// that would be encoded.
fn is_plain_path(location: &[u8]) -> bool {
    let mut in_query = false;
    let mut previous = 0;
    for (index, byte) in location.iter().copied().enumerate() {
        let plain = match byte {
            b'/' => in_query || previous != b'/',
            // A dot segment begins with a dot, however it is spelled.
            b'.' => in_query || previous != b'/',
            b'%' => in_query || previous != b'/',
            b'?' => {
                in_query = true;
                true
            }
            // Encoded in a query, not in a path.
            b'\'' => !in_query,
            _ => byte.is_ascii_alphanumeric() || b"-_~!$&()*+,;=:@".contains(&byte),
        };
        if !plain || index == 0 && byte != b'/' {
            return false;
        }
        previous = byte;
    }
    previous != 0
}

/// The text of a reference: bytes that are no UTF-8 are percent-encoded one by one.
fn reference(location: &[u8]) -> Cow<'_, str> {
    const NON_ASCII: &AsciiSet = &AsciiSet::EMPTY;
    match std::str::from_utf8(location) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => percent_encode(location, NON_ASCII).into(),
    }
}

fn uri(url: &Url) -> Result<Uri, RedirectErrorKind> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(RedirectErrorKind::UnsupportedScheme);
    }
    let mut url = Cow::Borrowed(url);
    if url.fragment().is_some() {
        url.to_mut().set_fragment(None);
    }
    if !url.username().is_empty() || url.password().is_some() {
        remove_userinfo(url.to_mut());
    }
    // Fails for what is too long for `http::Uri`: 64 KiB.
    Uri::try_from(url.as_str()).map_err(|_| RedirectErrorKind::InvalidLocation)
}

fn origin_form(uri: &Uri) -> Result<Uri, RedirectErrorKind> {
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).map_err(|_| RedirectErrorKind::InvalidLocation)
}

/// A URL with a host can do without, so that neither call fails.
fn remove_userinfo(url: &mut Url) {
    let _ = url.set_username("");
    let _ = url.set_password(None);
}
