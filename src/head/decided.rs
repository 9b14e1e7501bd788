//! Notes which policy decided about a request, and why.

use std::borrow::Cow;
use std::fmt;

use super::RequestHead;
use super::decider::Decider;
use super::trace::Trace;
use crate::event::AnswerCounter;

impl RequestHead<'_> {
    /// Gives the reason for the decision of the policy that is being asked, for
    /// [events](crate::server::Answered) and [explanations](crate::policy::explain). The last reason
    /// before the decision is used. The reason is formatted only if an event, a diagnosis or an
    /// explanation may use it.
    ///
    /// The reason should contain no secret, and no value from the query.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::policy::explain;
    /// use tower_redirect::{Redirection, RequestHead, policy_fn};
    ///
    /// let moved = policy_fn(|head: &RequestHead<'_>| {
    ///     let is_old = head.path() == "/old";
    ///     head.because(if is_old { "the page has moved" } else { "the page is current" });
    ///     is_old.then(|| Redirection::new().path("/new"))
    /// });
    /// for (path, line) in [
    ///     ("/old", "policy-fn: redirected: the page has moved"),
    ///     ("/", "policy-fn: passed: the page is current"),
    /// ] {
    ///     let request = Request::get(path).body(())?;
    ///     let explanation = explain(&moved, &RequestHead::from(&request));
    ///     assert_eq!(explanation.steps()[0].to_string(), line);
    /// }
    /// # Ok::<(), http::Error>(())
    /// ```
    #[inline]
    pub fn because(&self, reason: impl fmt::Display) {
        if let Some(trace) = self.trace() {
            trace.set_reason(reason);
        }
    }

    /// The trace that collects reasons; `None` if nothing uses them.
    #[inline]
    pub(crate) fn trace(&self) -> Option<&Trace> {
        self.trace
    }

    /// The number of steps in the trace.
    #[inline]
    pub(crate) fn step_count(&self) -> usize {
        self.trace().map_or(0, Trace::len)
    }

    /// Notes the policy that decided, unless a policy inside it was noted before. Notes nothing if neither
    /// a trace nor metrics use it, which saves 40 instructions.
    pub(crate) fn note_policy(&self, name: impl FnOnce() -> Cow<'static, str>) {
        if self.trace().is_none() && !AnswerCounter::ENABLED {
            return;
        }
        let mut decider = self.decider.borrow_mut();
        let decider =
            decider.get_or_insert_with(|| Decider { policy: name(), ..Decider::default() });
        if let Some(reason) = self.trace().and_then(Trace::take_reason) {
            decider.reason = Some(reason);
        }
    }

    /// Notes the policy that decided and its rule, if the rule is counted or reasons are collected.
    pub(crate) fn note_rule(&self, decider: impl FnOnce() -> Decider, is_counted: bool) {
        if is_counted || self.trace().is_some() {
            *self.decider.borrow_mut() = Some(decider());
        }
    }

    /// Forgets the policy that decided, because the layer refuses the request whatever the decision.
    pub(crate) fn forget_decider(&self) {
        *self.decider.borrow_mut() = None;
    }

    /// Marks a request whose redirections would never end.
    pub(crate) fn note_endless(&self, reason: &'static str) {
        self.notes.get().is_endless.set(true);
        self.because(reason);
    }

    /// Whether the redirections of this request would never end.
    pub(crate) fn is_endless(&self) -> bool {
        self.notes.get().is_endless.get()
    }

    /// Replaces the name of the policy that decided.
    pub(crate) fn rename_policy(&self, name: Cow<'static, str>) {
        self.decider.borrow_mut().get_or_insert_default().policy = name;
    }

    pub(crate) fn decider(&self) -> Option<Decider> {
        self.with_decider(|decider| decider.cloned())
    }

    /// Takes the policy that decided, and leaves `None`.
    pub(crate) fn take_decider(&self) -> Option<Decider> {
        self.decider.take()
    }

    /// Calls `f` with the policy that decided.
    pub(crate) fn with_decider<T>(&self, f: impl FnOnce(Option<&Decider>) -> T) -> T {
        f(self.decider.borrow().as_ref())
    }
}
