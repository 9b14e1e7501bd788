//! The packed form of a rule in a table.

use std::time::Duration;

use super::pattern::{Pattern, Segment};
use super::rule::{QueryMode, Rule, Status};
use super::target::{OriginChange, Source};
use crate::redirection::Redirection;
use crate::uri::HostPattern;

/// A piece of a path or query, packed: a range of the table's text, or the source of a capture.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredPiece {
    /// Where the text begins; for a capture, [`LiteralPrefix::bytes`].
    pub(super) start: u32,
    /// The length of the text; for a capture, [`LiteralPrefix::segments`].
    pub(super) length: u16,
    /// [`TEXT`], or the kind of a [`Source`] in the upper bits and its number in the others.
    pub(super) source: u16,
}

/// The literal segments before the first capture of a pattern. In a [simple](super::normal::is_simple) path
/// that matches the pattern, these segments take the same number of bytes, which are skipped to find its
/// captures.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiteralPrefix {
    pub(super) segments: u16,
    /// The length of the segments, with the slash before each of them and the one that follows.
    pub(super) bytes: u32,
}

impl LiteralPrefix {
    pub(super) fn of(pattern: &Pattern) -> Self {
        let mut prefix = Self { segments: 0, bytes: 1 };
        for segment in pattern.segments() {
            let Segment::Literal(literal) = segment else { break };
            prefix.segments = prefix.segments.saturating_add(1);
            let length = u32::try_from(literal.len()).unwrap_or(u32::MAX);
            prefix.bytes = prefix.bytes.saturating_add(length).saturating_add(1);
        }
        prefix
    }
}

pub(super) const TEXT: u16 = u16::MAX;
const REST: u16 = 1 << 13;
const QUERY: u16 = 2 << 13;
const GROUP: u16 = 3 << 13;
const NUMBER: u16 = REST - 1;

/// Properties of a rule, one bit each.
pub(super) mod flag {
    pub(crate) const EXACT: u16 = 1;
    pub(crate) const IGNORE_CASE: u16 = 1 << 1;
    pub(crate) const EITHER_SLASH: u16 = 1 << 2;
    /// The target has a path. Otherwise, the path of the request is kept.
    pub(crate) const HAS_PATH: u16 = 1 << 3;
    pub(crate) const HAS_QUERY: u16 = 1 << 4;
    pub(crate) const DROPS_QUERY: u16 = 1 << 5;
    pub(crate) const MERGES_QUERY: u16 = 1 << 6;
    pub(crate) const GONE: u16 = 1 << 7;
    pub(crate) const ALLOWS_SELF: u16 = 1 << 8;
    pub(crate) const QUIET: u16 = 1 << 9;
    /// The rest of the path may have segments that servers read differently, since it is only copied.
    pub(crate) const COPIES_THE_REST: u16 = 1 << 10;
    /// The redirection is a 301 or 308, which caches keep for its `max-age`.
    pub(crate) const KEPT: u16 = 1 << 11;
    /// A path that ends before the slash of the `*` does not match.
    pub(crate) const BELOW_ONLY: u16 = 1 << 12;
    /// The pattern is a regex.
    pub(crate) const REGEX: u16 = 1 << 13;
}

pub(super) fn packed(source: Source) -> u16 {
    match source {
        Source::Segment(at) => at & NUMBER,
        Source::Rest(at) => at & NUMBER | REST,
        Source::Query(at) => at & NUMBER | QUERY,
        Source::Group(at) => at & NUMBER | GROUP,
    }
}

pub(super) fn unpacked(source: u16) -> Option<Source> {
    let number = source & NUMBER;
    match source & !NUMBER {
        0 => Some(Source::Segment(number)),
        REST => Some(Source::Rest(number)),
        QUERY => Some(Source::Query(number)),
        GROUP => Some(Source::Group(number)),
        _ => None,
    }
}

pub(super) fn flags(rule: &Rule) -> u16 {
    let is_kept = matches!(rule.status, Status::Permanent | Status::MovedPermanently);
    let is_gone = rule.status == Status::Gone;
    let copies_the_rest = !is_gone && !rule.from.is_regex() && rule.target.copies_the_rest();
    let takes_rest = rule.from.segments().any(|segment| matches!(segment, Segment::Rest(_)));
    let properties = [
        (flag::EXACT, rule.from.is_exact()),
        (flag::IGNORE_CASE, rule.ignore_case),
        (flag::EITHER_SLASH, rule.either_slash),
        (flag::HAS_PATH, rule.target.path.is_some()),
        (flag::HAS_QUERY, rule.target.query.is_some()),
        (flag::DROPS_QUERY, rule.query == QueryMode::Drop),
        (flag::MERGES_QUERY, rule.query == QueryMode::Merge),
        (flag::GONE, is_gone),
        (flag::ALLOWS_SELF, rule.allow_self),
        (flag::QUIET, rule.quiet),
        (flag::COPIES_THE_REST, copies_the_rest),
        (flag::KEPT, is_kept),
        (flag::BELOW_ONLY, rule.below_only && takes_rest),
        (flag::REGEX, rule.from.is_regex()),
    ];
    properties.into_iter().filter(|(_, has)| *has).fold(0, |all, (flag, _)| all | flag)
}

/// The parts of a rule that its [`base`] is made of. Rules with equal keys share a base.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct BaseKey {
    status: u8,
    rewriting_methods: bool,
    allow_self: bool,
    keeps_named_host: bool,
    scheme: Option<crate::uri::Scheme>,
    host: Option<String>,
    port: Option<u16>,
    fragment: Option<Box<str>>,
    max_age: Option<Duration>,
}

impl BaseKey {
    pub(super) fn of(rule: &Rule) -> Self {
        let OriginChange { scheme, host, port } = &rule.target.origin;
        Self {
            status: rule.status as u8,
            rewriting_methods: rule.rewriting_methods,
            allow_self: rule.allow_self,
            keeps_named_host: keeps_named_host(rule),
            scheme: *scheme,
            host: host.as_ref().map(|host| host.as_str().to_owned()),
            port: *port,
            fragment: rule.target.fragment.clone(),
            max_age: rule.max_age,
        }
    }
}

/// Whether the redirection keeps the request's host, and the rule is for that one host alone.
fn keeps_named_host(rule: &Rule) -> bool {
    matches!(rule.host, Some(HostPattern::Exact(_))) && rule.target.origin.host.is_none()
}

/// The redirection of a rule, without its path and query.
pub(super) fn base(rule: &Rule) -> Redirection {
    let OriginChange { scheme, host, port } = &rule.target.origin;
    let mut base = Redirection::new();
    base = match rule.status {
        Status::Temporary | Status::Gone => base,
        Status::Permanent => base.permanent(),
        Status::MovedPermanently => base.moved_permanently(),
        Status::Found => base.found(),
        Status::SeeOther => base.see_other(),
    };
    if rule.rewriting_methods {
        base = base.rewriting_methods();
    }
    if rule.allow_self {
        base = base.allow_self();
    }
    if keeps_named_host(rule) {
        base = base.vouch_for_both_hosts();
    }
    if let Some(max_age) = rule.max_age {
        base = base.max_age(max_age);
    }
    if let Some(scheme) = scheme {
        base = base.scheme(*scheme);
    }
    if let Some(port) = port {
        base = base.port(*port);
    }
    if let Some(fragment) = &rule.target.fragment {
        base = base.fragment(&**fragment);
    }
    match host.as_ref().map(|host| base.clone().host(host.as_str())) {
        // Every host of a rule comes from `Host::try_parse`, so it parses again.
        Some(Ok(with_host)) => with_host,
        _ => base,
    }
}
