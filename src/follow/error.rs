use std::error::Error;
use std::fmt;

use super::redirect_error::RedirectError;

/// The error of a call: the inner service failed, or a redirection could not be followed.
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
    /// The inner service failed with this error.
    Service(E),
    /// A redirection could not be followed.
    Redirect(RedirectError),
}

impl<E> FollowError<E> {
    /// Returns the error about a redirection; `None` if the inner service failed.
    pub fn redirect(&self) -> Option<&RedirectError> {
        match self {
            Self::Service(_) => None,
            Self::Redirect(error) => Some(error),
        }
    }

    /// Boxes the error, as stacks do whose inner error is a `BoxError`:
    /// `.map_err(FollowError::into_boxed)`. A `BoxError` is not an [`Error`], and neither is a
    /// `FollowError` around one.
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

/// `source` is that of the error inside, since `Display` prints that error.
impl<E: Error> Error for FollowError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Service(error) => error.source(),
            Self::Redirect(error) => error.source(),
        }
    }
}
