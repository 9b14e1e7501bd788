use http::StatusCode;

use super::{Decision, RedirectPolicy, ask};
use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::redirection::{Cycle, collapse};

/// Asks `policy` about a request. A redirection is collapsed with those that would follow it on this
/// server; a cycle of them is answered 500.
pub(crate) fn decide<P: RedirectPolicy + ?Sized>(
    policy: &P,
    head: &RequestHead<'_>,
    separate_https_redirect: bool,
) -> Decision {
    let decision = ask(policy, head);
    let Decision::Redirect(first) = &decision else { return decision };
    let next = |moved: &RequestHead<'_>| match ask(policy, moved) {
        Decision::Redirect(next) => Some(next),
        _ => None,
    };
    match collapse(first, head, separate_https_redirect, next) {
        Ok(None) => decision,
        Ok(Some(collapsed)) => Decision::Redirect(collapsed),
        Err(Cycle { policies, locations }) => {
            head.diagnose(Diagnosis::Cycle { policies, locations });
            Decision::text(StatusCode::INTERNAL_SERVER_ERROR, "redirections lead in a circle\n")
        }
    }
}
