use std::fmt;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use crate::follow::history::RedirectHistory;
use crate::follow::location::{Base, Target};
use crate::follow::origins::is_https_upgrade;
use crate::follow::redacted::Redacted;

/// A redirection that a [`FollowPolicy`](super::FollowPolicy) decides about.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Resolves a target that replaces `Location`.
    pub(in crate::follow) base: Base<'a>,
    pub(in crate::follow) status: StatusCode,
    pub(in crate::follow) method: &'a Method,
    pub(in crate::follow) next_method: &'a Method,
    pub(in crate::follow) uri: &'a Uri,
    pub(in crate::follow) next_uri: Option<&'a Uri>,
    pub(in crate::follow) location: &'a HeaderValue,
    pub(in crate::follow) headers: &'a HeaderMap,
    pub(in crate::follow) history: &'a RedirectHistory,
    pub(in crate::follow) cross_origin: bool,
    pub(in crate::follow) resends_body: bool,
    pub(in crate::follow) can_resend_body: bool,
}

impl Attempt<'_> {
    /// Calls `decide` with this redirection as if it led to `uri`.
    pub(super) fn leading_to<T>(&self, uri: &Uri, decide: impl FnOnce(&Attempt<'_>) -> T) -> T {
        let target = self.base.resolve(uri.to_string().as_bytes());
        let (next_uri, cross_origin) = next_of(&target);
        decide(&Attempt { next_uri, cross_origin, ..*self })
    }
}

/// Returns the parts of an `Attempt` that depend on its target. A target that is not known is
/// treated as cross-origin.
pub(in crate::follow) fn next_of<E>(target: &Result<Target, E>) -> (Option<&Uri>, bool) {
    target.as_ref().map_or((None, true), |target| (Some(&target.uri), target.cross_origin))
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

    /// Returns the URL of the next request: `Location`, resolved. `None` if `Location` does not resolve or
    /// is neither http nor https, if several `Location` headers differ, or if `Location` names a host and the
    /// origin of the request [is not known](crate::FollowRedirectsLayer::origin_form_scheme). The call then
    /// ends with an error, unless the policy returns [`Action::Stop`](super::Action::Stop) or names another
    /// URL by [`Action::FollowTo`](super::Action::FollowTo), or the redirection is beyond the limit and is
    /// [returned](crate::FollowRedirectsLayer::on_limit).
    pub fn next_uri(&self) -> Option<&'a Uri> {
        self.next_uri
    }

    /// Returns `Location` as the server sent it; the first if there are several.
    pub fn location(&self) -> &'a HeaderValue {
        self.location
    }

    /// Returns the headers of the redirection; only `Location` if it is
    /// [remembered](crate::follow::Remembered).
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns the redirections that were followed before this one.
    pub fn history(&self) -> &'a RedirectHistory {
        self.history
    }

    /// Whether the next URL has another origin (RFC 6454), that is, another scheme, host or port. `true` if
    /// the next URL is not known.
    pub fn is_cross_origin(&self) -> bool {
        self.cross_origin
    }

    /// Whether http becomes https on the same host, each on its default port. `false` if the request is in
    /// origin-form.
    pub fn is_https_upgrade(&self) -> bool {
        self.next_uri.is_some_and(|next| is_https_upgrade(self.uri, next))
    }

    /// Whether the request's content would be sent again, as on 307 and 308.
    pub fn resends_body(&self) -> bool {
        self.resends_body
    }

    /// Whether the request's content can be sent again, as far as this is known before it is tried.
    /// `true` if there is no content.
    pub fn can_resend_body(&self) -> bool {
        self.can_resend_body
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("status", &self.status)
            .field("method", self.method)
            .field("uri", &Redacted(self.uri))
            .field("next_method", self.next_method)
            .field("next_uri", &self.next_uri.map(Redacted))
            .field("cross_origin", &self.cross_origin)
            .field("resends_body", &self.resends_body)
            .field("can_resend_body", &self.can_resend_body)
            .finish_non_exhaustive()
    }
}
