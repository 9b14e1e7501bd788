//! Where a `Location` leads (RFC 9110 §10.2.2), resolved as browsers do (WHATWG URL).

use std::borrow::Cow;
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri, header};
use percent_encoding::{AsciiSet, percent_encode};
use url::Url;

use super::error::RedirectErrorKind;
use crate::uri::{Authority, ByteSet, Origin, Scheme};

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
    pub(super) fragment: Option<Arc<str>>,
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
        match self.resolve_plain(location) {
            Some(target) => Ok(target),
            None => self.resolve_any(location),
        }
    }

    /// The references that most servers send, without the URL parser: nothing in them would be
    /// written in another way.
    fn resolve_plain(&self, location: &[u8]) -> Option<Target> {
        if is_plain_path(location) {
            return self.with_path(location).map(Target::same_origin);
        }
        let rest =
            location.strip_prefix(b"http").map(|rest| rest.strip_prefix(b"s").unwrap_or(rest));
        let rest = rest.and_then(|rest| rest.strip_prefix(b"://"))?;
        let (authority, path) = rest.split_at(rest.iter().position(|byte| *byte == b'/')?);
        // `http::Uri` ends an authority at `?` and `#`, too.
        let ends_early = authority.iter().any(|byte| matches!(byte, b'?' | b'#'));
        if ends_early || !is_plain_path(path) {
            return None;
        }
        let uri = Uri::try_from(location).ok()?;
        let (new, old) = (Origin::plain(&uri)?, Origin::plain(self.uri)?);
        let cross_origin = new != old;
        Some(Target {
            cross_origin,
            cross_authority: cross_origin && !new.has_same_authority(&old),
            downgrade: old.scheme() == Scheme::Https && new.scheme() == Scheme::Http,
            fragment: None,
            uri,
        })
    }

    /// The same scheme and authority with this path and query.
    fn with_path(&self, path: &[u8]) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
        if self.uri.authority().is_some() {
            Origin::plain(self.uri)?;
            parts.scheme = self.uri.scheme().cloned();
            parts.authority = self.uri.authority().cloned();
        }
        Uri::from_parts(parts).ok()
    }

    fn resolve_any(&self, location: &[u8]) -> Result<Target, RedirectErrorKind> {
        let reference = reference(location);
        let Some(base) = self.url()? else {
            return self.resolve_without_origin(&reference);
        };
        let url = base.join(&reference).map_err(|_| RedirectErrorKind::InvalidLocation)?;
        let new = Origin::of_url(&url).ok_or(RedirectErrorKind::UnsupportedScheme)?;
        let old = Origin::of_url(&base);
        let cross_origin = old != Some(new);
        let cross_authority = cross_origin && old.is_none_or(|old| !new.has_same_authority(&old));
        let is_secure = |origin: Origin<'_>| origin.scheme() == Scheme::Https;
        let downgrade = old.is_some_and(is_secure) && !is_secure(new);
        let fragment = fragment(&url);
        if !cross_origin && self.uri.authority().is_none() {
            // A request in origin-form goes on in origin-form.
            let target = origin_form(&uri(url)?).map(Target::same_origin)?;
            return Ok(Target { fragment, ..target });
        }
        Ok(Target { cross_origin, cross_authority, downgrade, fragment, uri: uri(url)? })
    }

    /// Only what stays on the origin can be followed where the origin is not known.
    fn resolve_without_origin(&self, reference: &str) -> Result<Target, RedirectErrorKind> {
        let base = Url::parse(&format!("http://origin-form.invalid{}", self.uri));
        let base = base.map_err(|_| RedirectErrorKind::UnknownOrigin)?;
        let mut start = reference.trim_start().bytes();
        let mut slash = || matches!(start.next(), Some(b'/' | b'\\'));
        if Url::parse(reference).is_ok() || slash() && slash() {
            return Err(RedirectErrorKind::UnknownOrigin);
        }
        let url = base.join(reference).map_err(|_| RedirectErrorKind::InvalidLocation)?;
        if Origin::of_url(&base) != Origin::of_url(&url) {
            return Err(RedirectErrorKind::UnknownOrigin);
        }
        let fragment = fragment(&url);
        let target = origin_form(&uri(url)?).map(Target::same_origin)?;
        Ok(Target { fragment, ..target })
    }

    /// `None` where the request was in origin-form, and what it leaves out is not known.
    fn url(&self) -> Result<Option<Url>, RedirectErrorKind> {
        // What the caller asked for is no URL to resolve against.
        let invalid = |_| RedirectErrorKind::InvalidLocation;
        let mut url = if self.uri.authority().is_some() {
            Url::parse(&text(self.uri)).map_err(invalid)?
        } else {
            let (Some(scheme), Some(host)) = (self.scheme, self.host) else { return Ok(None) };
            // Userinfo or a path inside would make another host of it.
            let host = Authority::parse(host).map_err(|_| RedirectErrorKind::UnknownOrigin)?;
            Url::parse(&format!("{scheme}://{host}{}", self.uri)).map_err(invalid)?
        };
        remove_userinfo(&mut url);
        Ok(Some(url))
    }
}

impl Target {
    fn same_origin(uri: Uri) -> Self {
        let (cross_origin, cross_authority, downgrade) = (false, false, false);
        Self { uri, cross_origin, cross_authority, downgrade, fragment: None }
    }
}

/// A path-absolute reference that resolves to itself: no authority, dot segment, fragment, or byte
/// that would be encoded.
fn is_plain_path(location: &[u8]) -> bool {
    let mut in_query = false;
    let mut previous = 0;
    for (index, byte) in location.iter().copied().enumerate() {
        let plain = PATH.contains(byte)
            || match byte {
                // A dot segment begins with a dot, however it is spelled.
                b'/' | b'.' | b'%' => in_query || previous != b'/',
                b'?' => {
                    in_query = true;
                    true
                }
                // Encoded in a query, not in a path.
                b'\'' => !in_query,
                _ => false,
            };
        if !plain || index == 0 && byte != b'/' {
            return false;
        }
        previous = byte;
    }
    previous != 0
}

static PATH: ByteSet = ByteSet::of(b"-_~!$&()*+,;=:@");

/// The text of a reference: bytes that are no UTF-8 are percent-encoded one by one.
fn reference(location: &[u8]) -> Cow<'_, str> {
    const NON_ASCII: &AsciiSet = &AsciiSet::EMPTY;
    match std::str::from_utf8(location) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => percent_encode(location, NON_ASCII).into(),
    }
}

fn fragment(url: &Url) -> Option<Arc<str>> {
    url.fragment().map(Arc::from)
}

/// What of a URL a request carries: no fragment, no userinfo.
fn uri(mut url: Url) -> Result<Uri, RedirectErrorKind> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(RedirectErrorKind::UnsupportedScheme);
    }
    url.set_fragment(None);
    remove_userinfo(&mut url);
    // Fails for what is too long for `http::Uri`: 64 KiB.
    Uri::try_from(String::from(url)).map_err(|_| RedirectErrorKind::InvalidLocation)
}

/// The text of an absolute URI, in one allocation.
fn text(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    [uri.scheme_str().unwrap_or_default(), "://", authority, path].concat()
}

fn origin_form(uri: &Uri) -> Result<Uri, RedirectErrorKind> {
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).map_err(|_| RedirectErrorKind::InvalidLocation)
}

/// A URL with a host can do without, so that neither call fails.
fn remove_userinfo(url: &mut Url) {
    if !url.username().is_empty() || url.password().is_some() {
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
}
