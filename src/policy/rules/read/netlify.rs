//! `_redirects` as Netlify reads it.

use super::{Line, Mistake, Word, status, with_splat};
use crate::policy::rules::pattern::starts_with_letter;
use crate::policy::rules::rule::{Rule, Status};

/// Parses `from [key=value ..] to [status]`. The conditions that Netlify allows after the status are refused.
pub(super) fn rule(line: Line<'_>) -> Result<Option<Rule>, Mistake> {
    let mut words = line.words().take_while(|word| !word.text.starts_with('#'));
    let Some(from) = words.next() else { return Ok(None) };
    // Netlify reads `:1` as a placeholder, too, but `Rule::new` does not.
    let mut names = from.text.split('/').filter_map(|segment| segment.strip_prefix(':'));
    if !names.all(starts_with_letter) {
        return Err(from.refuse("the name of a placeholder begins with a letter"));
    }
    let mut rule = Rule::new(&with_splat(from)?).map_err(from.mistake())?.either_slash();
    let target = loop {
        let word = words.next().ok_or_else(|| line.end().refuse("a target is missing"))?;
        if is_target(word) {
            break word;
        }
        if status(word).is_ok() {
            return Err(word.refuse("the target comes before the status"));
        }
        if !word.text.contains('=') || word.text.contains('&') {
            return Err(
                word.refuse("neither a target (`/path` or a URL) nor a parameter `key=value`")
            );
        }
        rule.query_condition(word.text, word.text).map_err(word.mistake())?;
    };
    let mut rule = rule.to(target.text).map_err(target.mistake())?.status(Status::MovedPermanently);
    for (at, word) in words.enumerate() {
        let name = word.text.split('=').next().unwrap_or_default().to_ascii_lowercase();
        match &*name {
            "country" | "language" | "role" | "cookie" => {
                return Err(word.refuse(format!(
                    "{name} is not supported here: check it in the application, or use \
                     `Rule::on_header`"
                )));
            }
            _ if at == 0 => {
                // Netlify tries a rule with `!` before its files. Here `!` changes nothing.
                let number = word.text.strip_suffix('!').unwrap_or(word.text);
                rule = rule.status(status(Word { text: number, ..word })?);
            }
            _ => return Err(word.refuse("nothing may follow the status")),
        }
    }
    Ok(Some(rule))
}

fn is_target(word: Word<'_>) -> bool {
    let is_url = |(scheme, _): (&str, &str)| !scheme.contains('=');
    word.text.starts_with('/') || word.text.split_once("://").is_some_and(is_url)
}
