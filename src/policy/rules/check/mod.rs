//! Finds loops, long chains and covered rules in a table, with requests that are made from its rules.

mod chain;
mod cover;
mod slow;
mod witness;

use std::collections::{BTreeSet, HashSet};
use std::time::SystemTime;

use super::error::{Position, RuleError, RuleWarning};
use super::find::Now;
use super::table::{Stored, Table, flag};
use crate::policy::clock::Clock;
use crate::redirection::Redirection;
use chain::{Chain, ChainOutcome};
use cover::covers;
pub(super) use slow::slow_table_error;
use witness::{Token, Witness, witnesses};

/// After this many faulty chains, no more requests are followed.
const MAX_ERRORS: usize = 1000;

/// Adds the mistakes of the table to `errors`, and returns the warnings.
pub(super) fn check(table: &Table, clock: &Clock, errors: &mut Vec<RuleError>) -> Vec<RuleWarning> {
    let mut checks = Checks {
        table,
        clock,
        token: Token::for_table(table),
        errors,
        warnings: Vec::new(),
        reported: HashSet::new(),
        found: 0,
    };
    let now = clock.now();
    for (number, rule) in (0..).zip(&table.rules) {
        checks.check(number, rule, now);
    }
    let mut warnings = checks.warnings;
    warnings.sort_by_key(|warning| warning.at);
    warnings
}

struct Checks<'a> {
    table: &'a Table,
    clock: &'a Clock,
    token: Token,
    errors: &'a mut Vec<RuleError>,
    warnings: Vec<RuleWarning>,
    /// The rules of the faulty chains for which an error was added.
    reported: HashSet<u32>,
    /// The number of errors that were added for faulty chains.
    found: usize,
}

impl Checks<'_> {
    fn check(&mut self, number: u32, rule: &Stored, now: SystemTime) {
        let extra = self.table.extra(rule);
        let (starts, ends) = extra.map_or((None, None), |extra| (extra.starts, extra.ends));
        if ends.is_some_and(|ends| ends <= now) {
            return self.warn(number, "the rule has ended: remove it");
        }
        // A loop exists once the last of its rules has started to apply, so each rule is checked at its
        // start. A chain is followed only at the start of its first rule: rules that start later are not part
        // of it.
        let time = starts.map_or(now, |starts| starts.max(now));
        let mut warned = false;
        if self.found >= MAX_ERRORS || self.reported.contains(&number) {
            return;
        }
        let from = self.table.from(rule);
        if rule.has(flag::EXACT) && looks_like_a_regex(from) {
            self.warn(number, "looks like a regex, but is compared literally: use `Rule::regex`");
        }
        if rule.has(flag::REGEX) && !rule.has(flag::IGNORE_CASE) && has_lower_case_escape(from) {
            self.warn(
                number,
                "escapes in paths are compared in upper case: `%C3%A9`, not `%c3%a9`",
            );
        }
        let witnesses = witnesses(self.table, rule, &self.token);
        let mut is_idle = !witnesses.is_empty() && self.would_redirect_witnesses(rule);
        for witness in witnesses {
            let now = Now::at(self.clock, time);
            let chain = chain::follow(self.table, &witness, &now);
            is_idle &= chain.rules.is_empty();
            if let Some(first) = chain.rules.first().filter(|_| !warned) {
                warned = self.warn_of_cover(*first, number, rule)
                    || self.warn_of_chain(number, &chain, &witness);
            }
            self.report(&chain, &witness);
        }
        if is_idle {
            let message = "leads to the URL that it matches, or its conditions exclude each other: \
                           remove it";
            self.warn(number, message);
        }
    }

    fn warn(&mut self, number: u32, message: impl Into<String>) {
        let at = self.table.position(number);
        self.warnings.push(RuleWarning { at, message: message.into() });
    }

    /// Whether a rule redirects its witnesses if it redirects any request at all. A rule that changes the
    /// query, the case, the last slash, the origin or the method may lead a witness to itself, but redirect
    /// other requests.
    fn would_redirect_witnesses(&self, rule: &Stored) -> bool {
        const CHANGES: u16 =
            flag::IGNORE_CASE | flag::EITHER_SLASH | flag::HAS_QUERY | flag::DROPS_QUERY;
        !rule.has(CHANGES)
            && !self.table.base(rule).is_some_and(Redirection::changes_origin_or_method)
    }

    /// Warns if the rule `first`, which answered a witness of `rule`, comes before `rule` and covers it.
    /// `number` is the number of `rule`. Returns whether it warned.
    fn warn_of_cover(&mut self, first: u32, number: u32, rule: &Stored) -> bool {
        if first >= number {
            return false;
        }
        let earlier = self.table.rule(first).filter(|earlier| covers(self.table, earlier, rule));
        let Some(earlier) = earlier else { return false };
        let earlier_at = self.table.position(first);
        let message = if covers(self.table, rule, earlier) {
            format!("matches the same requests as {earlier_at}, which comes first: remove one")
        } else {
            format!("{earlier_at} matches every request of this rule: put this one before it")
        };
        self.warn(number, message);
        true
    }

    /// Warns if the redirection of the rule `number` leads to another redirection or to a 410.
    fn warn_of_chain(&mut self, number: u32, chain: &Chain, witness: &Witness) -> bool {
        let starts_here = chain.rules.first() == Some(&number);
        if chain.outcome != ChainOutcome::Ends || chain.rules.len() < 2 || !starts_here {
            return false;
        }
        let others: Vec<String> =
            chain.rules.iter().skip(1).map(|rule| self.table.position(*rule).to_string()).collect();
        let end = chain.urls.last().map_or("", String::as_str);
        let through = others.join(", ");
        let rule = self.table.rule(number);
        let last = chain.rules.last().and_then(|last| self.table.rule(*last));
        let message = if last.is_some_and(|last| last.has(flag::GONE)) {
            format!("leads on through {through}, to what is gone: make it 410, too")
        } else if rule.is_some_and(|rule| self.ends_at_one_url(rule, witness, end)) {
            format!("leads on through {through}: write {end} as its target")
        } else {
            format!("leads on through {through}: {witness} ends at {end}")
        };
        self.warn(number, message);
        true
    }

    /// Whether `end` can be proposed as the target of `rule`: neither the target of `rule` nor `end` depends
    /// on the path, host or query of `witness`. If `rule` keeps the query and `witness` has none, a rule whose
    /// target is `end` keeps the query, too. The conditions of later rules are not compared: other requests may
    /// end elsewhere.
    fn ends_at_one_url(&self, rule: &Stored, witness: &Witness, end: &str) -> bool {
        let sets_query = rule.has(flag::HAS_QUERY) && !rule.has(flag::MERGES_QUERY);
        let keeps_query = !sets_query && !rule.has(flag::DROPS_QUERY) && witness.query.is_some();
        // A URL that contains the token depends on the witness.
        self.table.is_fixed(rule) && !keeps_query && !self.token.is_in(end)
    }

    /// Adds an error if the chain is faulty, unless an error was already added for one of its rules.
    fn report(&mut self, chain: &Chain, witness: &Witness) {
        let what = match chain.outcome {
            ChainOutcome::Ends => return,
            ChainOutcome::Loop => "redirections lead in a loop",
            ChainOutcome::Growth => "redirections lead to an ever longer target",
            ChainOutcome::TooLong => "more than eight redirections in a row",
        };
        if chain.rules.iter().any(|rule| self.reported.contains(rule)) {
            return;
        }
        self.found += 1;
        self.reported.extend(&chain.rules);
        let positions: BTreeSet<Position> =
            chain.rules.iter().map(|rule| self.table.position(*rule)).collect();
        let Some(at) = positions.first().copied() else { return };
        let all: Vec<String> = positions.iter().take(16).map(ToString::to_string).collect();
        let urls: Vec<&str> = chain.urls.iter().take(9).map(String::as_str).collect();
        let message = format!("{what}: {witness} -> {}, by {}", urls.join(" -> "), all.join(", "));
        self.errors.push(RuleError::new(at, message));
    }
}

/// Whether a regex contains a percent-encoded byte with a hexadecimal digit in lower case.
fn has_lower_case_escape(regex: &str) -> bool {
    regex.as_bytes().windows(3).any(|window| match window {
        [b'%', digits @ ..] => {
            digits.iter().all(u8::is_ascii_hexdigit) && digits.iter().any(u8::is_ascii_lowercase)
        }
        _ => false,
    })
}

/// Whether a path in normal form holds text that is common in regexes and rare in paths: `\d`, `\w`, `[0-9`,
/// `[a-z`, `[^`, in either case, or a `$` at its end.
fn looks_like_a_regex(path: &str) -> bool {
    let has_part = || {
        let lower = path.to_ascii_lowercase();
        ["%5cd", "%5cw", "[0-9", "[a-z", "[%5e"].iter().any(|part| lower.contains(part))
    };
    // Few paths hold one of these, so few are copied.
    path.contains(['[', '%']) && has_part() || path.len() > 2 && path.ends_with('$')
}
