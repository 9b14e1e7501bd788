use super::{Action, Attempt, FollowPolicy};

/// Follows every redirection: the default policy of a layer.
#[derive(Clone, Copy, Debug, Default)]
pub struct FollowAll;

impl FollowPolicy for FollowAll {
    fn decide(&self, _: &Attempt<'_>) -> Action {
        Action::Follow
    }
}

/// Follows redirections within one origin, and rejects those to another.
#[derive(Clone, Copy, Debug, Default)]
pub struct SameOriginOnly;

impl FollowPolicy for SameOriginOnly {
    fn decide(&self, attempt: &Attempt<'_>) -> Action {
        if attempt.is_cross_origin() { Action::Reject } else { Action::Follow }
    }
}

/// Follows at most `n` redirections, then returns the redirect response to the caller.
///
/// For an error in its place, see
/// [`FollowRedirectsLayer::limit`](crate::FollowRedirectsLayer::limit).
#[derive(Clone, Copy, Debug)]
pub struct StopAfter(usize);

impl StopAfter {
    /// Creates a policy that follows at most `redirections`.
    pub const fn new(redirections: usize) -> Self {
        Self(redirections)
    }
}

impl FollowPolicy for StopAfter {
    fn decide(&self, attempt: &Attempt<'_>) -> Action {
        if attempt.history().len() < self.0 { Action::Follow } else { Action::Stop }
    }
}
