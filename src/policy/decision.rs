use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use crate::redirection::Redirection;
use crate::response::text_response;

/// The decision of a [`RedirectPolicy`](crate::RedirectPolicy) about a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// Leaves the request to the next policy, and after the last one to the inner service.
    Pass,
    /// Passes, and appends these headers to the inner service's response. They never replace the
    /// application's.
    PassWithHeaders(HeaderMap),
    /// Answers with a redirection.
    Redirect(Redirection),
    /// Answers with this response. The layer sets `Content-Length`, and `Cache-Control` if there is
    /// none: `max-age` of a day on 301, 308 and 410, `no-store` on all others.
    Respond(Response<Bytes>),
}

impl Decision {
    /// Answers with a short text.
    pub(crate) fn text(status: StatusCode, text: &'static str) -> Self {
        Self::Respond(text_response(status, text))
    }
}

impl From<Redirection> for Decision {
    fn from(redirection: Redirection) -> Self {
        Self::Redirect(redirection)
    }
}

impl From<Option<Redirection>> for Decision {
    #[inline]
    fn from(redirection: Option<Redirection>) -> Self {
        match redirection {
            Some(redirection) => Self::Redirect(redirection),
            None => Self::Pass,
        }
    }
}

/// What a closure of [`policy_fn`](crate::policy_fn) may return: a [`Decision`], a [`Redirection`], or an
/// `Option<Redirection>`, of which `None` passes. The trait exists for the compiler's message about other
/// types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a decision",
    label = "returns no `Decision`, `Redirection` or `Option<Redirection>`",
    note = "put a response into `Decision::Respond`",
    note = "`Redirection::to(..)` and others that return a `Result` are called once, before the closure, \
            which clones the redirection",
    note = "a policy decides without I/O, so that the closure is not `async`"
)]
pub trait IntoDecision {
    /// Converts it to a decision.
    fn into_decision(self) -> Decision;
}

impl IntoDecision for Decision {
    #[inline]
    fn into_decision(self) -> Decision {
        self
    }
}

impl IntoDecision for Redirection {
    #[inline]
    fn into_decision(self) -> Decision {
        self.into()
    }
}

impl IntoDecision for Option<Redirection> {
    #[inline]
    fn into_decision(self) -> Decision {
        self.into()
    }
}
