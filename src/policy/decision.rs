use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use crate::head::RequestHead;
use crate::redirection::Redirection;
use crate::response::text_response;

/// The decision of a [`RedirectPolicy`](crate::RedirectPolicy) about a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// Passes the request on to the next policy, or, after the last one, to the inner service.
    Pass,
    /// Passes, and appends these headers to the inner service's response. They never replace headers of
    /// the application. They are dropped if a later policy, or the layer, answers instead.
    PassWithHeaders(HeaderMap),
    /// Answers with a redirection.
    Redirect(Redirection),
    /// Answers with this response. The layer sets `Content-Length` if the status allows content, and
    /// `Cache-Control` if the response has none: a `max-age` of one day for 301, 308 and 410, and `no-store`
    /// for every other status. After [`forbid_storing`](crate::RequestHead::forbid_storing), it is `no-store`
    /// in any case. If the layer sets `no-store`, it removes `CDN-Cache-Control` and similar headers: to keep
    /// them, set `Cache-Control`, too. If caches may store the response, the headers that were read are added
    /// to its `Vary`.
    ///
    /// The body is removed if the response may have none, as for HEAD or 204. If the request is gRPC and the
    /// status is not 200, the body and `Content-Type` are removed.
    ///
    /// A 3xx response with a `Location` is treated as [`Pass`](Self::Pass) for a CORS preflight, `OPTIONS *` or
    /// CONNECT, as every redirection of these is.
    Respond(Response<Bytes>),
}

impl Decision {
    /// Answers with a short text.
    pub(crate) fn text(status: StatusCode, text: &'static str) -> Self {
        Self::Respond(text_response(status, text))
    }
}

/// Passes, and records the reason.
#[inline(always)] // Without a trace, a pass then costs a comparison, and not a call.
pub(super) fn pass_because(head: &RequestHead<'_>, reason: &'static str) -> Decision {
    head.because(reason);
    Decision::Pass
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

/// A value that a closure of [`policy_fn`](crate::policy_fn) may return: a [`Decision`], a [`Redirection`],
/// or an `Option<Redirection>`, where `None` passes. The trait exists so that the compiler can explain why
/// another type is refused.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a decision",
    label = "returns no `Decision`, `Redirection` or `Option<Redirection>`",
    note = "put a response into `Decision::Respond`",
    note = "call `Redirection::to(..)`, and other constructors that return a `Result`, once before the \
            closure, and clone the redirection in it",
    note = "a policy decides without I/O, so the closure cannot be `async`"
)]
pub trait IntoDecision {
    /// Converts this value to a decision.
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
