//! Asks one policy for its decision, and treats a redirection that would have no effect as a pass.

use http::{Response, header};

use super::{Decision, RedirectPolicy};
use crate::head::{Outcome, RequestHead, Step, Trace};

/// Asks `policy`, and [reviews](review) its decision.
#[inline(always)] // For the same reason as `review`.
pub(crate) fn ask<P: RedirectPolicy + ?Sized>(policy: &P, head: &RequestHead<'_>) -> Decision {
    let steps_before = head.step_count();
    let mut decision = policy.decide(head);
    review(&mut decision, policy, head, steps_before);
    decision
}

/// Replaces a decision by [`Decision::Pass`] if it is a redirection that the client could not follow, or that
/// repeats the same request although [`allow_self`](crate::Redirection::allow_self) is not set. Notes which
/// policy decided, and adds a step to the trace. `steps_before` is the number of steps before the policy was
/// asked.
///
/// The decision is changed in place, here and in the callers: to move one costs 30 instructions.
#[inline(always)] // Without a trace, a pass then costs a comparison, and not a call.
pub(super) fn review<P: RedirectPolicy + ?Sized>(
    decision: &mut Decision,
    policy: &P,
    head: &RequestHead<'_>,
    steps_before: usize,
) {
    if !matches!(decision, Decision::Pass) || head.trace().is_some() {
        review_and_note(decision, policy, head, steps_before);
    }
}

#[inline(never)]
fn review_and_note<P: RedirectPolicy + ?Sized>(
    decision: &mut Decision,
    policy: &P,
    head: &RequestHead<'_>,
    steps_before: usize,
) {
    if let Some(why) = reason_to_pass(decision, policy, head) {
        head.because(why);
        *decision = Decision::Pass;
    }
    let outcome = match decision {
        Decision::Pass | Decision::PassWithHeaders(_) => Outcome::Passed,
        Decision::Redirect(_) => Outcome::Redirected,
        Decision::Respond(_) => Outcome::Responded,
    };
    if !matches!(outcome, Outcome::Passed) {
        head.note_policy(|| policy.name());
    }
    if let Some(trace) = head.trace() {
        add_step(trace, steps_before, outcome, policy, head);
    }
}

/// Returns why a decision is treated as a pass; `None` if it is not.
fn reason_to_pass<P: RedirectPolicy + ?Sized>(
    decision: &Decision,
    policy: &P,
    head: &RequestHead<'_>,
) -> Option<&'static str> {
    const NOT_REDIRECTABLE: &str = "a request of this kind cannot be redirected";
    match decision {
        Decision::Redirect(_) if !is_redirectable(head) => Some(NOT_REDIRECTABLE),
        // A policy with `redirects_once` never redirects a request to the same URL, so it is not checked.
        Decision::Redirect(to) if !policy.redirects_once() && to.resolve(head).is_self() => {
            Some("its redirection leads to the url that was asked for")
        }
        Decision::Respond(response) if is_redirection(response) && !is_redirectable(head) => {
            Some(NOT_REDIRECTABLE)
        }
        _ => None,
    }
}

/// Adds a step for a policy that was asked. `steps_before` is the number of steps before it was asked:
/// if there are more now, the policy contains others, as a list does, and those have added their own steps.
#[cold]
#[inline(never)]
fn add_step<P: RedirectPolicy + ?Sized>(
    trace: &Trace,
    steps_before: usize,
    outcome: Outcome,
    policy: &P,
    head: &RequestHead<'_>,
) {
    let reason = trace.take_reason();
    if trace.len() > steps_before {
        return;
    }
    trace.push(|| match outcome {
        Outcome::Redirected | Outcome::Responded => {
            let by = head.decider().unwrap_or_default();
            Step { name: by.policy, rule: by.rule, outcome, reason: by.reason }
        }
        _ => Step { name: policy.name(), rule: None, outcome, reason },
    });
}

/// Returns whether a client can follow a redirection of this request. `OPTIONS *` and CONNECT have
/// no URL that could change, and browsers refuse a redirected CORS preflight.
#[inline(always)] // Saves a redirection 20 instructions.
pub(super) fn is_redirectable(head: &RequestHead<'_>) -> bool {
    !head.has_no_url() && !head.is_preflight()
}

fn is_redirection<B>(response: &Response<B>) -> bool {
    response.status().is_redirection() && response.headers().contains_key(header::LOCATION)
}
