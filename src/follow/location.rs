//! Resolves `Location` (RFC 9110 §10.2.2) as browsers do (WHATWG URL).
//!
//! Nearly all references need no change, and are resolved by
//! [`plain_reference`](super::plain_reference). All others are resolved by the `url` crate.

use std::borrow::Cow;
use std::sync::Arc;

use http::Uri;
use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, percent_encode};
use url::Url;

use super::hsts::HstsStore;
use super::redirect_error::RedirectErrorKind;
use super::userinfo;
use crate::system_clock;
use crate::uri::{Authority, Origin, Scheme};

/// The URL of the last request, against which `Location` is resolved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base<'a> {
    pub(super) uri: &'a Uri,
    /// The value of `Host`. Like `scheme`, it is used only if the URI is in origin-form.
    pub(super) host: Option<&'a [u8]>,
    /// The configured scheme.
    pub(super) scheme: Option<Scheme>,
    /// Upgrades http targets to https.
    pub(super) hsts: Option<&'a HstsStore>,
    /// Whether the URI is known to have a [plain](Origin::plain) origin.
    pub(super) plain_origin: bool,
}

/// The URL of the next request, compared with that of the last.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) uri: Uri,
    pub(super) cross_origin: bool,
    pub(super) downgrade: bool,
    /// Whether `Location`, or the URL that a policy chose in its place, had userinfo, which was removed.
    pub(super) userinfo: bool,
    pub(super) fragment: Option<Arc<str>>,
    /// Whether the URI is known to have a [plain](Origin::plain) origin.
    pub(super) plain_origin: bool,
    /// Whether HSTS upgraded the target from http to https.
    pub(super) was_upgraded: bool,
}

impl Base<'_> {
    /// Resolves `Location`, and changes an http target to https if HSTS knows its host.
    pub(super) fn resolve(&self, location: &[u8]) -> Result<Target, RedirectErrorKind> {
        let target = match self.resolve_plain(location) {
            Some(target) => target,
            None => self.resolve_with_parser(location)?,
        };
        let https = self.hsts.and_then(|store| store.upgrade(&target.uri, system_clock::now()));
        let Some(https) = https else { return Ok(target) };
        let Target { userinfo, fragment, .. } = target;
        // Resolved again, to compare the origins.
        let upgraded = self.resolve(https.to_string().as_bytes())?;
        Ok(Target { userinfo, fragment, was_upgraded: true, ..upgraded })
    }

    /// Resolves the URL that a policy chose in place of the target `replaced`. The fragment of `replaced`
    /// is kept.
    pub(super) fn resolve_chosen(
        &self,
        uri: &Uri,
        replaced: Option<Target>,
    ) -> Result<Target, RedirectErrorKind> {
        let fragment = replaced.and_then(|target| target.fragment);
        Ok(Target { fragment, ..self.resolve(uri.to_string().as_bytes())? })
    }

    fn resolve_with_parser(&self, location: &[u8]) -> Result<Target, RedirectErrorKind> {
        let reference = reference(location);
        let Some(base) = self.url()? else {
            return self.resolve_with_stand_in(&reference);
        };
        let url = base.join(&reference).map_err(|_| RedirectErrorKind::InvalidLocation)?;
        let new = Origin::of_url(&url).ok_or(RedirectErrorKind::UnsupportedScheme)?;
        let old = Origin::of_url(&base);
        let cross_origin = old != Some(new);
        let is_secure = |origin: Origin<'_>| origin.scheme() == Scheme::Https;
        let downgrade = old.is_some_and(is_secure) && !is_secure(new);
        // The base has no userinfo and no fragment that a relative reference could inherit.
        let (userinfo, fragment) = (has_userinfo(&url), fragment(&url));
        let mut target = uri(url)?;
        if !cross_origin && self.uri.authority().is_none() {
            // The inner client expects the form of URI that the caller chose.
            let path_and_query = target.path_and_query();
            let path_and_query = path_and_query.ok_or(RedirectErrorKind::InvalidLocation)?;
            target = path_and_query.clone().into();
        }
        Ok(Target { cross_origin, downgrade, userinfo, fragment, ..Target::new(target) })
    }

    /// Resolves a reference against a base that the parser cannot read: a URI in origin-form if `Host` or the
    /// scheme is missing, or a URI that is not a valid http or https URL. The parser gets a stand-in for the
    /// origin. If the reference has no host, the scheme and the authority of the base are kept.
    fn resolve_with_stand_in(&self, reference: &str) -> Result<Target, RedirectErrorKind> {
        let old_scheme = Scheme::of(self.uri);
        let path = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let base = format!("{}://stand-in.invalid{path}", old_scheme.unwrap_or(Scheme::Http));
        let base = Url::parse(&base).map_err(|_| RedirectErrorKind::UnknownOrigin)?;
        // `//host` and its spellings with backslashes and tabs name a host.
        let mut start = trim_start(reference).bytes().filter(|byte| *byte != b'\t');
        let mut next_is_slash = || matches!(start.next(), Some(b'/' | b'\\'));
        let absolute = Url::parse(reference).ok();
        let names_host = absolute.is_some() || next_is_slash() && next_is_slash();
        if names_host && self.uri.authority().is_none() {
            return Err(RedirectErrorKind::UnknownOrigin);
        }
        if names_host && absolute.is_none() && old_scheme.is_none() {
            // The target has the scheme of the base, which is neither http nor https, or missing (CONNECT).
            return Err(RedirectErrorKind::UnsupportedScheme);
        }
        let joined = absolute.map_or_else(|| base.join(reference), Ok);
        let url = joined.map_err(|_| RedirectErrorKind::InvalidLocation)?;
        let (userinfo, fragment) = (has_userinfo(&url), fragment(&url));
        if names_host {
            // The parser accepts the origin of the target, but not that of the base, so they differ.
            let downgrade = old_scheme == Some(Scheme::Https) && url.scheme() == "http";
            let target = Target::new(uri(url)?);
            return Ok(Target { cross_origin: true, downgrade, userinfo, fragment, ..target });
        }
        if Origin::of_url(&base) != Origin::of_url(&url) {
            return Err(RedirectErrorKind::UnknownOrigin);
        }
        let target = self.with_path_of(&uri(url)?).map(Target::new)?;
        Ok(Target { fragment, ..target })
    }

    /// Returns the base with the path and the query of `uri`, and without userinfo.
    fn with_path_of(&self, uri: &Uri) -> Result<Uri, RedirectErrorKind> {
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = uri.path_and_query().cloned();
        Uri::from_parts(parts)
            .ok()
            .and_then(|uri| userinfo::without(&uri))
            .ok_or(RedirectErrorKind::InvalidLocation)
    }

    /// Returns the base as an absolute URL without userinfo. `None` if it is not an http or https URL, or
    /// if it is in origin-form and `Host` or the scheme is missing.
    fn url(&self) -> Result<Option<Url>, RedirectErrorKind> {
        let url = if self.uri.authority().is_some() {
            Url::parse(&text(self.uri)).ok()
        } else {
            let (Some(scheme), Some(host)) = (self.scheme, self.host) else { return Ok(None) };
            // Checked first: userinfo or a path in `Host` would give the URL another host.
            let host =
                Authority::parse_bytes(host).map_err(|_| RedirectErrorKind::UnknownOrigin)?;
            // The `*` of OPTIONS is not a path: it would become a part of the host.
            let path = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
            Url::parse(&format!("{scheme}://{host}{}", if path == "*" { "/" } else { path })).ok()
        };
        Ok(url.filter(|url| Origin::of_url(url).is_some()).map(|mut url| {
            remove_userinfo(&mut url);
            url
        }))
    }
}

impl Target {
    /// Creates a target at the origin of the base, which had neither userinfo nor a fragment.
    pub(super) fn new(uri: Uri) -> Self {
        Self {
            uri,
            cross_origin: false,
            downgrade: false,
            userinfo: false,
            fragment: None,
            plain_origin: false,
            was_upgraded: false,
        }
    }
}

/// Returns the reference as text. If it is not UTF-8, every byte beyond ASCII is percent-encoded.
fn reference(location: &[u8]) -> Cow<'_, str> {
    const NON_ASCII: &AsciiSet = &AsciiSet::EMPTY;
    let text = match std::str::from_utf8(location) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => percent_encode(location, NON_ASCII).into(),
    };
    // Browsers read `///host` as `//host` (WHATWG URL, "special authority ignore slashes state").
    // `url` does so only after a scheme. Both ignore tabs.
    let start = trim_start(&text);
    let rest = start.trim_start_matches(['/', '\\', '\t']);
    let slashes = start.strip_suffix(rest).unwrap_or_default().matches(['/', '\\']).count();
    if slashes > 2 { Cow::Owned(format!("//{rest}")) } else { text }
}

/// Removes the ASCII control characters and spaces before a reference, as the parser does. Other white
/// space is part of a path.
fn trim_start(reference: &str) -> &str {
    reference.trim_start_matches(|c| c <= ' ')
}

/// The longest text that `http::Uri` accepts, in bytes.
pub(super) const MAX_URI_LEN: usize = u16::MAX as usize - 1;

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
    let text = String::from(url);
    let too_long = text.len() > MAX_URI_LEN;
    Uri::try_from(text).map_err(|_| match too_long {
        true => RedirectErrorKind::LocationTooLong,
        false => RedirectErrorKind::InvalidLocation,
    })
}

/// Returns the text of an absolute URI in one allocation; `to_string` takes several.
fn text(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    [uri.scheme_str().unwrap_or_default(), "://", authority, path].concat()
}

fn has_userinfo(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Removes userinfo. Neither call fails, because http and https URLs have a host.
fn remove_userinfo(url: &mut Url) {
    if has_userinfo(url) {
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
}
