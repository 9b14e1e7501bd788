//! Follows a request through its table, as a client would.

use http::{Method, StatusCode};

use super::witness::Witness;
use crate::policy::rules::find::{Answer, Now};
use crate::policy::rules::table::{Table, flag};
use crate::uri::{Authority, Scheme};

/// The most redirections in a row that are not an error.
const MAX_HOPS: usize = 8;
/// How far a chain that is too long is followed, for its error message.
const FAR: usize = 64;

/// How a chain of redirections ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// No rule answers any more, or the answer leads elsewhere.
    Ends,
    /// A request comes again.
    Circle,
    /// The same rules come again, with an ever longer URL.
    Growth,
    TooLong,
}

/// The rules that answered, and where each redirection led to.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) outcome: Outcome,
    pub(super) rules: Vec<u32>,
    pub(super) urls: Vec<String>,
}

/// Follows `witness` while its table goes on answering.
pub(super) fn follow(table: &Table, witness: &Witness, now: &Now<'_>) -> Followed {
    let mut followed = Followed { outcome: Outcome::Ends, rules: Vec::new(), urls: Vec::new() };
    let Some(mut at) = step(table, witness, now, &mut followed) else { return followed };
    // Most chains end here, before anything is compared.
    let mut seen = vec![key(witness)];
    loop {
        let this = key(&at);
        if let Some(first) = seen.iter().position(|other| *other == this) {
            // The rules that led into the circle are not part of it.
            followed.rules.drain(..first);
            followed.outcome = Outcome::Circle;
            return followed;
        }
        seen.push(this);
        if followed.rules.len() > FAR {
            break;
        }
        match step(table, &at, now, &mut followed) {
            Some(next) => at = next,
            None => break,
        }
    }
    // A 410 at the end is no redirection: it has a rule, and no URL.
    if followed.urls.len() > MAX_HOPS {
        followed.outcome = match is_growth(&followed) {
            true => Outcome::Growth,
            false => Outcome::TooLong,
        };
    }
    followed
}

/// Whether the last rule answered again and again, each time with a longer URL.
fn is_growth(followed: &Followed) -> bool {
    let Some(last) = followed.rules.last() else { return false };
    let answered = followed.rules.iter().zip(&followed.urls).filter(|(rule, _)| *rule == last);
    let lengths: Vec<usize> = answered.map(|(_, url)| url.len()).collect();
    lengths.len() > 2 && lengths.is_sorted_by(|shorter, longer| shorter < longer)
}

fn key(witness: &Witness) -> String {
    let Witness { request, scheme, host, path, query } = witness;
    let query = query.as_deref().map_or(String::new(), |query| format!("?{query}"));
    format!("{} {scheme}://{host}{path}{query}", request.method())
}

/// The request that comes after this one, if it comes back to the table.
fn step(
    table: &Table,
    witness: &Witness,
    now: &Now<'_>,
    followed: &mut Followed,
) -> Option<Witness> {
    let (location, status) = witness.head(|head| {
        let (number, answer) = table.find(head, now)?;
        followed.rules.push(number);
        let Answer::Redirect(to) = answer else { return None };
        let location = to.location_for(head)?;
        let location = location.to_str().ok()?.to_owned();
        followed.urls.push(shown(&location, witness, followed.urls.last()));
        let stops = table.rule(number).is_some_and(|rule| rule.has(flag::ALLOWS_SELF));
        (!stops).then(|| (location, to.status_for(head.method())))
    })??;
    let mut next = witness.clone();
    if becomes_get(status, witness.request.method()) {
        *next.request.method_mut() = Method::GET;
    }
    // A fragment is never sent to a server.
    let url = location.split('#').next().unwrap_or_default();
    let rest = match url.split_once("://") {
        Some((scheme, rest)) if !url.starts_with('/') => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (host, rest) = rest.split_at_checked(end)?;
            next.scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
            next.host = host.to_owned();
            rest
        }
        _ => url,
    };
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (rest, None),
    };
    (next.path, next.query) = (path.to_owned(), query);
    let (from, to) = (host_of(&witness.host)?, host_of(&next.host)?);
    // Another host is on this server only if a rule names it.
    (from.same_host(&to) || table.hosts.names(&to)).then_some(next)
}

/// The URL that `location` leads to from `at`, for a message: in full if `before` is, which may be on
/// another host, and with the fragment of `before` unless it has its own (RFC 9110 §10.2.2).
fn shown(location: &str, at: &Witness, before: Option<&String>) -> String {
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

fn host_of(text: &str) -> Option<Authority<'_>> {
    Authority::parse(text).ok()
}

/// RFC 9110 §15.4.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    }
}
