use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Method, Response, StatusCode, Uri};

use super::dropped::Dropped;
use super::redacted::Redacted;

/// The redirections that one call followed, in order. The history is in the extensions of the response
/// if a redirection was followed, or if HSTS upgraded the URL of the call.
///
/// `Display` prints the first request and then one hop per line, with `(https by HSTS)` after a URL that
/// was upgraded. `Display` and `Debug` leave out userinfo and the values of a query, and cut each URL to
/// 256 bytes; the accessors return whole URLs.
///
/// ```
/// use http::Response;
/// use tower_redirect::RedirectHistory;
///
/// let response = Response::new(());
/// assert!(RedirectHistory::of(&response).is_none());
/// ```
#[derive(Clone, Default)]
pub struct RedirectHistory {
    hops: Vec<Hop>,
    /// The HSTS upgrade of the URL of the call.
    upgraded: Option<Box<Upgrade>>,
}

/// An HSTS upgrade.
#[derive(Clone)]
pub(super) struct Upgrade {
    pub(super) http: Uri,
    pub(super) https: Uri,
}

/// One followed redirection.
#[derive(Clone)]
pub struct Hop {
    pub(super) status: StatusCode,
    pub(super) uri: Uri,
    pub(super) next_uri: Uri,
    pub(super) method: Method,
    pub(super) next_method: Method,
    pub(super) dropped: Vec<Dropped>,
    pub(super) cross_origin: bool,
    pub(super) downgrade: bool,
    pub(super) fragment: Option<Arc<str>>,
    pub(super) replaced_location: Option<HeaderValue>,
    /// Whether the target was http and was upgraded to https, because its host is in the HSTS store.
    pub(super) was_upgraded: bool,
    /// Whether the redirection was remembered instead of received.
    pub(super) was_remembered: bool,
}

impl RedirectHistory {
    /// Returns the history of a response, or `None` if nothing was followed or upgraded.
    pub fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    /// Returns the hops, in order.
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// Returns the number of hops.
    pub fn len(&self) -> usize {
        self.hops.len()
    }

    /// Whether no redirection was followed.
    pub fn is_empty(&self) -> bool {
        self.hops.is_empty()
    }

    /// Returns the URL of the last request; `None` if nothing was followed or upgraded.
    pub fn final_uri(&self) -> Option<&Uri> {
        let upgraded = self.upgraded.as_ref().map(|upgraded| &upgraded.https);
        self.hops.last().map(|hop| &hop.next_uri).or(upgraded)
    }

    /// Returns the http URL of the call if it was sent over https because its host is in the
    /// [HSTS store](super::hsts). Such an upgrade is not a hop.
    pub fn upgraded_from(&self) -> Option<&Uri> {
        self.upgraded.as_ref().map(|upgraded| &upgraded.http)
    }

    /// Creates a history without hops.
    pub(super) fn with_upgrade(upgraded: Option<Box<Upgrade>>) -> Self {
        Self { hops: Vec::new(), upgraded }
    }

    /// Whether there is a hop or an upgrade. If not, the response gets no history.
    pub(super) fn has_hop_or_upgrade(&self) -> bool {
        !self.hops.is_empty() || self.upgraded.is_some()
    }

    /// Returns the URL of the last request of the call that returned `response`. `asked` is the URL of
    /// the call, which is returned if nothing was followed or upgraded.
    ///
    /// ```
    /// use http::{Response, Uri};
    /// use tower_redirect::RedirectHistory;
    ///
    /// let (asked, response) = (Uri::from_static("http://a.test/"), Response::new(()));
    /// assert_eq!(RedirectHistory::final_uri_or(&response, &asked), "http://a.test/");
    /// ```
    pub fn final_uri_or<'a, B>(response: &'a Response<B>, asked: &'a Uri) -> &'a Uri {
        Self::of(response).and_then(Self::final_uri).unwrap_or(asked)
    }

    /// Returns the fragment of the final URL, without the `#`: that of the last `Location` that had
    /// one, or else the [fragment of the first URL](super::FollowOptions::fragment), if the caller has set
    /// it (RFC 9110 §10.2.2). `None` if there is none, or if
    /// nothing was followed.
    pub fn fragment(&self) -> Option<&str> {
        self.hops.last().and_then(Hop::fragment)
    }

    /// Returns the URL that may be remembered in place of the first.
    ///
    /// It is the last URL that was reached by permanent hops alone: by 301 or 308, with the method kept,
    /// not from https to http, not by an HSTS upgrade, and not to a URL that a policy chose. `None` if the
    /// first hop was not permanent, or if nothing was followed.
    pub fn permanent_uri(&self) -> Option<&Uri> {
        let permanent = self.hops.iter().take_while(|hop| hop.is_permanent());
        permanent.last().map(|hop| &hop.next_uri)
    }

    pub(super) fn push(&mut self, hop: Hop) {
        if self.hops.is_empty() {
            // Most chains are short, and a hop is large: `push` alone would make room for four.
            self.hops.reserve_exact(2);
        }
        self.hops.push(hop);
    }

    /// Marks the last hop as remembered.
    pub(super) fn mark_remembered(&mut self) {
        if let Some(hop) = self.hops.last_mut() {
            hop.was_remembered = true;
        }
    }

    pub(super) fn pop(&mut self) -> Option<Hop> {
        self.hops.pop()
    }

    /// Returns the URLs that the chain, continued by `next`, visits more than once.
    pub(super) fn repeating<'a>(&'a self, next: Option<&'a Uri>) -> Vec<&'a Uri> {
        let first = self.hops.first().map(|hop| &hop.uri);
        let visits = first.into_iter().chain(self.hops.iter().map(|hop| &hop.next_uri)).chain(next);
        let mut times_visited = HashMap::new();
        let mut repeating = Vec::new();
        for uri in visits {
            let times = times_visited.entry(uri).or_insert(0_usize);
            *times += 1;
            if *times == 2 {
                repeating.push(uri);
            }
        }
        repeating
    }
}

impl Hop {
    /// Returns the status of the redirection.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the URL of the request that was redirected.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the URL of the next request.
    pub fn next_uri(&self) -> &Uri {
        &self.next_uri
    }

    /// Returns the method of the request that was redirected.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the method of the next request.
    pub fn next_method(&self) -> &Method {
        &self.next_method
    }

    /// Returns the fragment of the next URL, without the `#`.
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// Returns the headers, userinfo and extensions that the next request was sent without.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Whether the next URL has another origin (RFC 6454): scheme, host or port differs.
    pub fn is_cross_origin(&self) -> bool {
        self.cross_origin
    }

    /// Returns the `Location` as the server sent it, if a policy chose another URL
    /// ([`Action::FollowTo`](super::Action::FollowTo)).
    pub fn replaced_location(&self) -> Option<&HeaderValue> {
        self.replaced_location.as_ref()
    }

    /// Whether the target was http and was upgraded to https, because its host is in the
    /// [HSTS store](super::hsts).
    pub fn was_upgraded(&self) -> bool {
        self.was_upgraded
    }

    /// Whether the redirection was not received in this call, but [remembered](super::Remembered) from
    /// an earlier one.
    pub fn was_remembered(&self) -> bool {
        self.was_remembered
    }

    pub(super) fn is_permanent(&self) -> bool {
        let permanent =
            matches!(self.status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
        // A URL that a policy chose is not the target that the server calls permanent.
        permanent
            && self.replaced_location.is_none()
            && self.method == self.next_method
            && !self.downgrade
            && !self.was_upgraded
    }

    /// Prints notes such as `(remembered)`, and the parts that the next request was sent without.
    pub(super) fn fmt_notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.replaced_location.is_some() {
            f.write_str(" (chosen by the policy)")?;
        }
        if self.was_upgraded {
            f.write_str(" (https by HSTS)")?;
        }
        if self.was_remembered {
            f.write_str(" (remembered)")?;
        }
        let mut separator = " (left behind: ";
        for dropped in &self.dropped {
            write!(f, "{separator}{dropped}")?;
            separator = ", ";
        }
        if self.dropped.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

impl fmt::Display for RedirectHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.hops.first(), &self.upgraded) {
            (Some(first), _) => write!(f, "{} {}", first.method, Redacted(&first.uri))?,
            (None, Some(upgraded)) => write!(f, "{}", Redacted(&upgraded.https))?,
            (None, None) => {}
        }
        if self.upgraded.is_some() {
            f.write_str(" (https by HSTS)")?;
        }
        for hop in &self.hops {
            write!(f, "\n  {hop}")?;
        }
        Ok(())
    }
}

/// Prints the status and the next request: `307 -> POST https://a.test/ (left behind: cookie)`.
impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.status.as_u16(), self.next_method, Redacted(&self.next_uri))?;
        self.fmt_notes(f)
    }
}

impl fmt::Debug for RedirectHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.hops).finish()
    }
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {self}", self.method, Redacted(&self.uri))
    }
}
