use std::error::Error;
use std::fmt;

use http::{HeaderValue, StatusCode, Uri};

use super::history::{RedirectHistory, Shown};
use crate::replay::NotReplayable;

/// What went wrong with a call: the inner service failed, or the chain could not be finished.
///
/// ```
/// use tower_redirect::FollowError;
///
/// let error: FollowError<std::io::Error> = FollowError::Service(std::io::Error::other("refused"));
/// assert_eq!(error.to_string(), "refused");
/// assert!(error.redirect().is_none());
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FollowError<E> {
    /// The inner service's own error.
    Service(E),
    /// A redirection could not be followed as asked.
    Redirect(RedirectError),
}

impl<E> FollowError<E> {
    /// Why the chain could not be finished, where that is what went wrong.
    pub fn redirect(&self) -> Option<&RedirectError> {
        match self {
            Self::Service(_) => None,
            Self::Redirect(error) => Some(error),
        }
    }

    /// For stacks whose inner error is a `BoxError`, which is not an [`Error`] itself:
    /// `.map_err(FollowError::into_boxed)`.
    pub fn into_boxed(self) -> Box<dyn Error + Send + Sync>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        match self {
            Self::Service(error) => error.into(),
            Self::Redirect(error) => error.into(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for FollowError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(error) => error.fmt(f),
            Self::Redirect(error) => error.fmt(f),
        }
    }
}

/// Transparent about [`Service`](Self::Service).
impl<E: Error> Error for FollowError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Service(error) => error.source(),
            Self::Redirect(error) => error.source(),
        }
    }
}

/// Why a chain could not be finished, and how far it came.
///
/// `Display` and `Debug` print the names in a query, never its values.
pub struct RedirectError(Box<Inner>);

struct Inner {
    kind: RedirectErrorKind,
    status: StatusCode,
    uri: Uri,
    location: Option<HeaderValue>,
    next_uri: Option<Uri>,
    history: RedirectHistory,
}

/// What a [`RedirectError`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectErrorKind {
    /// As many redirections as the limit allows were followed, and then came another.
    TooManyRedirects,
    /// https would be left for http.
    InsecureDowngrade,
    /// `Location` is not a URL reference that resolves.
    InvalidLocation,
    /// Two `Location` fields differ.
    AmbiguousLocation,
    /// `Location` is neither http nor https.
    UnsupportedScheme,
    /// The request was in origin-form, and its scheme is not known.
    UnknownOrigin,
    /// CONNECT, or a request with `Upgrade`.
    NotFollowable,
    /// A [`FollowPolicy`](super::FollowPolicy) rejects it, or [`RedirectMode::Error`](super::RedirectMode::Error)
    /// does.
    Rejected,
    /// The same request as before would be sent:
    /// [`FollowRedirectsLayer::error_on_loop`](crate::FollowRedirectsLayer::error_on_loop).
    Loop,
    /// The body should be sent again and cannot be.
    NotReplayable(NotReplayable),
}

impl RedirectError {
    pub(super) fn new(
        kind: RedirectErrorKind,
        status: StatusCode,
        uri: Uri,
        history: RedirectHistory,
    ) -> Self {
        Self(Box::new(Inner { kind, status, uri, location: None, next_uri: None, history }))
    }

    pub(super) fn with_location(mut self, location: Option<&HeaderValue>) -> Self {
        self.0.location = location.cloned();
        self
    }

    pub(super) fn with_next_uri(mut self, uri: Uri) -> Self {
        self.0.next_uri = Some(uri);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> RedirectErrorKind {
        self.0.kind
    }

    /// Too many redirections: the limit, or a loop.
    pub fn is_too_many(&self) -> bool {
        self.kind() == RedirectErrorKind::TooManyRedirects
    }

    /// A policy, or the mode, rejects it.
    pub fn is_rejected(&self) -> bool {
        self.kind() == RedirectErrorKind::Rejected
    }

    /// The same request would be sent once more.
    pub fn is_loop(&self) -> bool {
        self.kind() == RedirectErrorKind::Loop
    }

    /// Refused to leave https.
    pub fn is_downgrade(&self) -> bool {
        self.kind() == RedirectErrorKind::InsecureDowngrade
    }

    /// The body could not be sent again.
    pub fn is_not_replayable(&self) -> bool {
        matches!(self.kind(), RedirectErrorKind::NotReplayable(_))
    }

    /// The status of the redirection that was not followed.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The URL which answered with it.
    pub fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// The `Location` as the server sent it, where it is what could not be followed.
    pub fn location(&self) -> Option<&HeaderValue> {
        self.0.location.as_ref()
    }

    /// Where it leads, if that could be resolved.
    pub fn next_uri(&self) -> Option<&Uri> {
        self.0.next_uri.as_ref()
    }

    /// The hops before it.
    pub fn history(&self) -> &RedirectHistory {
        &self.0.history
    }
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, status, uri, next_uri, history, .. } = &*self.0;
        let (answer, next) = (format!("{} from {}", status.as_u16(), Shown(uri)), next_uri);
        match kind {
            RedirectErrorKind::TooManyRedirects => {
                write!(f, "stopped after {} redirections at {}", history.len(), Shown(uri))?;
                let mut separator = "; repeating: ";
                for uri in history.repeating(next.as_ref()) {
                    write!(f, "{separator}{}", Shown(uri))?;
                    separator = ", ";
                }
                Ok(())
            }
            RedirectErrorKind::InsecureDowngrade => {
                write!(f, "refused to leave https: {answer}")?;
                next.as_ref().map_or(Ok(()), |next| write!(f, " to {}", Shown(next)))
            }
            RedirectErrorKind::Rejected => {
                write!(f, "{answer} is not to be followed")?;
                next.as_ref().map_or(Ok(()), |next| write!(f, " to {}", Shown(next)))
            }
            RedirectErrorKind::Loop => {
                write!(f, "{answer} leads back")?;
                next.as_ref().map_or(Ok(()), |next| write!(f, " to {}", Shown(next)))
            }
            RedirectErrorKind::InvalidLocation => {
                write!(f, "location of {answer} cannot be resolved")
            }
            RedirectErrorKind::AmbiguousLocation => {
                write!(f, "{answer} has two different locations")
            }
            RedirectErrorKind::UnsupportedScheme => {
                write!(f, "location of {answer} is neither http nor https")
            }
            RedirectErrorKind::UnknownOrigin => write!(
                f,
                "location of {answer} may leave an origin that is not known; send absolute uris, \
                 or configure the scheme of origin-form requests"
            ),
            RedirectErrorKind::NotFollowable => {
                write!(f, "{answer} answers an upgrade or CONNECT, which is not followed")
            }
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
            .field("uri", &Shown(&self.0.uri))
            .field("next_uri", &self.0.next_uri.as_ref().map(Shown))
            .field("history", &self.0.history)
            .finish()
    }
}

/// `Display` says all.
impl Error for RedirectError {}
