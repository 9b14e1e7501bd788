//! The rules of a table, packed. The texts of patterns, and of the paths and queries of targets, share one
//! buffer. Parts that few rules have are stored separately.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::condition::Condition;
use super::error::Position;
use super::hosts::HostIndex;
use super::index::{Index, Texts};
use super::index_build::{self, Indexed};
use super::lists::{Lists, MAX_RULES};
pub(super) use super::packed::flag;
use super::packed::{BaseKey, LiteralPrefix, StoredPiece, TEXT, base, flags, packed, unpacked};
use super::regex::RegexIndex;
use super::rule::Rule;
use super::slots::{NONE, to_u32};
use super::target::{Piece, Source};
use crate::redirection::Redirection;
use crate::uri::HostPattern;

/// The rules, and the indexes that find them.
#[derive(Debug, Default)]
pub(super) struct Table {
    text: String,
    pub(super) rules: Vec<Stored>,
    pieces: Vec<StoredPiece>,
    /// The redirections without path and query, each once.
    bases: Vec<Redirection>,
    extras: Vec<Extra>,
    pub(super) hosts: HostIndex,
    /// Finds the rules whose paths are case-sensitive.
    pub(super) index: Index,
    /// Finds the rules that ignore the case of a path.
    pub(super) folded: Index,
    pub(super) lists: Lists,
    pub(super) regexes: RegexIndex,
}

/// The parts that each rule has: 32 bytes.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    from_start: u32,
    first_piece: u32,
    base: u32,
    extra: u32,
    host: u32,
    /// The line of the rule in its file, from 1; 0 if it is not known.
    pub(super) line: u32,
    from_length: u16,
    path_piece_count: u8,
    query_piece_count: u8,
    flags: u16,
}

/// The parts that few rules have.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra {
    pub(super) host: Option<HostPattern>,
    pub(super) conditions: Box<[Condition]>,
    pub(super) starts: Option<SystemTime>,
    pub(super) ends: Option<SystemTime>,
    pub(super) max_age: Option<Duration>,
    pub(super) name: Option<Box<str>>,
    /// The name that the answers of the rule are counted under.
    pub(super) counted: Option<Arc<str>>,
}

/// An unpacked piece of a target.
#[derive(Clone, Copy)]
pub(super) enum PieceRef<'t> {
    Text(&'t str),
    Capture(Source, LiteralPrefix),
}

impl Table {
    /// Adds a rule. `Err` is the reason if the table is full.
    pub(super) fn push(
        &mut self,
        rule: Rule,
        bases: &mut HashMap<BaseKey, u32>,
    ) -> Result<(), &'static str> {
        if self.rules.len() >= MAX_RULES || self.text.len() >= u32::MAX as usize - (1 << 16) {
            return Err("a table holds fewer than 2^31 rules, and at most 4 GiB of text");
        }
        let from_start = to_u32(self.text.len());
        let from = rule.from.as_str();
        let from_length = u16::try_from(from.len()).unwrap_or(u16::MAX);
        self.text.push_str(from);
        if rule.ignore_case && !rule.from.is_regex() {
            // This also changes the names of captures. Targets refer to them by position.
            if let Some(text) = self.text.get_mut(from_start as usize..) {
                text.make_ascii_lowercase();
            }
        }
        let first_piece = to_u32(self.pieces.len());
        let prefix = LiteralPrefix::of(&rule.from);
        let path_piece_count = self.push_pieces(rule.target.path.as_deref(), prefix);
        let query_piece_count = self.push_pieces(rule.target.query.as_deref(), prefix);
        let flags = flags(&rule);
        let key = BaseKey::of(&rule);
        let base = *bases.entry(key).or_insert_with(|| {
            self.bases.push(base(&rule));
            to_u32(self.bases.len() - 1)
        });
        let host_number = self.hosts.add(rule.host.as_ref());
        let Rule { host, conditions, starts, ends, max_age, name, counted, line, .. } = rule;
        let has_extra = host.is_some()
            || !conditions.is_empty()
            || starts.is_some()
            || ends.is_some()
            || max_age.is_some()
            || name.is_some()
            || counted.is_some();
        let extra = if has_extra { to_u32(self.extras.len()) } else { NONE };
        if has_extra {
            let conditions = conditions.into();
            self.extras.push(Extra { host, conditions, starts, ends, max_age, name, counted });
        }
        self.rules.push(Stored {
            from_start,
            first_piece,
            base,
            extra,
            host: host_number,
            line,
            from_length,
            path_piece_count,
            query_piece_count,
            flags,
        });
        Ok(())
    }

    fn push_pieces(&mut self, pieces: Option<&[Piece]>, prefix: LiteralPrefix) -> u8 {
        let pieces = pieces.unwrap_or_default();
        for piece in pieces {
            let stored = match piece {
                Piece::Text(text) => {
                    let start = to_u32(self.text.len());
                    self.text.push_str(text);
                    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
                    StoredPiece { start, length, source: TEXT }
                }
                Piece::Capture(source) => {
                    let LiteralPrefix { segments, bytes } = prefix;
                    StoredPiece { start: bytes, length: segments, source: packed(*source) }
                }
            };
            self.pieces.push(stored);
        }
        u8::try_from(pieces.len()).unwrap_or(u8::MAX)
    }

    /// Builds the index of the regexes. `Err` is the reason if they are too large.
    pub(super) fn index_regexes(&mut self) -> Result<(), &'static str> {
        let numbered = (0..).zip(&self.rules).filter(|(_, rule)| rule.has(flag::REGEX));
        let regexes =
            numbered.map(|(number, rule)| (number, self.from(rule), !rule.has(flag::IGNORE_CASE)));
        let regexes: Vec<_> = regexes.collect();
        self.regexes = RegexIndex::build(&regexes)?;
        Ok(())
    }

    /// Builds both indexes. Returns, for each host, an upper bound of the number of places in them that a
    /// request visits.
    pub(super) fn build_index(&mut self) -> Vec<u32> {
        self.text.shrink_to_fit();
        self.rules.shrink_to_fit();
        self.pieces.shrink_to_fit();
        let mut weights = vec![0; self.hosts.number_count()];
        let mut lists = Lists::default();
        let index = index_build::build(&self.indexed(false), &mut lists, &mut weights);
        let folded = index_build::build(&self.indexed(true), &mut lists, &mut weights);
        (self.index, self.folded, self.lists) = (index, folded, lists);
        weights
    }

    fn indexed(&self, folded: bool) -> Vec<Indexed<'_>> {
        let numbered = (0..).zip(&self.rules);
        let ours = numbered
            .filter(|(_, rule)| !rule.has(flag::REGEX) && rule.has(flag::IGNORE_CASE) == folded);
        ours.map(|(number, rule)| Indexed {
            rule: number,
            host: rule.host,
            from: self.from(rule),
            start: rule.from_start,
            exact: rule.has(flag::EXACT),
            either_slash: rule.has(flag::EITHER_SLASH),
            parameter: self.conditions(rule).iter().find_map(Condition::equal_parameter),
        })
        .collect()
    }

    /// Returns some of the rules of the heaviest tree of one host, or of the heaviest list if that weighs at
    /// least as much.
    pub(super) fn heaviest(&self) -> Vec<u32> {
        let (at_one_path, of_one_path) = self.lists.heaviest();
        let (mut rules, mut most) = (Vec::new(), 0);
        for index in [&self.index, &self.folded] {
            let weights = (0..).zip(index.weights(&self.lists));
            let heaviest = weights.max_by_key(|(_, weight)| *weight);
            if let Some((host, weight)) = heaviest.filter(|(_, weight)| *weight > most) {
                (rules, most) = (index.heaviest(&self.lists, host), weight);
            }
        }
        if at_one_path >= most {
            rules = of_one_path;
        }
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// Whether the path of a request ends before the slash that precedes the pattern's `*`.
    pub(super) fn ends_before_rest(&self, rule: &Stored, path: &str) -> bool {
        path.bytes().filter(|byte| *byte == b'/').count()
            < self.from(rule).bytes().filter(|byte| *byte == b'/').count()
    }

    /// Whether the target has a path, and neither its path nor its query has a capture. The query of the
    /// request may still be kept or merged.
    pub(super) fn is_fixed(&self, rule: &Stored) -> bool {
        let is_text = |piece| matches!(piece, PieceRef::Text(_));
        rule.has(flag::HAS_PATH)
            && self.path_pieces(rule).all(is_text)
            && self.query_pieces(rule).all(is_text)
    }

    /// The names that the answers of rules are counted under.
    pub(super) fn counted(&self) -> impl Iterator<Item = &str> {
        self.extras.iter().filter_map(|extra| extra.counted.as_deref())
    }

    /// The text of all patterns, and of all paths and queries of targets.
    pub(super) fn whole_text(&self) -> &str {
        &self.text
    }

    pub(super) fn rule(&self, number: u32) -> Option<&Stored> {
        self.rules.get(number as usize)
    }

    pub(super) fn position(&self, number: u32) -> Position {
        let line = self.rule(number).map_or(0, |rule| rule.line);
        Position { line, column: 0, rule: number.saturating_add(1) }
    }

    /// The pattern: a path in normal form, in lower case if the rule ignores case, or a regex as it was
    /// written.
    pub(super) fn from(&self, rule: &Stored) -> &str {
        self.text(rule.from_start, rule.from_length)
    }

    pub(super) fn base(&self, rule: &Stored) -> Option<&Redirection> {
        self.bases.get(rule.base as usize)
    }

    pub(super) fn extra(&self, rule: &Stored) -> Option<&Extra> {
        self.extras.get(rule.extra as usize)
    }

    pub(super) fn conditions(&self, rule: &Stored) -> &[Condition] {
        self.extra(rule).map_or(&[], |extra| &extra.conditions)
    }

    pub(super) fn path_pieces(&self, rule: &Stored) -> impl Iterator<Item = PieceRef<'_>> + Clone {
        self.pieces(rule.first_piece, rule.path_piece_count)
    }

    pub(super) fn query_pieces(&self, rule: &Stored) -> impl Iterator<Item = PieceRef<'_>> + Clone {
        let first = rule.first_piece + u32::from(rule.path_piece_count);
        self.pieces(first, rule.query_piece_count)
    }

    #[inline]
    fn text(&self, start: u32, length: u16) -> &str {
        let start = start as usize;
        self.text.get(start..start + usize::from(length)).unwrap_or_default()
    }

    fn pieces(&self, start: u32, count: u8) -> impl Iterator<Item = PieceRef<'_>> + Clone {
        let start = start as usize;
        let pieces = self.pieces.get(start..start + usize::from(count)).unwrap_or_default();
        pieces.iter().map(|piece| match unpacked(piece.source) {
            None => PieceRef::Text(self.text(piece.start, piece.length)),
            Some(source) => {
                let prefix = LiteralPrefix { segments: piece.length, bytes: piece.start };
                PieceRef::Capture(source, prefix)
            }
        })
    }
}

impl Texts for Table {
    #[inline]
    fn segments(&self, start: u32, length: u16) -> &[u8] {
        let start = start as usize;
        self.text.as_bytes().get(start..start + usize::from(length)).unwrap_or_default()
    }

    #[inline]
    fn key(&self, rule: u32) -> (u32, &str) {
        self.rule(rule).map_or((NONE, ""), |rule| (rule.host, self.from(rule)))
    }
}

impl Stored {
    #[inline]
    pub(super) fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }
}
