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

/// Follows redirections within one origin, and from http to https on the same host, each on its
/// default port. Rejects all others.
#[derive(Clone, Copy, Debug, Default)]
pub struct SameOriginOrHttpsUpgrade;

impl FollowPolicy for SameOriginOrHttpsUpgrade {
    fn decide(&self, attempt: &Attempt<'_>) -> Action {
        if attempt.is_https_upgrade() { Action::Follow } else { SameOriginOnly.decide(attempt) }
    }
}
