//! Lines of `from,to[,status]`.

use super::{Line, Mistake, Word, status};
use crate::policy::rules::rule::{Rule, Status};

pub(super) fn rule(line: Line<'_>) -> Result<Option<Rule>, Mistake> {
    if line.text.trim().is_empty() || line.text.trim_start().starts_with('#') {
        return Ok(None);
    }
    let fields = fields(line)?;
    let field = |at: usize| {
        let (at, text) = fields.get(at)?;
        Some(Word { text, at: *at })
    };
    let from = field(0).unwrap_or(line.end());
    if line.number == 1 && from.text.eq_ignore_ascii_case("from") {
        return Ok(None);
    }
    // A spreadsheet fills shorter lines with empty fields.
    let non_empty = |at: usize| field(at).filter(|word| !word.text.is_empty());
    if let Some(extra) = (3..fields.len()).find_map(non_empty) {
        return Err(extra.refuse("three fields at most: from, to, status"));
    }
    let rule = Rule::new(from.text).map_err(from.mistake())?;
    match (non_empty(2), non_empty(1)) {
        (Some(Word { text: "410", .. }), None) => Ok(Some(rule.gone())),
        (Some(word @ Word { text: "410", .. }), Some(_)) => {
            Err(word.refuse("410 has no target: leave the field `to` empty"))
        }
        (_, None) => Err(line.end().refuse("a target is missing: `from,to[,status]`")),
        (code, Some(target)) => {
            let rule = rule.to(target.text).map_err(target.mistake())?;
            let status = code.map(status).transpose()?.unwrap_or(Status::Temporary);
            Ok(Some(rule.status(status)))
        }
    }
}

/// Splits a line into fields (RFC 4180), each with its byte offset. Spaces around fields are removed.
fn fields(line: Line<'_>) -> Result<Vec<(usize, String)>, Mistake> {
    let mut fields = Vec::with_capacity(3);
    let mut at = 0;
    loop {
        let rest = line.text.get(at..).unwrap_or_default();
        let start = at + rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        if let Some(quoted) = rest.strip_prefix('"') {
            let Some((text, length)) = unquoted(quoted) else {
                let word = Word { text: rest, at: start };
                return Err(word.refuse("a quote is not closed on its line"));
            };
            fields.push((start, text));
            at = start + 1 + length;
            let after = line.text.get(at..).unwrap_or_default();
            let next = after.trim_start();
            if next.is_empty() {
                return Ok(fields);
            }
            at += after.len() - next.len();
            if !next.starts_with(',') {
                return Err(Word { text: next, at }.refuse("a comma must follow the closing quote"));
            }
            at += 1;
        } else {
            let end = rest.find(',');
            let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            fields.push((start, text.trim_end().to_owned()));
            match end {
                Some(end) => at = start + end + 1,
                None => return Ok(fields),
            }
        }
    }
}

/// The text before the closing quote, unescaped, and the length up to and including that quote.
fn unquoted(text: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        out.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                out.push('"');
                rest = after;
            }
            None => return Some((out, text.len() - after.len())),
        }
    }
}
