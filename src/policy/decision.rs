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
    fn from(redirection: Option<Redirection>) -> Self {
        match redirection {
            Some(redirection) => Self::Redirect(redirection),
            None => Self::Pass,
        }
    }
}
