use std::borrow::Cow;

use http::StatusCode;
use percent_encoding::percent_encode;

use super::encoding::{PATH, QUERY, encoded};
use super::redirection::{Path, Redirection, VouchedHosts};
use crate::head::RequestHead;
use crate::method::is_get_or_head;
use crate::uri::{Origin, PLAIN, Scheme, without_trailing_slash};

/// A redirection for one request: its changes applied to the request's URL.
///
/// Nothing is computed in advance. Most comparisons need one component, and the request's host is read
/// only if the target needs it.
#[derive(Clone, Copy)]
pub(crate) struct Resolved<'r, 'h> {
    pub(super) redirection: &'r Redirection,
    pub(super) head: &'r RequestHead<'h>,
}

impl Redirection {
    pub(crate) fn resolve<'r, 'h>(&'r self, head: &'r RequestHead<'h>) -> Resolved<'r, 'h> {
        Resolved { redirection: self, head }
    }
}

impl<'r> Resolved<'r, '_> {
    /// Whether a client that follows the redirection sends the same method again.
    fn keeps_method(self) -> bool {
        let method = self.head.method();
        // If the layer sends a temporary status in place of this one, the method is kept in the same cases.
        match self.redirection.status_for(method) {
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            // The client follows with GET, or with HEAD if the request was a HEAD (RFC 9110 §15.4.4).
            StatusCode::SEE_OTHER => is_get_or_head(method),
            // 301 and 302 may turn POST into GET, and change no other method (RFC 9110 §15.4.2,
            // §15.4.3, Fetch "HTTP-redirect fetch").
            _ => *method != http::Method::POST,
        }
    }

    /// Whether a client that follows the redirection repeats the same request. `false` with
    /// [`allow_self`](Redirection::allow_self).
    pub(crate) fn is_self(self) -> bool {
        !self.redirection.allow_self && self.keeps_method() && self.is_same_url()
    }

    /// Whether the client will send the same method to this server again, so the policies can be asked
    /// about that request in advance. `false` with [`allow_self`](Redirection::allow_self).
    pub(crate) fn comes_back(self) -> bool {
        self.keeps_method() && !self.redirection.allow_self && self.leads_to_own_host()
    }

    /// Whether the target's host is known to be one of this server's: the requested one, a listed one, or one
    /// that the policy vouches for.
    fn leads_to_own_host(self) -> bool {
        let Some(host) = &self.redirection.host else { return true };
        let host = host.authority(None);
        self.redirection.vouched != VouchedHosts::None
            || self.head.authority().is_some_and(|asked| asked.same_host(&host))
            || self.origin().is_some_and(|target| self.head.lists_host(&target))
    }

    /// Whether the `Location` carries a host that the client chose and the operator did not list.
    /// Caches must not store such a redirection: one client would choose the host for all others.
    pub(crate) fn carries_unlisted_host(self) -> bool {
        self.redirection.host.is_none()
            && self.redirection.vouched != VouchedHosts::Both
            && !self.is_absolute_path_reference()
            && !self.head.origin().is_some_and(|asked| self.head.lists_host(&asked))
    }

    /// Whether the `Location` carries a port that the client chose, and that the operator neither set in the
    /// redirection nor listed among the hosts. Caches must not store such a redirection, either.
    pub(crate) fn carries_unlisted_port(self) -> bool {
        !self.sets_port()
            && !self.is_absolute_path_reference()
            && self.head.origin().is_some_and(|asked| {
                asked.written_port().is_some() && !self.head.lists_port(&asked)
            })
    }

    /// Whether the redirection decides the port: it sets one, or changes the scheme.
    pub(super) fn sets_port(self) -> bool {
        self.redirection.port.is_some() || !self.keeps_scheme()
    }

    /// Whether the redirection changes the scheme from http to https.
    pub(crate) fn upgrades(self) -> bool {
        self.redirection.scheme == Some(Scheme::Https) && !self.head.is_secure()
    }

    /// Whether path, query and origin are those of the request.
    pub(super) fn is_same_url(self) -> bool {
        // The schemes are compared first, because that is cheapest, and needs no host.
        self.keeps_scheme() && self.is_same_path() && self.is_same_query() && self.is_same_origin()
    }

    /// Whether the path is that of the request, compared as both would be written in a `Location`.
    fn is_same_path(self) -> bool {
        let asked = [self.head.path()].into_iter();
        self.redirection.path.is_none()
            || encoded(self.path().iter(), PATH).eq(encoded(asked, PATH))
    }

    /// Whether the path is that of the request, but for a slash at the end of either. A spliced path is
    /// compared with its slash. The root keeps its slash: a CONNECT has an empty path, and does not ask for
    /// the root.
    pub(crate) fn is_same_page(self) -> bool {
        let bare = |path| if path == "/" { path } else { without_trailing_slash(path) };
        let encode = |path| encoded([bare(path)].into_iter(), PATH);
        match &self.redirection.path {
            Some(Path::Whole(path)) => encode(path).eq(encode(self.head.path())),
            _ => self.is_same_path(),
        }
    }

    fn is_same_query(self) -> bool {
        let Some(new) = &self.redirection.query else { return true };
        let bytes = |query| encoded([query].into_iter(), QUERY);
        match (new.as_deref(), self.head.query()) {
            (Some(new), Some(old)) => bytes(new).eq(bytes(old)),
            (new, old) => new.is_none() && old.is_none(),
        }
    }

    /// Whether scheme, host and port are those of the request.
    pub(crate) fn is_same_origin(self) -> bool {
        if self.keeps_origin() {
            return true;
        }
        // The schemes are compared first, because this needs no host.
        if !self.keeps_scheme() {
            return false;
        }
        let origin = self.origin();
        origin.is_some() && origin == self.head.origin()
    }

    /// Whether the redirection sets no host and no port and keeps the scheme. The `Location` then needs
    /// the request's host only if its path could be read as an authority: see
    /// [`is_absolute_path_reference`](Self::is_absolute_path_reference).
    pub(super) fn keeps_origin(self) -> bool {
        let Redirection { host, port, .. } = self.redirection;
        host.is_none() && port.is_none() && self.keeps_scheme()
    }

    fn keeps_scheme(self) -> bool {
        self.redirection.scheme.is_none_or(|scheme| scheme == self.head.scheme())
    }

    /// Whether an absolute-path reference (RFC 3986 §4.2) is enough for the `Location`. It is not if the
    /// path begins with `//` or `/\`, from which browsers would read a host.
    #[inline(always)] // Saves a redirection to another origin 10 instructions.
    pub(super) fn is_absolute_path_reference(self) -> bool {
        let may_be_a_host = || self.mount().is_empty() && self.path().looks_like_an_authority();
        self.keeps_origin() && !may_be_a_host()
    }

    /// The prefix that a proxy removed from the path, if the target is behind that proxy, too; otherwise
    /// empty.
    pub(super) fn mount(self) -> &'r str {
        let mount = self.head.mount();
        if !mount.is_empty() && self.leads_to_own_host() { mount } else { "" }
    }

    /// The origin of the target. `None` if the target needs the request's host or port, and the request has
    /// no acceptable host.
    pub(crate) fn origin(self) -> Option<Origin<'r>> {
        let Redirection { host, port, .. } = self.redirection;
        let asked_scheme = self.head.scheme();
        let scheme = self.redirection.scheme.unwrap_or(asked_scheme);
        // The request's port belongs to its scheme, and is dropped if the scheme changes.
        let port = port.or((scheme != asked_scheme).then_some(scheme.default_port()));
        let authority = match (host, port) {
            (Some(host), Some(_)) => host.authority(port),
            (host, port) => {
                let asked = self.head.authority()?;
                let port = port.or(asked.port());
                host.as_ref().map_or(asked.at_port(port), |host| host.authority(port))
            }
        };
        Some(Origin::new(scheme, authority))
    }

    /// The path and query as they were sent, if neither changes and neither needs percent-encoding. Most
    /// redirections to https or to another host copy them whole.
    pub(super) fn kept_target(self) -> Option<&'r str> {
        let Redirection { path, query, .. } = self.redirection;
        if path.is_none() && query.is_none() { self.head.plain_target() } else { None }
    }

    pub(super) fn path(self) -> Pieces<'r> {
        let asked = self.head.path();
        match &self.redirection.path {
            None => Pieces::one(asked),
            Some(Path::Whole(path)) => Pieces::one(path),
            Some(Path::Splice { start, end, with }) => Pieces([
                asked.get(..*start).unwrap_or(asked),
                with,
                asked.get(*end..).unwrap_or_default(),
            ]),
        }
    }

    pub(super) fn query(self) -> Option<&'r str> {
        match &self.redirection.query {
            None => self.head.query(),
            Some(query) => query.as_deref(),
        }
    }

    /// The fragment for the user agent. It is never sent to a server, so URLs are compared without it.
    pub(super) fn fragment(self) -> Option<&'r str> {
        self.redirection.fragment.as_deref()
    }

    /// Whether the path is known to need no percent-encoding.
    pub(super) fn path_is_plain(self) -> bool {
        match &self.redirection.path {
            None => self.head.is_plain(),
            Some(Path::Whole(path)) => PLAIN.contains_all(path),
            Some(Path::Splice { with, .. }) => self.head.is_plain() && PLAIN.contains_all(with),
        }
    }

    /// Whether the query is known to need no percent-encoding.
    pub(super) fn query_is_plain(self) -> bool {
        match &self.redirection.query {
            None => self.head.is_plain(),
            Some(query) => query.as_deref().is_none_or(|query| PLAIN.contains_all(query)),
        }
    }

    /// The path, percent-encoded as in a `Location`, without the mount.
    pub(super) fn encoded_path(self) -> Cow<'r, str> {
        let pieces = self.path();
        match pieces.0 {
            [whole, "", ""] if self.path_is_plain() => whole.into(),
            _ => pieces.iter().flat_map(|piece| percent_encode(piece.as_bytes(), PATH)).collect(),
        }
    }

    /// The query as a `Location` writes it.
    pub(super) fn encoded_query(self) -> Option<Cow<'r, str>> {
        self.query().map(|query| match self.query_is_plain() {
            true => query.into(),
            false => percent_encode(query.as_bytes(), QUERY).into(),
        })
    }
}

/// The pieces of a path, in order, so that a spliced path can be written without being joined first.
pub(super) struct Pieces<'a>([&'a str; 3]);

impl<'a> Pieces<'a> {
    pub(super) const fn one(piece: &'a str) -> Self {
        Self([piece, "", ""])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.0.into_iter()
    }

    pub(super) fn starts_with_slash(&self) -> bool {
        self.byte(0) == Some(b'/')
    }

    /// Whether a browser would read a host from the start of the path: `//x`, `/\x`.
    fn looks_like_an_authority(&self) -> bool {
        // A missing leading slash is added when the `Location` is written.
        let second = usize::from(self.starts_with_slash());
        matches!(self.byte(second), Some(b'/' | b'\\'))
    }

    fn byte(&self, mut at: usize) -> Option<u8> {
        for piece in self.0 {
            match piece.as_bytes().get(at) {
                Some(byte) => return Some(*byte),
                None => at -= piece.len(),
            }
        }
        None
    }
}
