//! One `Location` for all that our own redirections have to say.

use http::StatusCode;

use super::{Decision, RedirectPolicy, ask};
use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::redirection::{Moved, Redirection};

/// More redirections than this in a row are a configuration that never ends.
const BOUND: usize = 8;

/// Asks `policy`, and again about the request as it would come back, so that http -> https and
/// v1 -> v2 become one redirection. What it says in the end of a request that was not made, but for
/// redirections to hosts of ours, is left for when that is made.
pub(crate) fn decide<P: RedirectPolicy + ?Sized>(
    policy: &P,
    head: &RequestHead<'_>,
    separate_https_redirect: bool,
) -> Decision {
    let first = ask(policy, head);
    if matches!(&first, Decision::Redirect(found) if found.comes_back(head)) {
        return go_on(policy, head, separate_https_redirect, first);
    }
    first
}

fn go_on<P: RedirectPolicy + ?Sized>(
    policy: &P,
    head: &RequestHead<'_>,
    separate_https_redirect: bool,
    first: Decision,
) -> Decision {
    let Decision::Redirect(mut found) = first else { return first };
    let mut policies: Vec<&'static str> = Vec::new();
    let mut locations: Vec<String> = Vec::new();
    for _ in 0..BOUND {
        if separate_https_redirect && found.upgrades(head) {
            return Decision::Redirect(found.upgrade_alone(head));
        }
        let Some(moved) = Moved::by(&found, head) else { break };
        let next_head = moved.head(head);
        let next = match ask(policy, &next_head) {
            Decision::Redirect(next) if next.comes_back(&next_head) => next,
            _ => {
                head.absorb_reads(next_head);
                break;
            }
        };
        let merged = found.then(next, &next_head);
        let location = |to: &Redirection| {
            to.location_for(head)
                .and_then(|l| l.to_str().map(str::to_owned).ok())
                .unwrap_or_default()
        };
        if locations.is_empty() {
            policies.extend(head.policy_name());
            locations.push(location(&found));
        }
        policies.extend(next_head.policy_name());
        let next_location = location(&merged);
        let comes_round = merged.is_same_url(head) || locations.contains(&next_location);
        locations.push(next_location);
        head.absorb_reads(next_head);
        if comes_round || locations.len() > BOUND {
            head.diagnose(Diagnosis::Cycle { policies, locations });
            return Decision::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "redirections lead in a circle\n",
            );
        }
        found = merged;
    }
    Decision::Redirect(found)
}
