use std::fmt;

use http::Uri;

use super::history::RedirectHistory;
use super::redacted::Redacted;

/// The place in a chain of redirections at which a request failed: its URL and the hops before it.
///
/// `Display` and `Debug` leave out userinfo and the values of query parameters, and cut each URL to 256
/// bytes. A parameter without a value (`a` or `a=`) is left out as a whole.
pub struct FailedRequest {
    uri: Uri,
    history: RedirectHistory,
}

impl FailedRequest {
    pub(super) fn new(uri: Uri, history: RedirectHistory) -> Self {
        Self { uri, history }
    }

    /// Returns the URL of the request that failed.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the number of redirections that led to the request: 0 for the first request.
    pub fn hop(&self) -> usize {
        self.history.len()
    }

    /// Returns the redirections that were followed before the request failed.
    pub fn history(&self) -> &RedirectHistory {
        &self.history
    }
}

/// Prints `http://a.test/` for the first request, and `http://a.test/ (hop 3)` after three redirections.
impl fmt::Display for FailedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Place { uri: &self.uri, hop: self.hop() }.fmt(f)
    }
}

/// Prints the URL of a request, and its hop unless it is the first request of the chain.
pub(super) struct Place<'a> {
    pub(super) uri: &'a Uri,
    pub(super) hop: usize,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Redacted(self.uri))?;
        if self.hop > 0 { write!(f, " (hop {})", self.hop) } else { Ok(()) }
    }
}

impl fmt::Debug for FailedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailedRequest")
            .field("uri", &Redacted(&self.uri))
            .field("history", &self.history)
            .finish()
    }
}
