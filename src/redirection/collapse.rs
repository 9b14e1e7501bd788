//! Collapses redirections that follow each other on this server into one.
//!
//! A client that is sent from http to https, and from there from v1 to v2, makes two more requests and
//! uploads its body three times. Here the policies are asked about the request as it would come back,
//! before it is made, and their answers become one `Location`.

use std::borrow::Cow;

use super::redirection::Path;
use super::{Redirection, Resolved};
use crate::head::RequestHead;
use crate::uri::{Origin, Scheme};

/// More redirections in a row than this count as endless. A table of rules may hold eight in a row, and other
/// policies redirect before and after them.
const BOUND: usize = 16;

/// Redirections to a longer `Location` count as endless, too: no `Uri` is longer. Without this limit, policies
/// that lengthen the URL each time could fill the memory before the bound is reached.
const LONGEST: usize = u16::MAX as usize;

/// Redirections that follow each other without an end.
#[derive(Debug)]
pub(crate) struct Endless {
    /// Whether the requested URL or a `Location` came again. Otherwise there are more than [`BOUND`]
    /// redirections, or the last `Location` is longer than a URL can be.
    pub(crate) repeats: bool,
    /// The policies that take part, in order.
    pub(crate) policies: Vec<Cow<'static, str>>,
    /// The `Location`s, in order.
    pub(crate) locations: Vec<String>,
}

/// Collapses `first`, the redirection of `head`, with those that `next` decides about the request as
/// it would come back. `None` if `first` stays as it is.
///
/// Only redirections to our own hosts that keep the method are merged. If `next` returns any other
/// redirection or `None`, the redirection found so far is the result, and the policies are asked again
/// when the client follows it. With `separate_https_redirect`, the step to https is sent alone.
pub(crate) fn collapse(
    first: &Redirection,
    head: &RequestHead<'_>,
    separate_https_redirect: bool,
    mut next: impl FnMut(&RequestHead<'_>) -> Option<Redirection>,
) -> Result<Option<Redirection>, Endless> {
    if !first.resolve(head).comes_back() {
        return Ok(None);
    }
    let mut collapsed = None;
    // Both stay empty, and allocate nothing, until a second redirection is found.
    let mut policies = Vec::new();
    let mut locations = Vec::new();
    for _ in 0..BOUND {
        let found = collapsed.as_ref().unwrap_or(first);
        if separate_https_redirect && found.resolve(head).upgrades() {
            return Ok(Some(found.resolve(head).upgrade_alone()));
        }
        let Some(followed) = found.resolve(head).follow() else { break };
        let moved = followed.head(head);
        let Some(next) = next(&moved) else { break };
        let resolved = next.resolve(&moved);
        // If it needs a host and the request has none, the policies decide when the client comes back.
        if !resolved.comes_back() || !resolved.has_origin() {
            break;
        }
        let merged = found.merge(resolved);
        if locations.is_empty() {
            policies.extend(name(head));
            locations.push(location_text(found, head));
        }
        policies.extend(name(&moved));
        let location = location_text(&merged, head);
        let repeats = merged.resolve(head).is_same_url() || locations.contains(&location);
        let is_too_long = location.len() > LONGEST;
        locations.push(location);
        if repeats || is_too_long || locations.len() > BOUND {
            return Err(Endless { repeats, policies, locations });
        }
        collapsed = Some(merged);
    }
    Ok(collapsed)
}

/// The policy that decided about a request, with its rule.
fn name(head: &RequestHead<'_>) -> Option<Cow<'static, str>> {
    let decider = head.decider()?;
    Some(if decider.rule.is_some() { decider.to_string().into() } else { decider.policy })
}

fn location_text(redirection: &Redirection, head: &RequestHead<'_>) -> String {
    let location = redirection.location_for(head);
    location.and_then(|l| l.to_str().map(str::to_owned).ok()).unwrap_or_default()
}

/// The URL that a client asks for when it follows a redirection.
#[derive(Debug)]
struct Followed<'r> {
    /// `None` where it is the origin of the request.
    origin: Option<Origin<'r>>,
    path: Cow<'r, str>,
    query: Option<Cow<'r, str>>,
}

impl Followed<'_> {
    /// The request as it would come back.
    fn head<'m>(&'m self, head: &'m RequestHead<'_>) -> RequestHead<'m> {
        head.moved(self.origin, &self.path, self.query.as_deref())
    }
}

impl<'r> Resolved<'r, '_> {
    /// Whether the origin it leads to is that of the request, or known.
    fn has_origin(self) -> bool {
        self.keeps_origin() || self.origin().is_some()
    }

    /// Returns the URL that the client asks for next; `None` if it needs the request's host and there is
    /// no acceptable one.
    fn follow(self) -> Option<Followed<'r>> {
        let origin = if self.keeps_origin() { None } else { Some(self.origin()?) };
        Some(Followed { origin, path: self.encoded_path(), query: self.encoded_query() })
    }

    /// The step from http to https alone: the request's host, path and query, and the port that the
    /// redirection leads to.
    fn upgrade_alone(self) -> Redirection {
        let Redirection { status, max_age, vouched, .. } = *self.redirection;
        let port = self.origin().map(|origin| origin.port());
        let scheme = Some(Scheme::Https);
        Redirection { status, max_age, vouched, scheme, port, ..Redirection::default() }
    }
}

impl Redirection {
    /// Merges this redirection with `next`, which was decided about the request as it would come back.
    fn merge(&self, next: Resolved<'_, '_>) -> Self {
        let Resolved { redirection: second, .. } = next;
        // Path and query of `next` are written as a whole: the positions of its splice are those in the
        // path of the request as it would come back, not in that of the request at hand.
        let path = (self.path.is_some() || second.path.is_some())
            .then(|| Path::Whole(next.encoded_path().into()));
        let query = (self.query.is_some() || second.query.is_some())
            .then(|| next.encoded_query().map(Into::into));
        let origin = if next.keeps_origin() { None } else { next.origin() };
        Self {
            status: self.status.merge(second.status),
            rewriting_methods: self.rewriting_methods && second.rewriting_methods,
            allow_self: false,
            vouched: self.vouched.max(second.vouched),
            max_age: Some(self.max_age_or_default().min(second.max_age_or_default())),
            scheme: origin.map_or(self.scheme, |origin| Some(origin.scheme())),
            // A port that neither sets stays unset: `carries_unlisted_port` then knows that it is the
            // client's.
            port: match origin.filter(|_| next.sets_port()) {
                Some(origin) => Some(origin.port()),
                None => self.port,
            },
            host: second.host.clone().or_else(|| self.host.clone()),
            path,
            query,
            fragment: second.fragment.clone().or_else(|| self.fragment.clone()),
        }
    }
}
