use std::borrow::Cow;
use std::fmt;

use super::{Annotation, Decision, RedirectPolicy, pass_because};
use crate::head::RequestHead;

/// A policy that is asked only if a condition holds ([`RedirectPolicy::when`]) or does not hold
/// ([`RedirectPolicy::unless`]).
#[derive(Clone)]
#[must_use]
pub struct When<P, F> {
    policy: P,
    condition: F,
    expected: bool,
}

impl<P, F> When<P, F> {
    pub(super) fn new(policy: P, condition: F, expected: bool) -> Self {
        Self { policy, condition, expected }
    }
}

impl<P, F> RedirectPolicy for When<P, F>
where
    P: RedirectPolicy,
    F: Fn(&RequestHead<'_>) -> bool + Send + Sync,
{
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if (self.condition)(head) == self.expected {
            self.policy.decide(head)
        } else {
            pass_because(head, "skipped by its `when` or `unless` condition")
        }
    }

    #[inline]
    fn annotate(&self, head: &RequestHead<'_>) -> Option<Annotation> {
        // The condition is evaluated last, so it costs nothing for a policy that never annotates.
        let annotation = self.policy.annotate(head)?;
        ((self.condition)(head) == self.expected).then_some(annotation)
    }

    fn name(&self) -> Cow<'static, str> {
        self.policy.name()
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.policy.names()
    }

    #[inline]
    fn redirects_once(&self) -> bool {
        self.policy.redirects_once()
    }
}

impl<P: fmt::Debug, F> fmt::Debug for When<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When").field("policy", &self.policy).finish_non_exhaustive()
    }
}
