use std::fmt;

use http::StatusCode;

use super::{Decision, RedirectPolicy, ask};
use crate::diagnosis::Diagnosis;
use crate::head::{RequestHead, Step};
use crate::redirection::{Endless, collapse};

const FAILED: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;

/// Asks `policy` about a request. A redirection is collapsed with those that would follow it on this
/// server; if they have no end, the answer is 500.
#[inline(always)] // For the same reason as `ask`.
pub(crate) fn decide<P: RedirectPolicy + ?Sized>(
    policy: &P,
    head: &RequestHead<'_>,
    separate_https_redirect: bool,
) -> Decision {
    let decision = ask(policy, head);
    let Decision::Redirect(first) = &decision else { return decision };
    let next = |moved: &RequestHead<'_>| {
        if let Some(trace) = moved.trace() {
            trace.push(|| {
                Step::noted("one hop", format_args!("asked again about {}", PathAndScheme(moved)))
            });
        }
        match ask(policy, moved) {
            Decision::Redirect(next) => Some(next),
            _ => None,
        }
    };
    match collapse(first, head, separate_https_redirect, next) {
        Ok(None) => decision,
        Ok(Some(collapsed)) => Decision::Redirect(collapsed),
        Err(Endless { repeats: true, policies, locations }) => {
            head.diagnose(Diagnosis::Cycle { policies, locations });
            head.note_endless("redirections lead in a circle");
            Decision::text(FAILED, "redirections lead in a circle\n")
        }
        Err(Endless { repeats: false, policies, locations }) => {
            head.diagnose(Diagnosis::EndlessRedirections { policies, locations });
            head.note_endless("redirections have no end");
            Decision::text(FAILED, "redirections have no end\n")
        }
    }
}

/// Shows the path of a request, and its scheme if a policy has asked for it. Nothing else is read, because
/// what is read is noted for `Vary`.
struct PathAndScheme<'h, 'a>(&'h RequestHead<'a>);

impl fmt::Display for PathAndScheme<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.path())?;
        match self.0.known_scheme() {
            Some(scheme) => write!(f, " over {}", scheme.as_str()),
            None => Ok(()),
        }
    }
}
