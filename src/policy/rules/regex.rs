//! The regexes of a table. One automaton finds all regexes that match; each regex has another for its
//! captures.

use regex_automata::meta::{Builder, Config, Regex};
use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind, PatternID, PatternSet};

use super::pattern::{MAX_LENGTH, Pattern, is_name};
use super::rule::Rule;
use super::target::Source;
use crate::config_error::ConfigError;
use crate::uri::PLAIN;

/// The length of the longest path that a regex can match, in bytes.
const MAX_PATH: usize = 8 * 1024;
/// The most bytes that a regex may compile to.
const MAX_REGEX_SIZE: usize = 1 << 20;
/// The most bytes that all regexes of a table may compile to.
const MAX_TABLE_SIZE: usize = 1 << 26;

impl Rule {
    /// Creates a rule for the paths that a regex matches from beginning to end, in the syntax of the `regex`
    /// crate. A group `(?<name>..)` is a capture, which may hold slashes.
    ///
    /// Paths are matched in normal form. Paths that are longer than 8 KiB do not match, and neither do
    /// those with a dot segment, an empty segment other than the last, `%2e`, `%2f`, `%5c` or `\`. If the
    /// target would have one of these, the rule is passed over. The work is linear in the path's length.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) if `pattern` is not a valid regex, is
    /// too large, or cannot match a path: a path begins with `/`, its normal form is ASCII, and it has no
    /// query. Returns the same error if the name of a group is not a letter, followed by letters, digits and
    /// `_`.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::RequestHead;
    /// use tower_redirect::policy::{Rule, Rules};
    ///
    /// let rules = Rules::new([Rule::regex(r"/item-(?<id>[0-9]+)\.html")?.to("/items/:id")?])?;
    /// for (path, is_found) in [("/item-7.html", true), ("/item-x.html", false), ("/a/item-7.html", false)] {
    ///     let request = Request::get(path).body(())?;
    ///     assert_eq!(rules.find(&RequestHead::from(&request)).is_some(), is_found, "{path}");
    /// }
    /// assert!(Rule::regex("(").is_err());
    /// assert!(Rule::regex("item-.*").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn regex(pattern: &str) -> Result<Self, ConfigError> {
        let refuse = |reason| ConfigError::path(pattern, reason);
        if pattern.len() > MAX_LENGTH {
            return Err(refuse("a regex is at most 8 KiB long"));
        }
        if !pattern.is_ascii() {
            return Err(refuse(
                "bytes that are not ASCII are percent-encoded, in upper case: `%C3%A9`",
            ));
        }
        let regex = builder(MatchKind::LeftmostFirst, MAX_REGEX_SIZE)
            .build(pattern)
            .map_err(|error| refuse(reason(pattern, error.size_limit().is_some())))?;
        // A comment at the end would hide the text that `anchored` adds.
        syntax::parse_with(&anchored(pattern, true), &syntax())
            .map_err(|_| refuse("a comment of `(?x)` must end with a line break"))?;
        let nfa =
            NFA::compiler().syntax(syntax()).configure(NFA::config().utf8(false)).build(pattern);
        if let Ok(nfa) = nfa {
            check_paths(&nfa).map_err(refuse)?;
        }
        let mut rule = Self::of(Pattern::regex(pattern));
        let names = regex.group_info().pattern_names(PatternID::ZERO);
        for (at, name) in (0..).zip(names) {
            if name.is_some_and(|name| !is_name(name)) {
                return Err(refuse(
                    "the name of a group is a letter, then letters, digits and `_`",
                ));
            }
            rule.regex_captures.extend(name.map(|name| (name.into(), Source::Group(at))));
        }
        Ok(rule)
    }
}

/// The regexes of a table.
#[derive(Debug, Default)]
pub(super) struct RegexIndex(Option<Regexes>);

#[derive(Debug)]
struct Regexes {
    /// Finds all regexes that match.
    all: Regex,
    /// The rule of each regex, in ascending order, and the automaton that finds the captures: a search in
    /// the automaton of all regexes would allocate the captures of all.
    each: Box<[(u32, Regex)]>,
}

/// The groups that a regex captured in a path.
pub(super) struct Groups<'p> {
    path: &'p str,
    captures: Captures,
}

impl RegexIndex {
    /// Compiles regexes: each is the number of a rule, its pattern, and whether it compares case. `Err` is
    /// the reason.
    pub(super) fn build(regexes: &[(u32, &str, bool)]) -> Result<Self, &'static str> {
        if regexes.is_empty() {
            return Ok(Self::default());
        }
        let patterns: Vec<String> =
            regexes.iter().map(|(_, pattern, with_case)| anchored(pattern, *with_case)).collect();
        let too_large = |_| "its regexes are too large together: write fewer, or simpler ones";
        let all =
            builder(MatchKind::All, MAX_TABLE_SIZE).build_many(&patterns).map_err(too_large)?;
        let one = |((rule, ..), pattern): (&(u32, &str, bool), &String)| {
            let mut builder = builder(MatchKind::LeftmostFirst, MAX_TABLE_SIZE);
            // These automata use only engines without tables. Other engines are faster alone, but need a
            // table for each regex, and the tables would not stay in a CPU's cache: a search with 1,000
            // regexes took 1.8 us with them, and takes 1.3 us without.
            builder.configure(Config::new().hybrid(false).dfa(false).onepass(false));
            let regex = builder.build(pattern).map_err(too_large)?;
            Ok::<_, &'static str>((*rule, regex))
        };
        let each = regexes.iter().zip(&patterns).map(one).collect::<Result<_, _>>()?;
        Ok(Self(Some(Regexes { all, each })))
    }

    /// The rules whose regex matches, in order.
    pub(super) fn matching(&self, path: &str) -> Vec<u32> {
        let Some(regexes) = self.0.as_ref().filter(|_| path.len() <= MAX_PATH) else {
            return Vec::new();
        };
        let mut matched = PatternSet::new(regexes.all.pattern_len());
        let input = Input::new(path).anchored(Anchored::Yes);
        regexes.all.which_overlapping_matches(&input, &mut matched);
        matched
            .iter()
            .filter_map(|at| regexes.each.get(at.as_usize()))
            .map(|(rule, _)| *rule)
            .collect()
    }

    /// The groups of a rule's regex, if it matches.
    pub(super) fn groups<'p>(&self, rule: u32, path: &'p str) -> Option<Groups<'p>> {
        let regexes = self.0.as_ref()?;
        let at = regexes.each.binary_search_by_key(&rule, |(rule, _)| *rule).ok()?;
        let (_, regex) = regexes.each.get(at)?;
        let mut captures = regex.create_captures();
        regex.search_captures(&Input::new(path).anchored(Anchored::Yes), &mut captures);
        captures.is_match().then_some(Groups { path, captures })
    }
}

impl Groups<'_> {
    pub(super) fn get(&self, at: u16) -> &str {
        let group = self.captures.get_group(at.into());
        group.and_then(|span| self.path.get(span.range())).unwrap_or_default()
    }
}

/// Why a regex was refused.
fn reason(pattern: &str, is_large: bool) -> &'static str {
    if is_large {
        "a regex that is too large: it would take more than 1 MiB"
    } else if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|start| pattern.contains(start)) {
        "not a regex: look-around is not possible in linear time"
    } else if pattern.contains(r"\p") || pattern.contains(r"\P") {
        "not a regex: paths are ASCII, without Unicode classes"
    } else {
        "not a regex of the `regex` crate's syntax"
    }
}

/// A position in a path, by the bytes that may follow it.
#[derive(Clone, Copy, Debug)]
enum Position {
    Start,
    /// After a slash. No other slash follows, because only the last segment may be empty.
    Slash,
    Within,
    /// After a `%`.
    Escape,
    /// After the first digit of an escape.
    Digit,
}

impl Position {
    /// Returns the place after `byte`; `None` if no path has `byte` here.
    fn after(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Start | Self::Within, b'/') => Some(Self::Slash),
            (Self::Start, _) | (Self::Slash, b'/') => None,
            // In lower case, too: the rule may ignore case.
            (Self::Escape, _) => byte.is_ascii_hexdigit().then_some(Self::Digit),
            (Self::Digit, _) => byte.is_ascii_hexdigit().then_some(Self::Within),
            (Self::Slash | Self::Within, b'%') => Some(Self::Escape),
            (Self::Slash | Self::Within, _) => PLAIN.contains(byte).then_some(Self::Within),
        }
    }
}

/// Refuses a regex that no path can match. `Err` is the reason. Dot segments and all escapes are accepted
/// here, and assertions such as `\b` are assumed to hold.
fn check_paths(nfa: &NFA) -> Result<(), &'static str> {
    // For each state, the positions at which it was reached, as bits.
    let mut seen = vec![0_u8; nfa.states().len()];
    let mut open = vec![(nfa.start_anchored(), Position::Start)];
    let mut begins_with_slash = false;
    while let Some((id, position)) = open.pop() {
        let bit = 1 << position as u8;
        match seen.get_mut(id.as_usize()) {
            Some(seen) if *seen & bit == 0 => *seen |= bit,
            _ => continue,
        }
        begins_with_slash |= !matches!(position, Position::Start);
        let mut step = |from: u8, to: u8, next| {
            let positions = (from..=to).filter_map(|byte| position.after(byte));
            open.extend(positions.map(|after| (next, after)));
        };
        match nfa.state(id) {
            State::ByteRange { trans } => step(trans.start, trans.end, trans.next),
            State::Sparse(ranges) => {
                ranges.transitions.iter().for_each(|each| step(each.start, each.end, each.next));
            }
            State::Dense(bytes) => {
                (0..=u8::MAX)
                    .zip(bytes.transitions.iter())
                    .for_each(|(byte, next)| step(byte, byte, *next));
            }
            State::Look { next, .. } | State::Capture { next, .. } => open.push((*next, position)),
            State::Union { alternates } => open.extend(alternates.iter().map(|id| (*id, position))),
            State::BinaryUnion { alt1, alt2 } => {
                open.extend([(*alt1, position), (*alt2, position)])
            }
            State::Match { .. } if matches!(position, Position::Slash | Position::Within) => {
                return Ok(());
            }
            State::Match { .. } | State::Fail => {}
        }
    }
    match begins_with_slash {
        true => Err("no path matches: the query is a separate condition, a space is `%20`, and \
                     only the last segment may be empty"),
        false => Err("a path begins with `/`, and the regex matches no text that does"),
    }
}

/// Anchors a regex, so that it matches only a whole path.
fn anchored(pattern: &str, with_case: bool) -> String {
    let flag = if with_case { "" } else { "i" };
    format!(r"\A(?{flag}:{pattern})\z")
}

/// The syntax of regexes, without Unicode: paths in normal form are ASCII.
fn syntax() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false)
}

fn builder(kind: MatchKind, limit: usize) -> Builder {
    let mut builder = Builder::new();
    builder.syntax(syntax());
    let config = Config::new().match_kind(kind).utf8_empty(false).nfa_size_limit(Some(limit));
    builder.configure(config.hybrid_cache_capacity(MAX_TABLE_SIZE / 4));
    builder
}
