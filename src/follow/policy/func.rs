use std::any;
use std::fmt;

use super::{Action, Attempt, FollowPolicy};

/// Makes a [`FollowPolicy`] from a closure that returns an [`Action`].
///
/// ```
/// use tower_redirect::{Action, FollowRedirectsLayer, follow_fn};
///
/// let no_login = follow_fn(|attempt| match attempt.next_uri().map(|uri| uri.path()) {
///     Some("/login") => Action::Stop,
///     _ => Action::Follow,
/// });
/// let layer = FollowRedirectsLayer::new().policy(no_login);
/// # let _ = layer;
/// ```
pub const fn follow_fn<F>(f: F) -> FollowFn<F>
where
    F: Fn(&Attempt<'_>) -> Action + Send + Sync,
{
    FollowFn(f)
}

/// A closure as a policy: see [`follow_fn`].
#[derive(Clone, Copy)]
#[must_use]
pub struct FollowFn<F>(F);

impl<F> FollowPolicy for FollowFn<F>
where
    F: Fn(&Attempt<'_>) -> Action + Send + Sync,
{
    fn decide(&self, attempt: &Attempt<'_>) -> Action {
        (self.0)(attempt)
    }
}

impl<F> fmt::Debug for FollowFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FollowFn").field(&any::type_name::<F>()).finish()
    }
}
