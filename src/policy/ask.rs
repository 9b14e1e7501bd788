//! Asks one policy for its decision, and treats a redirection that would have no effect as a pass.

use http::{Response, header};

use super::{Decision, RedirectPolicy};
use crate::head::{Outcome, RequestHead, Step, Trace};
use crate::redirection::Redirection;

/// Asks `policy`, and returns [`Decision::Pass`] for a redirection that the client could not follow,
/// or that repeats the same request although [`allow_self`](Redirection::allow_self) is not set.
#[inline(always)] // A decision that passes is not moved, which saves 80 instructions.
pub(crate) fn ask<P: RedirectPolicy + ?Sized>(policy: &P, head: &RequestHead<'_>) -> Decision {
    let steps_before = head.trace().map_or(0, Trace::len);
    // Every variant is matched by name and without guards. With a guard or a catch-all arm, the compiler
    // adds code that drops the decision, which costs a pass 10 to 20 instructions per policy.
    match policy.decide(head) {
        Decision::Pass => {
            if let Some(trace) = head.trace() {
                add_step(trace, steps_before, Outcome::Passed, policy, head);
            }
            Decision::Pass
        }
        Decision::PassWithHeaders(headers) => {
            if let Some(trace) = head.trace() {
                add_step(trace, steps_before, Outcome::Passed, policy, head);
            }
            Decision::PassWithHeaders(headers)
        }
        Decision::Redirect(to) => {
            if let Some(why) = reason_to_pass(&to, head) {
                if let Some(trace) = head.trace() {
                    head.because(why);
                    add_step(trace, steps_before, Outcome::Passed, policy, head);
                }
                return Decision::Pass;
            }
            head.note_policy(|| policy.name());
            if let Some(trace) = head.trace() {
                add_step(trace, steps_before, Outcome::Redirected, policy, head);
            }
            Decision::Redirect(to)
        }
        Decision::Respond(response) => {
            if !is_redirectable(head) && is_redirection(&response) {
                if let Some(trace) = head.trace() {
                    head.because(NOT_REDIRECTABLE);
                    add_step(trace, steps_before, Outcome::Passed, policy, head);
                }
                return Decision::Pass;
            }
            head.note_policy(|| policy.name());
            if let Some(trace) = head.trace() {
                add_step(trace, steps_before, Outcome::Responded, policy, head);
            }
            Decision::Respond(response)
        }
    }
}

const NOT_REDIRECTABLE: &str = "a request of this kind cannot be redirected";

/// Returns why a redirection is treated as a pass; `None` if it is not.
fn reason_to_pass(to: &Redirection, head: &RequestHead<'_>) -> Option<&'static str> {
    if !is_redirectable(head) {
        Some(NOT_REDIRECTABLE)
    } else if to.resolve(head).is_self() {
        Some("its redirection leads to the url that was asked for")
    } else {
        None
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
pub(super) fn is_redirectable(head: &RequestHead<'_>) -> bool {
    !head.has_no_url() && !head.is_preflight()
}

fn is_redirection<B>(response: &Response<B>) -> bool {
    response.status().is_redirection() && response.headers().contains_key(header::LOCATION)
}
