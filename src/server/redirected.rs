use http::{HeaderValue, Response, StatusCode};

/// What was answered and why: in the extensions of a redirection, where
/// [`RedirectLayer::record`](crate::RedirectLayer::record) asks for it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Redirected {
    pub(super) status: StatusCode,
    pub(super) location: HeaderValue,
    pub(super) rule: &'static str,
}

impl Redirected {
    /// The record of a response; `None` if the layer did not redirect.
    pub fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    /// The status that was sent.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The `Location` that was sent.
    pub fn location(&self) -> &HeaderValue {
        &self.location
    }

    /// The [name](crate::RedirectPolicy::name) of the policy that decided, the first of those whose
    /// words became one redirection.
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}
