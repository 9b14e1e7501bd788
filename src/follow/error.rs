use std::error::Error;
use std::fmt;

use super::failed_request::{FailedRequest, Place};
use super::redirect_error::RedirectError;

/// The error of a call: the inner service failed, or a redirection could not be followed.
///
/// `Display` prints the URL and the hop at which the call failed, if they are known. The reason is the
/// [`source`](Error::source): the error of the inner service, or the [`RedirectError`].
///
/// ```
/// use std::error::Error;
/// use std::io;
///
/// use http::{Request, Response, StatusCode, header};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::{FollowError, FollowRedirectsLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = service_fn(async |request: Request<String>| match request.uri().path() {
///     "/old" => {
///         let mut response = Response::new(String::new());
///         *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
///         response.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static("/new"));
///         Ok(response)
///     }
///     _ => Err(io::Error::other("connection refused")),
/// });
/// let client = FollowRedirectsLayer::new().layer(server);
/// let outcome = client.oneshot(Request::get("http://a.test/old").body(String::new())?).await;
///
/// let error = outcome.err().ok_or("no error")?;
/// assert_eq!(error.to_string(), "request to http://a.test/new (hop 1) failed");
/// assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("connection refused"));
/// match error {
///     FollowError::Service { error, at: Some(at) } => {
///         assert_eq!((error.kind(), at.hop()), (io::ErrorKind::Other, 1));
///     }
///     other => return Err(other.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum FollowError<E> {
    /// The inner service failed.
    Service {
        /// The error of the inner service.
        error: E,
        /// The URL and the history of the request that failed. `None` if the inner service failed
        /// before the first request was sent, or if the mode was
        /// [`Manual`](super::RedirectMode::Manual), in which the request is not saved.
        at: Option<Box<FailedRequest>>,
    },
    /// A redirection could not be followed, or the [guard](super::guard) refused the URL of the call.
    Redirect(RedirectError),
}

impl<E> FollowError<E> {
    /// Wraps an error of the inner service for which no request is known.
    pub(super) fn service(error: E) -> Self {
        Self::Service { error, at: None }
    }

    /// Returns the [`RedirectError`]; `None` if the inner service failed.
    pub fn redirect(&self) -> Option<&RedirectError> {
        match self {
            Self::Service { .. } => None,
            Self::Redirect(error) => Some(error),
        }
    }

    /// Returns the URL and the history of the request that failed in the inner service, if they are
    /// known.
    pub fn at(&self) -> Option<&FailedRequest> {
        match self {
            Self::Service { at, .. } => at.as_deref(),
            Self::Redirect(_) => None,
        }
    }

    /// Boxes the error, for stacks whose inner error is a `BoxError`:
    /// `.map_err(FollowError::into_boxed)`. A `BoxError` does not implement [`Error`], so a
    /// `FollowError<BoxError>` does not either.
    ///
    /// The boxed error prints the same text; its [`source`](Error::source) is the error of the inner
    /// service, or the [`RedirectError`].
    pub fn into_boxed(self) -> Box<dyn Error + Send + Sync>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Box::new(Boxed(match self {
            Self::Service { error, at } => FollowError::Service { error: error.into(), at },
            Self::Redirect(error) => FollowError::Redirect(error),
        }))
    }
}

impl<E> fmt::Display for FollowError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { at: Some(at), .. } => write!(f, "request to {at} failed"),
            Self::Service { at: None, .. } => f.write_str("request failed"),
            Self::Redirect(error) => {
                let place = Place { uri: error.uri(), hop: error.history().len() };
                match error.status() {
                    Some(_) => write!(f, "redirection from {place} not followed"),
                    None => write!(f, "request to {place} not sent"),
                }
            }
        }
    }
}

impl<E: Error + 'static> Error for FollowError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Service { error, .. } => Some(error),
            Self::Redirect(error) => Some(error),
        }
    }
}

/// A `FollowError<BoxError>` that implements [`Error`], although `BoxError` does not.
struct Boxed(FollowError<Box<dyn Error + Send + Sync>>);

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Boxed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            FollowError::Service { error, .. } => Some(&**error),
            FollowError::Redirect(error) => Some(error),
        }
    }
}
