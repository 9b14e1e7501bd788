use std::error::Error;
use std::fmt;

use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};

use super::history::RedirectHistory;
use super::redacted::{Redacted, scheme};
use crate::replay::NotReplayable;

/// The error of a redirection that could not be followed, with the chain before it, or of a call whose URL
/// the [guard](super::guard) refuses.
///
/// `Display` and `Debug` never print the values in a query, nor names without a value.
///
/// ```
/// use http::{Request, Response, StatusCode, header};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::FollowRedirectsLayer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = service_fn(async |_: Request<String>| {
///     let response = Response::builder().status(StatusCode::FOUND);
///     response.header(header::LOCATION, "http://a.test/?token=secret").body(String::new())
/// });
/// let client = FollowRedirectsLayer::new().layer(server);
/// let request = Request::get("https://a.test/").body(String::new())?;
/// let error = client.oneshot(request).await.err().ok_or("followed")?;
/// let error = error.redirect().ok_or("an error of the server")?;
/// assert!(error.is_insecure_downgrade() && !error.is_too_many_redirects());
/// assert_eq!(error.status(), Some(StatusCode::FOUND));
/// assert!(error.to_string().ends_with("302 from https://a.test/ to http://a.test/?token=…"));
/// # Ok(())
/// # }
/// ```
pub struct RedirectError(Box<Inner>);

struct Inner {
    kind: RedirectErrorKind,
    /// `None` if the request itself was refused.
    status: Option<StatusCode>,
    uri: Uri,
    headers: HeaderMap,
    location: Option<HeaderValue>,
    next_uri: Option<Uri>,
    history: RedirectHistory,
}

/// The reason for a [`RedirectError`], with a predicate for each, such as [`RedirectError::is_rejected`].
/// `Location` also stands for the URL that a policy [chose](super::Action::FollowTo) in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectErrorKind {
    /// The redirection is beyond the limit.
    TooManyRedirects,
    /// The redirection leads from https to http.
    InsecureDowngrade,
    /// `Location` does not resolve to a URL.
    InvalidLocation,
    /// The URL that `Location` leads to is longer than the 65,534 bytes that [`http::Uri`] can hold.
    LocationTooLong,
    /// There are several `Location` headers, and they differ.
    AmbiguousLocation,
    /// The scheme of `Location` is neither http nor https.
    UnsupportedScheme,
    /// The request was in origin-form, its scheme or `Host` is not known, and `Location` may lead to
    /// another origin.
    UnknownOrigin,
    /// The request was a CONNECT or had an `Upgrade` header.
    NotFollowable,
    /// The [`FollowPolicy`](super::FollowPolicy) or
    /// [`RedirectMode::Error`](super::RedirectMode::Error) rejected the redirection.
    Rejected,
    /// The [guard](super::guard) refuses the target, or the URL of the call.
    TargetRefused,
    /// The next request would be the same as an earlier one. Checked only with
    /// [`FollowRedirectsLayer::error_on_loop`](crate::FollowRedirectsLayer::error_on_loop).
    Loop,
    /// The request body could not be sent again.
    NotReplayable(NotReplayable),
}

impl RedirectErrorKind {
    /// All names that [`name`](Self::name) can return.
    #[cfg(feature = "metrics")]
    pub(super) const NAMES: [&'static str; 12] = [
        "too_many_redirects",
        "insecure_downgrade",
        "invalid_location",
        "location_too_long",
        "ambiguous_location",
        "unsupported_scheme",
        "unknown_origin",
        "not_followable",
        "rejected",
        "target_refused",
        "loop",
        "not_replayable",
    ];

    /// Returns a short name, the same in every release: `error.type` of events, `error_type` of metrics.
    ///
    /// ```
    /// use tower_redirect::follow::RedirectErrorKind;
    ///
    /// assert_eq!(RedirectErrorKind::TooManyRedirects.name(), "too_many_redirects");
    /// assert_eq!(RedirectErrorKind::Loop.name(), "loop");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooManyRedirects => "too_many_redirects",
            Self::InsecureDowngrade => "insecure_downgrade",
            Self::InvalidLocation => "invalid_location",
            Self::LocationTooLong => "location_too_long",
            Self::AmbiguousLocation => "ambiguous_location",
            Self::UnsupportedScheme => "unsupported_scheme",
            Self::UnknownOrigin => "unknown_origin",
            Self::NotFollowable => "not_followable",
            Self::Rejected => "rejected",
            Self::TargetRefused => "target_refused",
            Self::Loop => "loop",
            Self::NotReplayable(_) => "not_replayable",
        }
    }
}

impl RedirectError {
    pub(super) fn new(
        kind: RedirectErrorKind,
        status: Option<StatusCode>,
        uri: Uri,
        history: RedirectHistory,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            status,
            uri,
            headers: HeaderMap::new(),
            location: None,
            next_uri: None,
            history,
        }))
    }

    /// Creates the error of a call that is not sent, because the guard refuses its URL.
    pub(super) fn refused(uri: Uri) -> Self {
        Self::new(RedirectErrorKind::TargetRefused, None, uri, RedirectHistory::default())
    }

    pub(super) fn with_location(mut self, location: &HeaderValue) -> Self {
        self.0.location = Some(location.clone());
        self
    }

    /// Moves the headers of the redirection into the error, because the caller does not get the
    /// response.
    pub(super) fn with_headers_of<R>(mut self, response: &mut Response<R>) -> Self {
        self.0.headers = std::mem::take(response.headers_mut());
        self
    }

    pub(super) fn with_next_uri(mut self, uri: Uri) -> Self {
        self.0.next_uri = Some(uri);
        self
    }

    /// Returns the reason why the redirection was not followed, or the call not sent.
    pub fn kind(&self) -> RedirectErrorKind {
        self.0.kind
    }

    /// Whether the redirection is beyond the limit. `false` for [`Loop`](RedirectErrorKind::Loop).
    pub fn is_too_many_redirects(&self) -> bool {
        self.kind() == RedirectErrorKind::TooManyRedirects
    }

    /// Whether the redirection leads from https to http.
    pub fn is_insecure_downgrade(&self) -> bool {
        self.kind() == RedirectErrorKind::InsecureDowngrade
    }

    /// Whether `Location` does not resolve to a URL.
    pub fn is_invalid_location(&self) -> bool {
        self.kind() == RedirectErrorKind::InvalidLocation
    }

    /// Whether the URL that `Location` leads to is longer than 65,534 bytes.
    pub fn is_location_too_long(&self) -> bool {
        self.kind() == RedirectErrorKind::LocationTooLong
    }

    /// Whether several `Location` headers differ.
    pub fn is_ambiguous_location(&self) -> bool {
        self.kind() == RedirectErrorKind::AmbiguousLocation
    }

    /// Whether the scheme of `Location` is neither http nor https.
    pub fn is_unsupported_scheme(&self) -> bool {
        self.kind() == RedirectErrorKind::UnsupportedScheme
    }

    /// Whether the request was in origin-form, its scheme or `Host` is not known, and `Location` may
    /// lead to another origin.
    pub fn is_unknown_origin(&self) -> bool {
        self.kind() == RedirectErrorKind::UnknownOrigin
    }

    /// Whether the request was a CONNECT or had an `Upgrade` header.
    pub fn is_not_followable(&self) -> bool {
        self.kind() == RedirectErrorKind::NotFollowable
    }

    /// Whether the guard refuses the target, or the URL of the call.
    pub fn is_target_refused(&self) -> bool {
        self.kind() == RedirectErrorKind::TargetRefused
    }

    /// Whether the policy or the mode rejected the redirection.
    pub fn is_rejected(&self) -> bool {
        self.kind() == RedirectErrorKind::Rejected
    }

    /// Whether the next request would be the same as an earlier one. Checked only with
    /// [`error_on_loop`](crate::FollowRedirectsLayer::error_on_loop).
    pub fn is_loop(&self) -> bool {
        self.kind() == RedirectErrorKind::Loop
    }

    /// Whether the request body could not be sent again.
    pub fn is_not_replayable(&self) -> bool {
        matches!(self.kind(), RedirectErrorKind::NotReplayable(_))
    }

    /// Returns the status of the redirection that was not followed; `None` if the URL of the call was
    /// refused, so nothing was sent.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the headers of the redirection that was not followed. Empty if it was
    /// [remembered](super::Remembered), or if the URL of the call was refused.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Returns the URL of the request that was answered with the redirection, or the URL of the call if
    /// it was refused.
    pub fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// Returns the first `Location` as the server sent it, if the redirection has no target: `Location` does
    /// not resolve to an http or https URL, several `Location` headers differ, or the URL that the policy
    /// [chose](super::Action::FollowTo) does not resolve.
    pub fn location(&self) -> Option<&HeaderValue> {
        self.0.location.as_ref()
    }

    /// Returns the URL that the redirection leads to, if its `Location` could be resolved, or the URL that
    /// the policy [chose](super::Action::FollowTo), even if that does not resolve.
    pub fn next_uri(&self) -> Option<&Uri> {
        self.0.next_uri.as_ref()
    }

    /// Returns the redirections that were followed before this one.
    pub fn history(&self) -> &RedirectHistory {
        &self.0.history
    }
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, status, uri, next_uri: next, history, .. } = &*self.0;
        let status = status.map(|status| format!("{} from ", status.as_u16())).unwrap_or_default();
        let answer = format!("{status}{}", Redacted(uri));
        let to = next.as_ref().map(|next| format!(" to {}", Redacted(next))).unwrap_or_default();
        // If `Location` does not resolve, only a policy can have set a next URL.
        let place = next.as_ref().map_or(format!("location of {answer}"), |chosen| {
            format!("{}, chosen by the policy for {answer},", Redacted(chosen))
        });
        match kind {
            RedirectErrorKind::TooManyRedirects => {
                let (followed, at) = (history.len(), Redacted(uri));
                let s = if followed == 1 { "" } else { "s" };
                write!(f, "stopped after {followed} redirection{s} (`.limit(n)`) at {at}")?;
                let mut separator = "; repeating: ";
                for uri in history.repeating(next.as_ref()) {
                    write!(f, "{separator}{}", Redacted(uri))?;
                    separator = ", ";
                }
                Ok(())
            }
            RedirectErrorKind::InsecureDowngrade => {
                write!(f, "refused to leave https (`.allow_https_to_http()`): {answer}{to}")
            }
            RedirectErrorKind::Rejected => write!(f, "{answer} is not to be followed{to}"),
            // The same text for every reason, so that it does not reveal which addresses exist.
            RedirectErrorKind::TargetRefused => f.write_str("the target is not allowed"),
            RedirectErrorKind::Loop => write!(f, "{answer} leads back{to}"),
            RedirectErrorKind::InvalidLocation => write!(f, "{place} cannot be resolved"),
            RedirectErrorKind::LocationTooLong => write!(f, "{place} is longer than 65534 bytes"),
            RedirectErrorKind::AmbiguousLocation => {
                write!(f, "{answer} has two different locations")
            }
            RedirectErrorKind::UnsupportedScheme => match self.location().and_then(scheme) {
                Some(s) if next.is_none() => write!(f, "{place} is neither http nor https: {s}"),
                _ => write!(f, "{place} is neither http nor https"),
            },
            RedirectErrorKind::UnknownOrigin => write!(
                f,
                "{place} may leave an origin that is not known (`.origin_form_scheme(..)`, \
                 or send absolute uris)"
            ),
            RedirectErrorKind::NotFollowable => write!(
                f,
                "{answer} answers an upgrade or CONNECT, which is not followed \
                 (`FollowOptions::do_not_follow()`)"
            ),
            RedirectErrorKind::NotReplayable(why) => {
                write!(f, "{answer} asks for the body again: {why}")
            }
        }
    }
}

impl fmt::Debug for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectError")
            .field("kind", &self.0.kind)
            .field("status", &self.0.status)
            .field("uri", &Redacted(&self.0.uri))
            .field("next_uri", &self.0.next_uri.as_ref().map(Redacted))
            .field("history", &self.0.history)
            .finish()
    }
}

/// Has no `source`: `Display` prints the whole reason.
impl Error for RedirectError {}
