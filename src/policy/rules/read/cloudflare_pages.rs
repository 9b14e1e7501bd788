//! `_redirects` as Cloudflare Pages reads it.

use super::{Line, Mistake, status, with_splat};
use crate::policy::rules::pattern::starts_with_letter;
use crate::policy::rules::rule::{Rule, Status};

/// Parses `from to [status]`.
pub(super) fn rule(line: Line<'_>) -> Result<Option<Rule>, Mistake> {
    let mut words = line.words();
    let Some(from) = words.next().filter(|word| !word.text.starts_with('#')) else {
        return Ok(None);
    };
    if !from.text.starts_with('/') {
        return Err(from.refuse("a path is needed: this dialect has no rules for a host"));
    }
    let target = words.next().ok_or_else(|| line.end().refuse("a target is missing"))?;
    if from.text.contains('?') {
        return Err(from.refuse("this dialect does not compare queries"));
    }
    if from.text.split('/').any(has_placeholder_inside) {
        return Err(
            from.refuse("a placeholder is a whole segment here: for others, use `Rule::regex`")
        );
    }
    let rule = Rule::new(&with_splat(from)?).map_err(from.mistake())?.below_only();
    let rule = rule.to(target.text).map_err(target.mistake())?;
    let code = words.next().map(status).transpose()?.unwrap_or(Status::Found);
    match words.next() {
        Some(word) => Err(word.refuse("nothing may follow the status")),
        None => Ok(Some(rule.status(code))),
    }
}

/// Whether a segment has a `:name` after other text, which Cloudflare Pages reads as a placeholder, too.
fn has_placeholder_inside(segment: &str) -> bool {
    segment.strip_prefix(':').unwrap_or(segment).split(':').skip(1).any(starts_with_letter)
}
