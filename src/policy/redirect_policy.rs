use super::{Annotation, Decision, When};
use crate::head::RequestHead;

/// Decides about a request from its head, synchronously and without I/O.
///
/// See the [module](crate::policy) for how policies are combined.
///
/// Asking a [`RequestHead`] leaves notes in it, and the layer's answer depends on them: the headers
/// that were read become `Vary`, [`forbid_storing`](RequestHead::forbid_storing) becomes `no-store`,
/// and a host that was asked for and is not acceptable is answered 400 or 421, whatever the policy
/// decided.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a redirect policy",
    label = "not a `RedirectPolicy`",
    note = "a closure becomes one by `policy_fn(|head| ..)`; it returns `Decision`, `Redirection` \
            or `Option<Redirection>`"
)]
pub trait RedirectPolicy: Send + Sync {
    /// Decides what to do with this request.
    fn decide(&self, head: &RequestHead<'_>) -> Decision;

    /// Returns the headers that this policy adds to the answer, whoever gives it: the application, this
    /// or another policy, or the layer with an error. None by default.
    ///
    /// The layer asks every policy once the answer is settled, and only about the request as it was
    /// made. A request whose host or forwarded headers are refused is not annotated. What is read
    /// here does not become `Vary`.
    #[inline]
    fn annotate(&self, _head: &RequestHead<'_>) -> Option<Annotation> {
        None
    }

    /// Returns the name of this policy in diagnoses: its type, unless overridden.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// Asks this policy, then `other` if this one passes. The result is the pair of both.
    ///
    /// An `Option` has an `or` of its own, which comes first: write the tuple there.
    fn or<P>(self, other: P) -> (Self, P)
    where
        Self: Sized,
        P: RedirectPolicy,
    {
        (self, other)
    }

    /// Asks this policy only if `condition` holds, and passes otherwise.
    fn when<F>(self, condition: F) -> When<Self, F>
    where
        Self: Sized,
        F: Fn(&RequestHead<'_>) -> bool + Send + Sync,
    {
        When::new(self, condition, true)
    }

    /// Passes if `condition` holds, and asks this policy otherwise.
    fn unless<F>(self, condition: F) -> When<Self, F>
    where
        Self: Sized,
        F: Fn(&RequestHead<'_>) -> bool + Send + Sync,
    {
        When::new(self, condition, false)
    }
}
