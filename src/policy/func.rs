use std::any;
use std::borrow::Cow;
use std::fmt;

use super::{Decision, IntoDecision, RedirectPolicy};
use crate::head::RequestHead;

/// Creates a policy from a closure that returns [`Decision`], [`Redirection`](crate::Redirection) or
/// `Option<Redirection>`.
///
/// ```
/// use http::Request;
/// use tower_redirect::{Decision, Redirection, RedirectPolicy, RequestHead, policy_fn};
///
/// let policy = policy_fn(|head| (head.path() == "/old").then(|| Redirection::new().path("/new")));
///
/// let old = Request::get("/old").body(())?;
/// assert!(matches!(policy.decide(&RequestHead::from(&old)), Decision::Redirect(_)));
/// let new = Request::get("/new").body(())?;
/// assert!(matches!(policy.decide(&RequestHead::from(&new)), Decision::Pass));
/// # Ok::<(), http::Error>(())
/// ```
pub fn policy_fn<F, R>(f: F) -> PolicyFn<F>
where
    F: Fn(&RequestHead<'_>) -> R + Send + Sync,
    R: IntoDecision,
{
    PolicyFn(f)
}

/// A policy made by [`policy_fn`] from a closure.
#[derive(Clone, Copy)]
#[must_use]
pub struct PolicyFn<F>(F);

impl<F, R> RedirectPolicy for PolicyFn<F>
where
    F: Fn(&RequestHead<'_>) -> R + Send + Sync,
    R: IntoDecision,
{
    #[inline]
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        (self.0)(head).into_decision()
    }

    fn name(&self) -> Cow<'static, str> {
        "policy-fn".into()
    }
}

impl<F> fmt::Debug for PolicyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyFn").field(&any::type_name::<F>()).finish()
    }
}
