//! Collapses redirections that follow each other on this server into one.
//!
//! A client that is redirected first from http to https, and then from v1 to v2, makes two more requests
//! and uploads its body three times. Here the policies are asked about the request as it would come back,
//! before it is made, and their answers become one `Location`.

use std::borrow::Cow;

use super::redirection::Path;
use super::{Redirection, Resolved};
use crate::head::RequestHead;
use crate::uri::{Origin, Scheme};

/// More redirections in a row than this are treated as endless. A table of rules may hold eight in a row,
/// and other policies may redirect before and after them.
const MAX_REDIRECTIONS: usize = 16;

/// Merged redirections with a longer `Location` are treated as endless, too: no `Uri` is longer. Without this
/// limit, policies that lengthen the URL each time could exhaust the memory before [`MAX_REDIRECTIONS`] is
/// reached.
const MAX_LOCATION_LENGTH: usize = u16::MAX as usize;

/// Redirections that follow each other without an end.
#[derive(Debug)]
pub(crate) struct Endless {
    /// Whether the requested URL or a `Location` occurred again. Otherwise there are more than
    /// [`MAX_REDIRECTIONS`], or the last `Location` is longer than [`MAX_LOCATION_LENGTH`].
    pub(crate) repeats: bool,
    /// The policies that redirected, in order.
    pub(crate) policies: Vec<Cow<'static, str>>,
    /// The `Location`s, in order.
    pub(crate) locations: Vec<String>,
}

/// Collapses `first`, the redirection of `head`, with those that `next` decides about the request as
/// it would come back. Returns `None` if `first` is to be sent unchanged.
///
/// Only redirections to our own hosts that keep the method and lack `allow_self` are merged. If `next`
/// returns any other redirection or `None`, the redirection found so far is the result, and the policies
/// are asked again when the client follows it. With `separate_https_redirect`, the step to https is sent
/// alone.
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
    for _ in 0..MAX_REDIRECTIONS {
        let found = collapsed.as_ref().unwrap_or(first);
        let target = found.resolve(head);
        if separate_https_redirect && target.upgrades() {
            return Ok(Some(target.upgrade_alone()));
        }
        if !target.has_origin() {
            break;
        }
        let (path, query) = (target.encoded_path(), target.encoded_query());
        // The request that a client makes if it follows the redirection.
        let moved = head.moved(target.other_origin(), &path, query.as_deref());
        let Some(next) = next(&moved) else { break };
        let resolved = next.resolve(&moved);
        // If the target needs a host and the request has none, the policies decide when the client comes
        // back.
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
        let is_too_long = location.len() > MAX_LOCATION_LENGTH;
        locations.push(location);
        if repeats || is_too_long || locations.len() > MAX_REDIRECTIONS {
            return Err(Endless { repeats, policies, locations });
        }
        collapsed = Some(merged);
    }
    Ok(collapsed)
}

/// The name of the policy that decided about a request, with its rule.
fn name(head: &RequestHead<'_>) -> Option<Cow<'static, str>> {
    let decider = head.decider()?;
    Some(if decider.rule.is_some() { decider.to_string().into() } else { decider.policy })
}

fn location_text(redirection: &Redirection, head: &RequestHead<'_>) -> String {
    let location = redirection.location_for(head);
    location.and_then(|l| l.to_str().map(str::to_owned).ok()).unwrap_or_default()
}

impl<'r> Resolved<'r, '_> {
    /// Whether the target's origin is that of the request, or is known. It is not known if the target needs
    /// the request's host, and the request has no acceptable one.
    fn has_origin(self) -> bool {
        self.keeps_origin() || self.origin().is_some()
    }

    /// The origin of the target; `None` if it is that of the request, or is not known.
    fn other_origin(self) -> Option<Origin<'r>> {
        if self.keeps_origin() { None } else { self.origin() }
    }

    /// The redirection that only changes http to https: it keeps the request's host, path and query, and
    /// leads to the port of this redirection.
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
        // The path of `next` is written as a whole, because the positions of a splice are those in the path
        // that the client would ask for next, and not in the path of the original request.
        let path = (self.path.is_some() || second.path.is_some())
            .then(|| Path::Whole(next.encoded_path().into()));
        let query = (self.query.is_some() || second.query.is_some())
            .then(|| next.encoded_query().map(Into::into));
        let origin = next.other_origin();
        Self {
            status: self.status.merge(second.status),
            rewriting_methods: self.rewriting_methods && second.rewriting_methods,
            allow_self: false,
            vouched: self.vouched.max(second.vouched),
            max_age: Some(self.max_age_or_default().min(second.max_age_or_default())),
            scheme: origin.map_or(self.scheme, |origin| Some(origin.scheme())),
            // A port that neither redirection sets stays unset, so that `carries_unlisted_port` can tell
            // that it is the client's.
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
