use http::Response;

use crate::head::Decider;

/// A response extension that names the policy which redirected.
///
/// [`RedirectLayer::insert_redirected`](crate::RedirectLayer::insert_redirected) inserts it. Status
/// and target are those of the response itself.
#[derive(Clone, Debug)]
pub struct Redirected(pub(super) Decider);

impl Redirected {
    /// Returns the extension of a response, or `None` if the layer did not redirect.
    pub fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    /// Returns the [name](crate::RedirectPolicy::name) of the policy that redirected. Where several
    /// redirections became one, it is the first policy.
    pub fn policy(&self) -> &str {
        &self.0.policy
    }

    /// Returns the rule of a [table](crate::policy::Rules) that redirected: its name, or its pattern
    /// with its line. `None` for other policies.
    pub fn rule(&self) -> Option<&str> {
        self.0.rule.as_deref()
    }
}
