//! Decides whether a rule covers another: whether it matches every request that the other matches.

use crate::policy::rules::pattern::{Segment, segments};
use crate::policy::rules::table::{Stored, Table, flag};
use crate::uri::HostPattern;

/// Whether `earlier` is known to match every request that `later` matches, provided that `earlier` has
/// answered a [witness](super::witness) of `later`. Only equal regexes, and ranges of clients with equal
/// text, are known to match the same.
pub(super) fn covers(table: &Table, earlier: &Stored, later: &Stored) -> bool {
    (earlier.has(flag::IGNORE_CASE) || !later.has(flag::IGNORE_CASE))
        && covers_host(table, earlier, later)
        && covers_path(table, earlier, later)
        && covers_dates(table, earlier, later)
        && table.conditions(earlier).iter().all(|condition| {
            table.conditions(later).iter().any(|other| condition.follows_from(other))
        })
}

fn covers_host(table: &Table, earlier: &Stored, later: &Stored) -> bool {
    let host = |rule| table.extra(rule).and_then(|extra| extra.host.as_ref());
    match (host(earlier), host(later)) {
        (None, _) => true,
        (Some(HostPattern::Suffix(suffix)), Some(HostPattern::Suffix(other))) => {
            other.ends_with(&**suffix)
        }
        (Some(pattern), Some(HostPattern::Exact(host))) => pattern.matches(&host.authority(None)),
        _ => false,
    }
}

fn covers_path(table: &Table, earlier: &Stored, later: &Stored) -> bool {
    use Segment::{Literal, Name, Rest};
    let is_same = |one: &str, other: &str| match earlier.has(flag::IGNORE_CASE) {
        true => one.eq_ignore_ascii_case(other),
        false => one == other,
    };
    let (from, other) = (table.from(earlier), table.from(later));
    if earlier.has(flag::REGEX) || later.has(flag::REGEX) {
        return earlier.has(flag::REGEX) == later.has(flag::REGEX) && from == other;
    }
    let only_later_takes_either_slash =
        later.has(flag::EITHER_SLASH) && !earlier.has(flag::EITHER_SLASH);
    if earlier.has(flag::EXACT) {
        return later.has(flag::EXACT) && !only_later_takes_either_slash && is_same(from, other);
    }
    // Segments that servers read differently are matched only by exact rules, and by rules that copy them.
    let matches_odd = |rule: &Stored, from| {
        let mut segments = segments(from);
        rule.has(flag::COPIES_THE_REST) && segments.any(|one| matches!(one, Rest(_)))
    };
    let covers_odd = matches_odd(earlier, from) || !matches_odd(later, other);
    let (mut ours, mut theirs) = (segments(from), segments(other));
    loop {
        match (ours.next(), theirs.next()) {
            (Some(Rest(_)), Some(Rest(_))) => {
                let covers_parent = !earlier.has(flag::BELOW_ONLY) || later.has(flag::BELOW_ONLY);
                return covers_odd && covers_parent;
            }
            (Some(Rest(_)), None) => return !earlier.has(flag::BELOW_ONLY),
            (Some(Rest(_)), _) => {
                // If the later rule takes either slash, it also matches its path without the slash at
                // its end. That path may end before the slash of the earlier rule's `*`.
                let ends_before = earlier.has(flag::BELOW_ONLY) && later.has(flag::EITHER_SLASH);
                return covers_odd && !ends_before;
            }
            (Some(Literal(one)), Some(Literal(other))) if is_same(one, other) => {}
            (Some(Name(_)), Some(Literal(""))) => return false,
            (Some(Name(_)), Some(Name(_) | Literal(_))) => {}
            (None, None) => return !only_later_takes_either_slash,
            _ => return false,
        }
    }
}

fn covers_dates(table: &Table, earlier: &Stored, later: &Stored) -> bool {
    let dates = |rule| table.extra(rule).map_or((None, None), |extra| (extra.starts, extra.ends));
    let ((starts, ends), (other_starts, other_ends)) = (dates(earlier), dates(later));
    let begins = starts.is_none_or(|date| other_starts.is_some_and(|other| date <= other));
    let goes_on = ends.is_none_or(|date| other_ends.is_some_and(|other| other <= date));
    begins && goes_on
}
