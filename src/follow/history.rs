use std::fmt;
use std::sync::Arc;

use http::{HeaderName, Method, Response, StatusCode, Uri};

/// The hops of one call, in order: in the extensions of a response to which at least one led.
///
/// `Display` draws the chain. `Display` and `Debug` print the names in a query, never its values,
/// and no userinfo; the accessors give all.
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
}

/// One followed redirection.
#[derive(Clone)]
pub struct Hop {
    pub(super) status: StatusCode,
    pub(super) uri: Uri,
    pub(super) next_uri: Uri,
    pub(super) method: Method,
    pub(super) next_method: Method,
    pub(super) dropped: Vec<HeaderName>,
    pub(super) cross_origin: bool,
    pub(super) downgrade: bool,
    pub(super) fragment: Option<Arc<str>>,
}

impl RedirectHistory {
    /// The history of a response; `None` if it answers the first request.
    pub fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    /// The hops, in order.
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// How many hops.
    pub fn len(&self) -> usize {
        self.hops.len()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.hops.is_empty()
    }

    /// The URL that answered at last.
    pub fn final_uri(&self) -> Option<&Uri> {
        self.hops.last().map(|hop| &hop.next_uri)
    }

    /// The fragment of the final URL, without the `#`: that of the last `Location` which had one, or
    /// the first URL's (RFC 9110 §10.2.2).
    pub fn fragment(&self) -> Option<&str> {
        self.hops.last().and_then(Hop::fragment)
    }

    /// The URL to remember in place of the first: as far as all hops were permanent (301, 308), kept
    /// the method and did not leave https. `None` if the first hop was not so.
    pub fn permanent_uri(&self) -> Option<&Uri> {
        let permanent = self.hops.iter().take_while(|hop| hop.is_permanent());
        permanent.last().map(|hop| &hop.next_uri)
    }

    pub(super) fn push(&mut self, hop: Hop) {
        self.hops.push(hop);
    }

    pub(super) fn pop(&mut self) -> Option<Hop> {
        self.hops.pop()
    }

    /// The URLs that the chain, with `next`, came to more than once; each once.
    pub(super) fn repeating<'a>(&'a self, next: Option<&'a Uri>) -> Vec<&'a Uri> {
        let first = self.hops.first().map(|hop| &hop.uri);
        let visits = first.into_iter().chain(self.hops.iter().map(|hop| &hop.next_uri)).chain(next);
        let mut seen = Vec::new();
        let mut repeating = Vec::new();
        for uri in visits {
            if !seen.contains(&uri) {
                seen.push(uri);
            } else if !repeating.contains(&uri) {
                repeating.push(uri);
            }
        }
        repeating
    }
}

impl Hop {
    /// The status that was followed.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The URL that answered with it.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The URL that was asked next.
    pub fn next_uri(&self) -> &Uri {
        &self.next_uri
    }

    /// The method that was answered.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The method of the next request.
    pub fn next_method(&self) -> &Method {
        &self.next_method
    }

    /// The fragment of the next URL, without the `#`.
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// The fields that stayed behind.
    pub fn dropped(&self) -> &[HeaderName] {
        &self.dropped
    }

    /// Whether it led to another origin (RFC 6454): scheme, host or port differ.
    pub fn is_cross_origin(&self) -> bool {
        self.cross_origin
    }

    fn is_permanent(&self) -> bool {
        let permanent =
            matches!(self.status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
        permanent && self.method == self.next_method && !self.downgrade
    }
}

impl fmt::Display for RedirectHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.hops.first() {
            write!(f, "{} {}", first.method, Shown(&first.uri))?;
        }
        for hop in &self.hops {
            write!(f, "\n  {hop}")?;
        }
        Ok(())
    }
}

/// What was followed, and to where: `307 -> POST https://a.test/ (left behind: cookie)`.
impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.status.as_u16(), self.next_method, Shown(&self.next_uri))?;
        let mut separator = " (left behind: ";
        for name in &self.dropped {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        if self.dropped.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

impl fmt::Debug for RedirectHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.hops).finish()
    }
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {self}", self.method, Shown(&self.uri))
    }
}

/// A URI without userinfo and without the values of its query.
pub(super) struct Shown<'a>(pub(super) &'a Uri);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(scheme), Some(authority)) = (self.0.scheme_str(), self.0.authority()) {
            let authority = authority.as_str();
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            write!(f, "{scheme}://{host}")?;
        }
        f.write_str(self.0.path())?;
        let mut separator = '?';
        for pair in self.0.query().into_iter().flat_map(|query| query.split('&')) {
            write!(f, "{separator}")?;
            // Without a value it may well be a token, which may end in `=`.
            match pair.split_once('=') {
                Some((name, value)) if value.bytes().any(|b| b != b'=') => write!(f, "{name}=…")?,
                _ => f.write_str("…")?,
            }
            separator = '&';
        }
        Ok(())
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_without_secrets() {
        for (uri, shown) in [
            ("/a", "/a"),
            ("http://a.test", "http://a.test/"),
            ("https://u:p@a.test:8443/a?x=1&y=2", "https://a.test:8443/a?x=…&y=…"),
            ("http://a.test/?token", "http://a.test/?…"),
            ("http://a.test/?dG9rZW4=", "http://a.test/?…"),
            ("http://a.test/?dG9rZQ==&a=b", "http://a.test/?…&a=…"),
            ("http://a.test/?a=b=c", "http://a.test/?a=…"),
        ] {
            assert_eq!(Shown(&uri.parse().expect(uri)).to_string(), shown);
        }
    }
}
