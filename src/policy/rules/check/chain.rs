//! Follows the redirections of a table, as a client would.

use http::{Method, StatusCode};

use super::witness::Witness;
use crate::policy::rules::find::Now;
use crate::policy::rules::table::{Table, flag};
use crate::uri::{Authority, Scheme, split_at_first, split_origin};

/// The maximum number of redirections in a row that is not an error.
const MAX_HOPS: usize = 8;
/// After more redirections than this, no more are followed: enough to tell loops and growth from other
/// long chains.
const MAX_FOLLOWED: usize = 64;

/// How a chain of redirections ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChainOutcome {
    /// No rule redirects any further, the last redirection leads to another server, or its
    /// rule has [`flag::ALLOWS_SELF`].
    Ends,
    /// A request is repeated.
    Loop,
    /// The same rule answers again and again, each time with a longer URL.
    Growth,
    /// There are more than [`MAX_HOPS`] redirections.
    TooLong,
}

/// A chain of redirections.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) outcome: ChainOutcome,
    /// The rules that answered, in order; for a loop, only those in it.
    pub(super) rules: Vec<u32>,
    /// The URLs that the redirections led to, in order.
    pub(super) urls: Vec<String>,
}

/// Follows `witness` through the table until the chain ends, repeats a request, or is too long to follow.
pub(super) fn follow(table: &Table, witness: &Witness, now: &Now<'_>) -> Chain {
    let mut chain = Chain { outcome: ChainOutcome::Ends, rules: Vec::new(), urls: Vec::new() };
    let Some(mut at) = step(table, witness, now, &mut chain) else { return chain };
    // Most chains have ended in the line above, so nothing is compared for them.
    let mut seen = vec![witness.to_string()];
    loop {
        let this = at.to_string();
        if let Some(first) = seen.iter().position(|other| *other == this) {
            // The rules that led into the loop are not part of it.
            chain.rules.drain(..first);
            chain.outcome = ChainOutcome::Loop;
            return chain;
        }
        seen.push(this);
        if chain.rules.len() > MAX_FOLLOWED {
            break;
        }
        let Some(next) = step(table, &at, now, &mut chain) else { break };
        at = next;
    }
    // A 410 at the end is not a redirection: it has a rule, but no URL.
    if chain.urls.len() > MAX_HOPS {
        chain.outcome = match is_growth(&chain) {
            true => ChainOutcome::Growth,
            false => ChainOutcome::TooLong,
        };
    }
    chain
}

/// Whether the last rule answered again and again, each time with a longer URL.
fn is_growth(chain: &Chain) -> bool {
    let Some(last) = chain.rules.last() else { return false };
    let answered = chain.rules.iter().zip(&chain.urls).filter(|(rule, _)| *rule == last);
    let lengths: Vec<usize> = answered.map(|(_, url)| url.len()).collect();
    lengths.len() > 2 && lengths.is_sorted_by(|shorter, longer| shorter < longer)
}

/// Answers a request, and adds the rule and the URL of the answer to `chain`. Returns the request that the
/// client makes next; `None` if it does not come to the table again, or the rule has [`flag::ALLOWS_SELF`].
fn step(table: &Table, witness: &Witness, now: &Now<'_>, chain: &mut Chain) -> Option<Witness> {
    let (location, status) = witness.with_head(|head| {
        let found = table.find(head, now)?;
        chain.rules.push(found.number);
        let stops = found.rule.has(flag::ALLOWS_SELF);
        if found.is_gone() {
            return None;
        }
        let to = table.redirection(found, now);
        let location = to.location_for(head)?;
        let location = location.to_str().ok()?.to_owned();
        chain.urls.push(shown_url(&location, witness, chain.urls.last()));
        (!stops).then(|| (location, to.status_for(head.method())))
    })??;
    let mut next = witness.clone();
    if becomes_get(status, witness.request.method()) {
        *next.request.method_mut() = Method::GET;
    }
    // A fragment is never sent to a server.
    let url = location.split('#').next().unwrap_or_default();
    let rest = match split_origin(url) {
        Some((scheme, host, rest)) => {
            next.scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
            next.host = host.to_owned();
            rest
        }
        None => url,
    };
    let (path, query) = split_at_first(rest, '?');
    (next.path, next.query) = (path.to_owned(), query.map(str::to_owned));
    let from = Authority::parse(&witness.host).ok()?;
    let to = Authority::parse(&next.host).ok()?;
    // Another host is taken for one of this server only if a rule names it.
    (from.same_host(&to) || table.hosts.names(&to)).then_some(next)
}

/// The URL that messages show for `location`, which answers the request `at`. `before` is the previous URL.
/// If it is absolute and `location` is a path, the origin of `at` is added, since a redirection may have
/// changed the origin. The fragment of `before` is kept unless `location` has one (RFC 9110 §10.2.2).
fn shown_url(location: &str, at: &Witness, before: Option<&String>) -> String {
    let mut url = location.to_owned();
    let Some(before) = before else { return url };
    if url.starts_with('/') && !before.starts_with('/') {
        url = format!("{}://{}{url}", at.scheme, at.host);
    }
    if let Some((_, fragment)) = before.split_once('#').filter(|_| !url.contains('#')) {
        url = format!("{url}#{fragment}");
    }
    url
}

/// Whether clients change this method to GET when they follow a redirection (RFC 9110 §15.4).
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    }
}
