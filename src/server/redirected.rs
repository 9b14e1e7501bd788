use http::Response;

/// That a response is a redirection of this layer, and why: in its extensions, where
/// [`RedirectLayer::insert_redirected`](crate::RedirectLayer::insert_redirected) asks for it. What was sent stands in the
/// response itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Redirected {
    pub(super) policy: &'static str,
}

impl Redirected {
    /// The record of a response; `None` if the layer did not redirect.
    pub fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    /// The [name](crate::RedirectPolicy::name) of the policy that decided, the first of those whose
    /// words became one redirection.
    pub fn policy(&self) -> &'static str {
        self.policy
    }
}
