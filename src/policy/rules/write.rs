//! Writes the path and query of a target with its captures.

use std::sync::Arc;

use super::condition::Condition;
use super::normal::{form_decoded, next_segment, parameter, parameters};
use super::regex::Groups;
use super::table::{PieceRef, Stored, Table, flag};
use super::target::Source;
use crate::head::RequestHead;
use crate::redirection::Redirection;
use crate::uri::push_escaped;

/// A rule that matched, and the parts of the request that its captures copy.
pub(super) struct Captures<'t, 'h> {
    table: &'t Table,
    rule: &'t Stored,
    path: &'h str,
    query: Option<&'h str>,
    groups: Option<Groups<'h>>,
}

impl<'t, 'h> Captures<'t, 'h> {
    pub(super) fn new(
        table: &'t Table,
        rule: &'t Stored,
        head: &'h RequestHead<'_>,
        groups: Option<Groups<'h>>,
    ) -> Self {
        Self { table, rule, path: head.path(), query: head.query(), groups }
    }

    /// The path that the rule leads to; `None` keeps the path of the request.
    pub(super) fn path(&self) -> Option<Arc<str>> {
        if !self.rule.has(flag::HAS_PATH) {
            return None;
        }
        let mut pieces = self.table.path_pieces(self.rule);
        let (first, second) = (pieces.next(), pieces.next());
        if let (Some(PieceRef::Text(text)), None) = (first, second) {
            return Some(text.into());
        }
        let mut out = Buffer::default();
        let mut pieces = self.table.path_pieces(self.rule).peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                PieceRef::Text(text) => {
                    // After a slash, the slash at the beginning of the text is left out.
                    let follows_slash = out.ends_with_slash();
                    out.push(text.strip_prefix('/').filter(|_| follows_slash).unwrap_or(text));
                }
                PieceRef::Capture(Source::Rest(at)) => {
                    self.push_rest(at, pieces.peek().is_none(), &mut out);
                }
                PieceRef::Capture(Source::Segment(at)) => out.push(self.segment(at)),
                PieceRef::Capture(Source::Query(at)) => {
                    out.push(&as_segment(self.parameter(at)));
                }
                PieceRef::Capture(Source::Group(at)) => out.push(self.group(at)),
            }
        }
        Some(out.as_str().into())
    }

    fn push_rest(&self, at: u16, is_last: bool, out: &mut Buffer) {
        match self.rest(at) {
            Some(rest) if is_last => out.push(rest),
            // More pieces follow, so the slash would not be at the end of the target.
            Some(rest) => out.push(rest.strip_suffix('/').unwrap_or(rest)),
            // The request path ends before the slash that precedes the rest, so the target ends without
            // one, too.
            None if is_last => out.pop_slash(),
            None => {}
        }
    }

    /// Sets the query that the rule leads to.
    pub(super) fn set_query(&self, to: &mut Redirection) {
        if !self.rule.has(flag::HAS_QUERY) {
            if self.rule.has(flag::DROPS_QUERY) {
                to.set_query(None);
            }
            return;
        }
        let mut pieces = self.table.query_pieces(self.rule);
        let (first, second) = (pieces.next(), pieces.next());
        let merges = self.rule.has(flag::MERGES_QUERY) && self.query.is_some();
        if let (Some(PieceRef::Text(text)), None, false) = (first, second, merges) {
            return to.set_query(Some(text).filter(|text| !text.is_empty()).map(Into::into));
        }
        let mut out = Buffer::default();
        for piece in self.table.query_pieces(self.rule) {
            match piece {
                PieceRef::Text(text) => out.push(text),
                PieceRef::Capture(Source::Segment(at)) => {
                    out.push(&as_query_value(self.segment(at)));
                }
                PieceRef::Capture(Source::Rest(at)) => {
                    out.push(&as_query_value(self.rest(at).unwrap_or_default()));
                }
                PieceRef::Capture(Source::Query(at)) => {
                    // A value of a query contains no `&`, and its `+` already means a space.
                    out.push(&self.parameter(at).replace('=', "%3D").replace(';', "%3B"));
                }
                PieceRef::Capture(Source::Group(at)) => out.push(&as_query_value(self.group(at))),
            }
        }
        if merges {
            self.merge(&mut out);
        }
        to.set_query(Some(out.as_str()).filter(|query| !query.is_empty()).map(Into::into));
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

    fn segment(&self, at: u16) -> &'h str {
        self.rest(at).map_or("", |rest| next_segment(rest).0)
    }

    /// The path from the segment `at` on; `None` if the path ends before it.
    fn rest(&self, at: u16) -> Option<&'h str> {
        let path = self.path.strip_prefix('/').unwrap_or(self.path);
        (0..at).try_fold(path, |rest, _| next_segment(rest).1)
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
        part.bytes().skip(plain.len()).for_each(|byte| push_escaped(&mut out, byte));
    }
    out
}

/// Encodes a value of a query as one segment of a path.
fn as_segment(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in form_decoded(value).iter() {
        match byte {
            b'/' | b'?' | b'#' | b'%' | b'\\' => push_escaped(&mut out, *byte),
            0x21..0x7f => out.push(char::from(*byte)),
            _ => push_escaped(&mut out, *byte),
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

impl Default for Buffer {
    fn default() -> Self {
        Self { short: [0; Self::ROOM], length: 0, long: String::new() }
    }
}

impl Buffer {
    const ROOM: usize = 256;

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
