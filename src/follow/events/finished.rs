use std::fmt;

use http::StatusCode;

use crate::follow::history::RedirectHistory;
use crate::follow::step::is_followable_status;

/// The end of a call that followed a redirection, or that ended with a `RedirectError`: see
/// [`FollowRedirectsLayer::on_finish`](crate::FollowRedirectsLayer::on_finish).
#[derive(Clone, Copy, Debug)]
pub struct Finished<'a> {
    pub(crate) history: &'a RedirectHistory,
    pub(crate) end: End,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Returned(StatusCode),
    Failed(&'static str),
}

/// The outcome of a call: see [`Finished::outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// A response other than a 301, 302, 303, 307 or 308.
    Response,
    /// A redirection that was not followed, because a policy or the limit returned it, or it has no
    /// `Location`.
    Redirection,
    /// An error.
    Error,
}

impl Outcome {
    /// `response`, `redirection` or `error`, as in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Redirection => "redirection",
            Self::Error => "error",
        }
    }
}

impl<'a> Finished<'a> {
    /// The outcome of the call.
    pub fn outcome(&self) -> Outcome {
        match self.end {
            End::Returned(status) if is_followable_status(status) => Outcome::Redirection,
            End::Returned(_) => Outcome::Response,
            End::Failed(_) => Outcome::Error,
        }
    }

    /// The status of the response; `None` for an error.
    pub fn status(&self) -> Option<StatusCode> {
        match self.end {
            End::Returned(status) => Some(status),
            End::Failed(_) => None,
        }
    }

    /// The [name](crate::follow::RedirectErrorKind::name) of the kind of a
    /// [`RedirectError`](crate::RedirectError), or `service` if the inner service failed. `None` for a
    /// response.
    pub fn error_type(&self) -> Option<&'static str> {
        match self.end {
            End::Returned(_) => None,
            End::Failed(error_type) => Some(error_type),
        }
    }

    /// The redirections that were followed.
    pub fn history(&self) -> &'a RedirectHistory {
        self.history
    }
}

/// One line: `200 after 2 hops`.
impl fmt::Display for Finished<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            End::Returned(status) => write!(f, "{}", status.as_u16())?,
            End::Failed(error_type) => write!(f, "{error_type}")?,
        }
        match self.history.len() {
            1 => f.write_str(" after 1 hop"),
            hops => write!(f, " after {hops} hops"),
        }
    }
}
