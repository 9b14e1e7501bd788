use std::fmt;

use http::{HeaderMap, Method, StatusCode, Uri};

use crate::follow::history::RedirectHistory;
use crate::follow::redacted::Redacted;

/// A redirection that a [`FollowPolicy`](super::FollowPolicy) decides about.
pub struct Attempt<'a> {
    pub(in crate::follow) status: StatusCode,
    pub(in crate::follow) method: &'a Method,
    pub(in crate::follow) next_method: &'a Method,
    pub(in crate::follow) uri: &'a Uri,
    pub(in crate::follow) next_uri: &'a Uri,
    pub(in crate::follow) headers: &'a HeaderMap,
    pub(in crate::follow) history: &'a RedirectHistory,
    pub(in crate::follow) cross_origin: bool,
    pub(in crate::follow) resends_body: bool,
}

impl<'a> Attempt<'a> {
    /// Returns the status of the redirection.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the method of the request that was redirected.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// Returns the method of the next request.
    pub fn next_method(&self) -> &'a Method {
        self.next_method
    }

    /// Returns the URL that answered with the redirection.
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Returns the URL of the next request: `Location`, resolved.
    pub fn next_uri(&self) -> &'a Uri {
        self.next_uri
    }

    /// Returns the headers of the redirection.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the redirections that were followed before this one.
    pub fn history(&self) -> &'a RedirectHistory {
        self.history
    }

    /// Whether the next URL has another origin (RFC 6454): scheme, host or port differs.
    pub fn is_cross_origin(&self) -> bool {
        self.cross_origin
    }

    /// Whether the request's content would be sent again, as on 307 and 308.
    pub fn resends_body(&self) -> bool {
        self.resends_body
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("status", &self.status)
            .field("method", self.method)
            .field("uri", &Redacted(self.uri))
            .field("next_method", self.next_method)
            .field("next_uri", &Redacted(self.next_uri))
            .field("cross_origin", &self.cross_origin)
            .field("resends_body", &self.resends_body)
            .finish_non_exhaustive()
    }
}
