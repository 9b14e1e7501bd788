//! Finds the first rule that matches a request, and its answer.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::time::{Duration, SystemTime};

use super::index::ComparedPath;
use super::lists::Visited;
use super::normal::{is_simple, plain_segments};
use super::table::{Extra, Stored, Table, flag};
use super::write::{Captures, Written};
use crate::head::RequestHead;
use crate::policy::ask::is_redirectable;
use crate::policy::clock::Clock;
use crate::redirection::{PERMANENT_MAX_AGE, Redirection};
use crate::uri::{HostPattern, normalize};

/// A rule that matches a request, and the path and query that it leads to.
#[derive(Clone)]
pub(super) struct Match<'t> {
    pub(super) number: u32,
    pub(super) rule: &'t Stored,
    /// `None` keeps the path.
    path: Option<Written<'t>>,
    /// `None` keeps the query, `Some(None)` removes it.
    query: Option<Option<Written<'t>>>,
}

/// The time of a search. The clock is read at most once, and only if a rule with dates is compared.
pub(super) struct Now<'c> {
    clock: &'c Clock,
    time: OnceCell<SystemTime>,
}

impl<'c> Now<'c> {
    pub(super) fn of(clock: &'c Clock) -> Self {
        Self { clock, time: OnceCell::new() }
    }

    pub(super) fn at(clock: &'c Clock, time: SystemTime) -> Self {
        Self { clock, time: time.into() }
    }

    fn get(&self) -> SystemTime {
        *self.time.get_or_init(|| self.clock.now())
    }
}

impl Match<'_> {
    /// Whether the answer is a 410.
    pub(super) fn is_gone(&self) -> bool {
        self.rule.has(flag::GONE)
    }
}

impl Table {
    /// Returns the first rule that matches. A rule with which the client would repeat the same request is
    /// passed over, unless [`allow_self`](super::Rule::allow_self) is set. Returns `None` for a request that
    /// cannot be redirected.
    pub(super) fn find(&self, head: &RequestHead<'_>, now: &Now<'_>) -> Option<Match<'_>> {
        if !is_redirectable(head) {
            return None;
        }
        let (path, query) = (head.path(), head.query());
        let is_simple_path = is_simple(path);
        let (compared, plain_segments) = match is_simple_path {
            true => (Cow::Borrowed(path), usize::MAX),
            false => (normalize(path), plain_segments(path)),
        };
        let regexes = match plain_segments {
            usize::MAX => self.regexes.matching(&compared),
            _ => Vec::new(),
        };
        let mut visited = Visited::new(&self.lists, query, regexes);
        self.visit(head, &compared, plain_segments, &mut visited);
        for number in &mut visited {
            let Some(rule) = self.rule(number) else { continue };
            let is_plain = plain_segments == usize::MAX;
            if !(is_plain || rule.has(flag::EXACT) || rule.has(flag::COPIES_THE_REST)) {
                continue;
            }
            if rule.has(flag::BELOW_ONLY) && self.ends_before_rest(rule, path) {
                continue;
            }
            let groups = if rule.has(flag::REGEX) {
                let Some(groups) = self.regexes.groups(number, &compared) else { continue };
                Some(groups)
            } else {
                None
            };
            let captures = Captures { table: self, rule, path, is_simple_path, query, groups };
            let found = self.complete_match(number, &captures, head, now);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Visits all places of the indexes that the host and path of a request lead to.
    fn visit(
        &self,
        head: &RequestHead<'_>,
        path: &str,
        plain_segments: usize,
        visited: &mut Visited<'_>,
    ) {
        let folded = (!self.folded.is_empty()).then(|| path.to_ascii_lowercase());
        let mut visit = |host| {
            let compared = ComparedPath { path, plain_segments };
            self.index.visit(self, &self.lists, host, compared, visited);
            if let Some(path) = &folded {
                let compared = ComparedPath { path, plain_segments };
                self.folded.visit(self, &self.lists, host, compared, visited);
            }
        };
        visit(0);
        if !self.hosts.is_empty() {
            if let Some(authority) = head.authority() {
                self.hosts.for_each_match(&authority, visit);
            }
        }
    }

    /// Completes the match of a rule whose path matches. Returns `None` if the rule's host, dates or
    /// conditions do not match, if the client would repeat the same request although `allow_self` is not set,
    /// or if the target of a rule with a regex has a segment that servers read differently.
    fn complete_match<'t>(
        &self,
        number: u32,
        captures: &Captures<'t, '_>,
        head: &RequestHead<'_>,
        now: &Now<'_>,
    ) -> Option<Match<'t>> {
        let rule = captures.rule;
        let extra = self.extra(rule);
        if extra.is_some_and(|extra| !extra.holds(head, now, rule.has(flag::REGEX))) {
            return None;
        }
        if rule.has(flag::GONE) {
            return Some(Match { number, rule, path: None, query: None });
        }
        let (path, query) = (captures.target_path(), captures.target_query());
        let written = path.as_ref().map(Written::as_str);
        let is_odd = |path| plain_segments(path) != usize::MAX;
        if rule.has(flag::REGEX) && written.is_some_and(is_odd) {
            return None;
        }
        // A simple path is the same text after percent-encoding, so a target with another text is another
        // path. For most rules, this saves the comparison of the encoded paths.
        let is_elsewhere =
            captures.is_simple_path && written.is_some_and(|path| path != captures.path);
        let found = Match { number, rule, path, query };
        let is_self = || self.redirection(found.clone(), now).resolve(head).is_self();
        (is_elsewhere || !is_self()).then_some(found)
    }

    /// Returns the redirection of a rule that matches. The rule must not be a 410.
    pub(super) fn redirection(&self, found: Match<'_>, now: &Now<'_>) -> Redirection {
        let Match { rule, path, query, .. } = found;
        let mut to = self.base(rule).map_or_else(Redirection::new, Clone::clone);
        if let Some(path) = path {
            to.set_path(path.into());
        }
        if let Some(query) = query {
            to.set_query(query.map(Into::into));
        }
        let has_end = self.extra(rule).is_some_and(|extra| extra.ends.is_some());
        if rule.has(flag::KEPT) && has_end {
            return to.max_age(self.kept_for(rule, now));
        }
        to
    }

    /// Returns how long caches may keep an answer of a rule: at most until the rule ends.
    pub(super) fn kept_for(&self, rule: &Stored, now: &Now<'_>) -> Duration {
        let extra = self.extra(rule);
        let max_age = extra.and_then(|extra| extra.max_age).unwrap_or(PERMANENT_MAX_AGE);
        match extra.and_then(|extra| extra.ends) {
            Some(ends) => max_age.min(ends.duration_since(now.get()).unwrap_or_default()),
            None => max_age,
        }
    }
}

impl Extra {
    /// Whether host, dates and conditions match. The host is compared only for a regex: the index has
    /// compared it for all other rules.
    fn holds(&self, head: &RequestHead<'_>, now: &Now<'_>, is_regex: bool) -> bool {
        let host = self.host.as_ref().filter(|_| is_regex);
        let is_host = |pattern: &HostPattern| {
            head.authority().is_some_and(|authority| pattern.matches(&authority))
        };
        let has_begun = || self.starts.is_none_or(|date| date <= now.get());
        let goes_on = || self.ends.is_none_or(|date| now.get() < date);
        let dated = self.starts.is_some() || self.ends.is_some();
        host.is_none_or(is_host)
            && (!dated || has_begun() && goes_on())
            && self.conditions.iter().all(|condition| condition.holds(head))
    }
}
