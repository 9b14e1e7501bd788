//! Writes the path and query of a target with its captures.

use std::sync::Arc;

use percent_encoding::percent_encode_byte;

use super::condition::Condition;
use super::normal::{form_decoded, next_segment, parameter, parameters};
use super::packed::LiteralPrefix;
use super::regex::Groups;
use super::table::{PieceRef, Stored, Table, flag};
use super::target::Source;
use crate::uri::without_trailing_slash;

/// A rule whose path matched, and the parts of the request that its captures copy.
pub(super) struct Captures<'t, 'h> {
    pub(super) table: &'t Table,
    pub(super) rule: &'t Stored,
    pub(super) path: &'h str,
    /// Whether the path is [simple](super::normal::is_simple): its literal segments are then as long as
    /// those of the pattern.
    pub(super) is_simple_path: bool,
    pub(super) query: Option<&'h str>,
    /// The groups of a regex.
    pub(super) groups: Option<Groups<'h>>,
}

/// The path or the query that a rule leads to.
#[derive(Clone)]
pub(super) enum Written<'t> {
    /// The text of a path or query without captures.
    Fixed(&'t str),
    Filled(Arc<str>),
}

impl Written<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Filled(text) => text,
        }
    }
}

impl From<Written<'_>> for Arc<str> {
    fn from(written: Written<'_>) -> Self {
        match written {
            Written::Fixed(text) => text.into(),
            Written::Filled(text) => text,
        }
    }
}

impl<'t, 'h> Captures<'t, 'h> {
    /// The path that the rule leads to; `None` keeps the path of the request.
    pub(super) fn target_path(&self) -> Option<Written<'t>> {
        if !self.rule.has(flag::HAS_PATH) {
            return None;
        }
        let mut pieces = self.table.path_pieces(self.rule);
        let (first, second) = (pieces.next(), pieces.next());
        if let (Some(PieceRef::Text(text)), None) = (first, second) {
            return Some(Written::Fixed(text));
        }
        let mut out = Buffer::new();
        let mut pieces = self.table.path_pieces(self.rule).peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                PieceRef::Text(text) => {
                    // After a slash, the slash at the beginning of the text is left out.
                    let follows_slash = out.ends_with_slash();
                    out.push(text.strip_prefix('/').filter(|_| follows_slash).unwrap_or(text));
                }
                PieceRef::Capture(Source::Rest(at), prefix) => {
                    self.push_rest(at, prefix, pieces.peek().is_none(), &mut out);
                }
                PieceRef::Capture(Source::Segment(at), prefix) => {
                    out.push(self.segment(at, prefix));
                }
                PieceRef::Capture(Source::Query(at), _) => {
                    out.push(&as_segment(self.parameter(at)));
                }
                PieceRef::Capture(Source::Group(at), _) => out.push(self.group(at)),
            }
        }
        Some(Written::Filled(out.as_str().into()))
    }

    fn push_rest(&self, at: u16, prefix: LiteralPrefix, is_last: bool, out: &mut Buffer) {
        match self.rest(at, prefix) {
            Some(rest) if is_last => out.push(rest),
            // More pieces follow. A slash at the end of the rest is kept only at the end of the target.
            Some(rest) => out.push(without_trailing_slash(rest)),
            // The request path ends before the slash that precedes the rest, so the target ends without
            // one, too.
            None if is_last => out.pop_slash(),
            None => {}
        }
    }

    /// The query that the rule leads to; `None` keeps the query of the request, and `Some(None)` removes it.
    pub(super) fn target_query(&self) -> Option<Option<Written<'t>>> {
        if !self.rule.has(flag::HAS_QUERY) {
            return self.rule.has(flag::DROPS_QUERY).then_some(None);
        }
        let mut pieces = self.table.query_pieces(self.rule);
        let (first, second) = (pieces.next(), pieces.next());
        let merges = self.rule.has(flag::MERGES_QUERY) && self.query.is_some();
        if let (Some(PieceRef::Text(text)), None, false) = (first, second, merges) {
            return Some(Some(text).filter(|text| !text.is_empty()).map(Written::Fixed));
        }
        let mut out = Buffer::new();
        for piece in self.table.query_pieces(self.rule) {
            match piece {
                PieceRef::Text(text) => out.push(text),
                PieceRef::Capture(Source::Segment(at), prefix) => {
                    out.push(&as_query_value(self.segment(at, prefix)));
                }
                PieceRef::Capture(Source::Rest(at), prefix) => {
                    out.push(&as_query_value(self.rest(at, prefix).unwrap_or_default()));
                }
                PieceRef::Capture(Source::Query(at), _) => {
                    // A value of a query contains no `&`, and its `+` already means a space.
                    out.push(&self.parameter(at).replace('=', "%3D").replace(';', "%3B"));
                }
                PieceRef::Capture(Source::Group(at), _) => {
                    out.push(&as_query_value(self.group(at)))
                }
            }
        }
        if merges {
            self.merge(&mut out);
        }
        let query = Some(out.as_str()).filter(|query| !query.is_empty());
        Some(query.map(|query| Written::Filled(query.into())))
    }

    /// Adds the request's parameters with names that `out` does not have.
    fn merge(&self, out: &mut Buffer) {
        let own = out.as_str().to_owned();
        for part in self.query.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            let name = part.split_once('=').map_or(part, |(name, _)| name);
            let name = form_decoded(name);
            if parameters(&own).all(|(other, _)| form_decoded(other) != name) {
                if !out.as_str().is_empty() {
                    out.push("&");
                }
                out.push(part);
            }
        }
    }

    fn group(&self, at: u16) -> &str {
        self.groups.as_ref().map_or("", |groups| groups.get(at))
    }

    fn segment(&self, at: u16, prefix: LiteralPrefix) -> &'h str {
        self.rest(at, prefix).map_or("", |rest| next_segment(rest).0)
    }

    /// The path from the segment `at` on; `None` if the path ends before it.
    fn rest(&self, at: u16, prefix: LiteralPrefix) -> Option<&'h str> {
        let (before, rest) = match self.is_simple_path {
            true => (prefix.segments, self.path.get(prefix.bytes as usize..)?),
            false => (0, self.path.strip_prefix('/').unwrap_or(self.path)),
        };
        (before..at).try_fold(rest, |rest, _| next_segment(rest).1)
    }

    /// The value of the parameter that a condition names, as it was sent.
    fn parameter(&self, at: u16) -> &'h str {
        let condition = self.table.conditions(self.rule).get(usize::from(at));
        match (condition, self.query) {
            (Some(Condition::Captured { parameter: name, .. }), Some(query)) => {
                parameter(query, name).unwrap_or_default()
            }
            _ => "",
        }
    }
}

/// Encodes a piece of a path for a query, so that it begins no other parameter and its `+` is not read as a
/// space.
fn as_query_value(piece: &str) -> String {
    let mut out = String::with_capacity(piece.len());
    for part in piece.split_inclusive(['&', '=', '+', ';']) {
        let plain = part.trim_end_matches(['&', '=', '+', ';']);
        out.push_str(plain);
        out.extend(part.bytes().skip(plain.len()).map(percent_encode_byte));
    }
    out
}

/// Encodes a value of a query as one segment of a path.
fn as_segment(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in form_decoded(value).iter() {
        match byte {
            b'/' | b'?' | b'#' | b'%' | b'\\' => out.push_str(percent_encode_byte(*byte)),
            0x21..0x7f => out.push(char::from(*byte)),
            _ => out.push_str(percent_encode_byte(*byte)),
        }
    }
    out
}

/// A text that is on the stack until it is too long.
struct Buffer {
    short: [u8; Self::ROOM],
    length: usize,
    long: String,
}

impl Buffer {
    const ROOM: usize = 256;

    fn new() -> Self {
        Self { short: [0; Self::ROOM], length: 0, long: String::new() }
    }

    fn push(&mut self, text: &str) {
        let end = self.length + text.len();
        if self.long.is_empty() {
            if let Some(room) = self.short.get_mut(self.length..end) {
                room.copy_from_slice(text.as_bytes());
                self.length = end;
                return;
            }
            let mut long = String::with_capacity(2 * end);
            long.push_str(self.as_str());
            self.long = long;
        }
        self.long.push_str(text);
    }

    fn pop_slash(&mut self) {
        if !self.ends_with_slash() {
            return;
        }
        if self.long.is_empty() {
            self.length -= 1;
        } else {
            self.long.pop();
        }
    }

    fn ends_with_slash(&self) -> bool {
        self.bytes().ends_with(b"/")
    }

    fn bytes(&self) -> &[u8] {
        match self.long.is_empty() {
            true => self.short.get(..self.length).unwrap_or_default(),
            false => self.long.as_bytes(),
        }
    }

    fn as_str(&self) -> &str {
        // Only whole texts are pushed, so this is UTF-8.
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }
}
