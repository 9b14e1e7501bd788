use http::StatusCode;

use super::ask::{ask, review};
use super::{Decision, RedirectPolicy};
use crate::diagnosis::Diagnosis;
use crate::head::{RequestHead, Step};
use crate::redirection::{Endless, Redirection, collapse};

const FAILED: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

/// Asks `policy` about a request, and [concludes](conclude) its decision.
pub(crate) fn decide<P: RedirectPolicy + ?Sized>(
    policy: &P,
    head: &RequestHead<'_>,
    separate_https_redirect: bool,
) -> Decision {
    let steps_before = head.step_count();
    let mut decision = policy.decide(head);
    conclude(&mut decision, policy, head, steps_before, separate_https_redirect);
    decision
}

/// Reviews a decision of `policy`, and collapses a redirection with those that would follow it on this
/// server. If they have no end, the decision becomes an answer with 500.
#[inline(always)] // For the same reason as `review`.
pub(crate) fn conclude<P: RedirectPolicy + ?Sized>(
    decision: &mut Decision,
    policy: &P,
    head: &RequestHead<'_>,
    steps_before: usize,
    separate_https_redirect: bool,
) {
    review(decision, policy, head, steps_before);
    if let Decision::Redirect(first) = decision {
        let is_sent_as_it_is = policy.redirects_once() && !separate_https_redirect;
        if !is_sent_as_it_is {
            if let Some(other) = collapsed(first, policy, head, separate_https_redirect) {
                *decision = other;
            }
        }
    }
}

/// Returns what is sent in place of `first`; `None` if `first` is sent.
#[inline(never)]
fn collapsed<P: RedirectPolicy + ?Sized>(
    first: &Redirection,
    policy: &P,
    head: &RequestHead<'_>,
    separate_https_redirect: bool,
) -> Option<Decision> {
    let next = |moved: &RequestHead<'_>| {
        if let Some(trace) = moved.trace() {
            trace.push(|| asked_again(moved));
        }
        match ask(policy, moved) {
            Decision::Redirect(next) => Some(next),
            _ => None,
        }
    };
    match collapse(first, head, separate_https_redirect, next) {
        Ok(collapsed) => collapsed.map(Decision::Redirect),
        Err(Endless { repeats: true, policies, locations }) => {
            head.diagnose(Diagnosis::Cycle { policies, locations });
            head.note_endless("redirections lead in a loop");
            Some(Decision::text(FAILED, "redirections lead in a loop\n"))
        }
        Err(Endless { repeats: false, policies, locations }) => {
            head.diagnose(Diagnosis::EndlessRedirections { policies, locations });
            head.note_endless("redirections have no end");
            Some(Decision::text(FAILED, "redirections have no end\n"))
        }
    }
}

/// The step that shows that the policies are asked about `moved`. It shows the scheme only if that is
/// already known: reading more could add to `Vary`.
fn asked_again(moved: &RequestHead<'_>) -> Step {
    let over = moved.known_scheme().map(|scheme| format!(" over {scheme}")).unwrap_or_default();
    Step::noted("one hop", format_args!("asked again about {}{over}", moved.path()))
}
