//! Resolves `Location` (RFC 9110 §10.2.2) as browsers do (WHATWG URL).
//!
//! References that need no change, which are nearly all, are read by `resolve_plain`; all others go
//! through the `url` crate. A property test holds the two against each other.

use std::borrow::Cow;
use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri, header};
use percent_encoding::{AsciiSet, percent_encode};
use url::Url;

use super::redirect_error::RedirectErrorKind;
use crate::uri::{Authority, ByteSet, Origin, Scheme};

/// The URL of the last request, against which `Location` is resolved.
#[derive(Debug)]
pub(super) struct Base<'a> {
    pub(super) uri: &'a Uri,
    /// The value of `Host`. It is read only if the URI is in origin-form, as `scheme` is.
    pub(super) host: Option<&'a [u8]>,
    /// The configured scheme.
    pub(super) scheme: Option<Scheme>,
}

/// The URL of the next request, compared with that of the last.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) uri: Uri,
    pub(super) cross_origin: bool,
    pub(super) cross_authority: bool,
    pub(super) downgrade: bool,
    pub(super) fragment: Option<Arc<str>>,
}

/// Returns the value of `Location`, or an error if several values differ.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<&HeaderValue>, RedirectErrorKind> {
    let mut values = headers.get_all(header::LOCATION).iter();
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
            None => self.resolve_with_parser(location),
        }
    }

    /// Resolves the references that most servers send without the URL parser. `None` for any in which
    /// the parser would change a byte.
    fn resolve_plain(&self, location: &[u8]) -> Option<Target> {
        if is_plain_path(location) {
            return self.with_path(location).map(Target::same_origin);
        }
        let rest =
            location.strip_prefix(b"http").map(|rest| rest.strip_prefix(b"s").unwrap_or(rest));
        let rest = rest.and_then(|rest| rest.strip_prefix(b"://"))?;
        let (authority, path) = rest.split_at(rest.iter().position(|byte| *byte == b'/')?);
        // `http::Uri` would end the authority at `?` and `#`, too.
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

    /// Replaces path and query of the base.
    fn with_path(&self, path: &[u8]) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
        if self.uri.authority().is_some() {
            // The parser would change an authority that is not plain.
            Origin::plain(self.uri)?;
            parts.scheme = self.uri.scheme().cloned();
            parts.authority = self.uri.authority().cloned();
        }
        Uri::from_parts(parts).ok()
    }

    fn resolve_with_parser(&self, location: &[u8]) -> Result<Target, RedirectErrorKind> {
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
            // The caller's client expects the form of URI that the caller chose.
            let target = origin_form(&uri(url)?).map(Target::same_origin)?;
            return Ok(Target { fragment, ..target });
        }
        Ok(Target { cross_origin, cross_authority, downgrade, fragment, uri: uri(url)? })
    }

    /// Resolves a reference against an origin-form URI whose origin is not known: only references
    /// that stay on the origin, whichever it is.
    fn resolve_without_origin(&self, reference: &str) -> Result<Target, RedirectErrorKind> {
        // Stands in for the unknown origin. References that may name an origin are refused before
        // they are compared with it.
        let base = Url::parse(&format!("http://origin-form.invalid{}", self.uri));
        let base = base.map_err(|_| RedirectErrorKind::UnknownOrigin)?;
        let mut start = reference.trim_start().bytes();
        // `//host` and its spellings with backslashes name a host.
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

    /// Returns the base as an absolute URL without userinfo. `None` for a URI in origin-form if `Host`
    /// or the scheme is missing.
    fn url(&self) -> Result<Option<Url>, RedirectErrorKind> {
        // The caller's own URI is not a URL, so that nothing resolves against it.
        let invalid = |_| RedirectErrorKind::InvalidLocation;
        let mut url = if self.uri.authority().is_some() {
            Url::parse(&text(self.uri)).map_err(invalid)?
        } else {
            let (Some(scheme), Some(host)) = (self.scheme, self.host) else { return Ok(None) };
            // Checked first: userinfo or a path in `Host` would give the URL another host.
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

/// Whether a path-absolute reference resolves to itself: it has no authority, dot segment, fragment,
/// or byte that would be encoded.
fn is_plain_path(location: &[u8]) -> bool {
    let mut in_query = false;
    let mut previous = 0;
    for (index, byte) in location.iter().copied().enumerate() {
        let plain = PLAIN_PATH.contains(byte)
            || match byte {
                // After a slash, `/` may begin an authority, and `.` or `%2e` a dot segment.
                b'/' | b'.' | b'%' => in_query || previous != b'/',
                b'?' => {
                    in_query = true;
                    true
                }
                // The parser encodes it in a query and not in a path.
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

/// The bytes that stand for themselves in paths and queries, beside letters and digits.
static PLAIN_PATH: ByteSet = ByteSet::of(b"-_~!$&()*+,;=:@");

/// Returns the reference as text. If it is not UTF-8, every byte beyond ASCII is percent-encoded.
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

/// Converts a URL to a request's URI, without fragment and userinfo.
fn uri(mut url: Url) -> Result<Uri, RedirectErrorKind> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(RedirectErrorKind::UnsupportedScheme);
    }
    url.set_fragment(None);
    remove_userinfo(&mut url);
    // `http::Uri` refuses text of 64 KiB and more.
    Uri::try_from(String::from(url)).map_err(|_| RedirectErrorKind::InvalidLocation)
}

/// Returns the text of an absolute URI in one allocation; `to_string` takes several.
fn text(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    [uri.scheme_str().unwrap_or_default(), "://", authority, path].concat()
}

/// Reduces a URI to its path and query.
fn origin_form(uri: &Uri) -> Result<Uri, RedirectErrorKind> {
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).map_err(|_| RedirectErrorKind::InvalidLocation)
}

/// Removes userinfo. Neither call fails, since http and https URLs have a host.
fn remove_userinfo(url: &mut Url) {
    if !url.username().is_empty() || url.password().is_some() {
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
}
