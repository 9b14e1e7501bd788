use http::Response;

/// A response extension that names the policy which redirected.
///
/// [`RedirectLayer::insert_redirected`](crate::RedirectLayer::insert_redirected) inserts it. Status
/// and target are those of the response itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Redirected {
    pub(super) policy: &'static str,
}

impl Redirected {
    /// Returns the extension of a response, or `None` if the layer did not redirect.
    pub fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    /// Returns the [name](crate::RedirectPolicy::name) of the policy that redirected. Where several
    /// redirections became one, it is the first policy.
    pub fn policy(&self) -> &'static str {
        self.policy
    }
}
