use std::borrow::Cow;

use super::{Annotation, Decision, RedirectPolicy, ask};
use crate::head::RequestHead;

/// A policy with a name that was set by [`RedirectPolicy::named`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Named<P> {
    policy: P,
    name: Cow<'static, str>,
}

impl<P> Named<P> {
    pub(super) fn new(policy: P, name: Cow<'static, str>) -> Self {
        Self { policy, name }
    }
}

impl<P: RedirectPolicy> RedirectPolicy for Named<P> {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        let steps_before = head.step_count();
        let decision = ask(&self.policy, head);
        if let Decision::Redirect(_) | Decision::Respond(_) = decision {
            // Replaces the name of the inner policy, which was noted first.
            head.rename_policy(self.name.clone());
        }
        // If the inner policy is a list that asked several policies, their steps keep their names.
        if let Some(trace) = head.trace().filter(|trace| trace.len() == steps_before + 1) {
            trace.rename_last(self.name.clone());
        }
        decision
    }

    #[inline]
    fn annotate(&self, head: &RequestHead<'_>) -> Option<Annotation> {
        self.policy.annotate(head)
    }

    fn name(&self) -> Cow<'static, str> {
        self.name.clone()
    }

    /// This name in place of that of the policy inside, and the other names of that policy: answers of
    /// counted rules keep the names that they are counted under. The names of policies in a list are among
    /// them, although no answer has these.
    fn names(&self) -> Vec<Cow<'static, str>> {
        let inner = self.policy.name();
        let others = self.policy.names().into_iter().filter(|name| *name != inner);
        [self.name()].into_iter().chain(others).collect()
    }

    #[inline]
    fn redirects_once(&self) -> bool {
        self.policy.redirects_once()
    }
}
