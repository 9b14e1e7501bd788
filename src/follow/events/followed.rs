use std::fmt;

use crate::event::Escaped;
use crate::follow::history::Hop;
use crate::follow::redacted::Redacted;

/// A redirection that is followed: see
/// [`FollowRedirectsLayer::on_hop`](crate::FollowRedirectsLayer::on_hop).
#[derive(Clone, Copy, Debug)]
pub struct Followed<'a> {
    pub(crate) number: usize,
    pub(crate) hop: &'a Hop,
    pub(crate) resends_body: bool,
    pub(crate) replayed_bytes: u64,
}

impl<'a> Followed<'a> {
    /// The number of the hop in its call, from 1. Remembered redirections count, although no request was sent
    /// for them.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The redirection: its status, both URLs and methods, and what was left out of the next request.
    pub fn hop(&self) -> &'a Hop {
        self.hop
    }

    /// Whether the redirection keeps the request's body, so that it is sent again. A remembered redirection
    /// that is applied next may still drop the body. `false` if this redirection was itself remembered:
    /// no request was answered with it.
    pub fn resends_body(&self) -> bool {
        self.resends_body
    }

    /// The length in bytes of the body that is sent again, or the least that it can be
    /// ([`SizeHint::lower`](http_body::SizeHint::lower)): 0 for a stream of unknown length. It is also 0 if
    /// no body is sent again: see [`resends_body`](Self::resends_body).
    pub fn replayed_bytes(&self) -> u64 {
        self.replayed_bytes
    }
}

/// One line without userinfo and without values of a query. Methods and URLs are escaped, and each is cut
/// to 256 bytes: `hop 1: POST http://a.test/x: 307 -> POST http://b.test/x (left behind: cookie)`.
impl fmt::Display for Followed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hop { method, uri, next_method, next_uri, status, .. } = self.hop;
        write!(f, "hop {}: {} {}: ", self.number, Escaped(method), Escaped(Redacted(uri)))?;
        let (next_method, next_uri) = (Escaped(next_method), Escaped(Redacted(next_uri)));
        write!(f, "{} -> {next_method} {next_uri}", status.as_u16())?;
        self.hop.fmt_notes(f)
    }
}
