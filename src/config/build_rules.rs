//! Builds the rule table of a configuration.

use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, Method};

use super::invalid::Problems;
use super::rule::{Condition, QueryMode, RuleConfig};
use super::set::{set, set_if};
use crate::config_error::ConfigError;
use crate::policy::{Rule, Rules};

/// Builds a table. If a rule or the table is wrong, returns `None` and adds the reasons to `problems`.
/// The table is checked as a whole only if each of its rules is valid.
pub(super) fn rules(sections: &[RuleConfig], path: &str, problems: &mut Problems) -> Option<Rules> {
    let before = problems.len();
    let rules: Vec<_> = sections
        .iter()
        .enumerate()
        .filter_map(|(at, section)| rule(section, &format!("{path}[{at}]"), problems))
        .collect();
    if problems.len() > before {
        return None;
    }
    match Rules::new(rules) {
        Ok(rules) => Some(rules),
        Err(errors) => {
            for error in &errors {
                match error.index() {
                    Some(at) => problems.add(format_args!("{path}[{at}]"), error.message()),
                    None => problems.add(path, error.message()),
                }
            }
            None
        }
    }
}

fn rule(section: &RuleConfig, path: &str, problems: &mut Problems) -> Option<Rule> {
    let key = |key: &str| format!("{path}.{key}");
    let from = if section.regex { regex(&section.from) } else { Rule::new(&section.from) };
    // The captures that `to` may use are those of `from`: if `from` is wrong, `to` cannot be checked.
    let to = section.to.as_deref().filter(|_| from.is_ok());
    let rule = problems.check_or(key("from"), from, Rule::new("/"))?;
    let rule = conditions(section, path, rule, problems);
    let rule = problems.set(key("to"), rule, to, Rule::to);
    let rule = status(section, path, rule, problems);
    let rule = match section.query {
        QueryMode::Keep => rule,
        QueryMode::Drop => rule.drop_query(),
        QueryMode::Merge => rule.merge_query(),
    };
    if section.rewriting_methods && matches!(section.status, None | Some(303 | 307 | 308 | 410)) {
        problems.add(key("rewriting_methods"), "no effect unless the status is 301 or 302");
    }
    let rule = set_if(rule, section.rewriting_methods, Rule::rewriting_methods);
    let rule = set_if(rule, section.ignore_case, Rule::ignore_case);
    let rule = set_if(rule, section.either_slash, Rule::either_slash);
    let rule = set_if(rule, section.below_only, Rule::below_only);
    let rule = set_if(rule, section.allow_self, Rule::allow_self);
    let rule = set_if(rule, section.quiet, Rule::quiet);
    let rule = set(rule, section.counted.as_deref(), Rule::counted);
    let rule = set(rule, section.since.map(SystemTime::from), Rule::since);
    let rule = set(rule, section.until.map(SystemTime::from), Rule::until);
    let rule = set(rule, section.max_age.map(Duration::from_secs), Rule::max_age);
    Some(set(rule, section.name.as_deref(), Rule::named))
}

#[cfg(feature = "regex")]
fn regex(pattern: &str) -> Result<Rule, ConfigError> {
    Rule::regex(pattern)
}

#[cfg(not(feature = "regex"))]
fn regex(pattern: &str) -> Result<Rule, ConfigError> {
    Err(ConfigError::path(
        pattern,
        "this program has no regexes: build it with feature `regex` of `tower-redirect`",
    ))
}

fn status(section: &RuleConfig, path: &str, rule: Rule, problems: &mut Problems) -> Rule {
    match section.status {
        None | Some(307) => rule,
        Some(308) => rule.permanent(),
        Some(301) => rule.moved_permanently(),
        Some(302) => rule.found(),
        Some(303) => rule.see_other(),
        Some(410) => rule.gone(),
        Some(other) => {
            let problem = format!("a rule answers 301, 302, 303, 307, 308 or 410, not {other}");
            problems.add(format_args!("{path}.status"), problem);
            rule
        }
    }
}

fn conditions(section: &RuleConfig, path: &str, mut rule: Rule, problems: &mut Problems) -> Rule {
    let mut methods = Vec::new();
    for (at, method) in section.methods.iter().enumerate() {
        match Method::from_bytes(method.as_bytes()) {
            // `http` accepts any token, but methods are case-sensitive (RFC 9110 §9.1): `get` would never
            // match GET.
            Ok(parsed) if !method.bytes().any(|byte| byte.is_ascii_lowercase()) => {
                methods.push(parsed);
            }
            _ => problems.add(
                format_args!("{path}.methods[{at}]"),
                format_args!(
                    "not a method: {method:?}; methods are in upper case, as in `\"GET\"`"
                ),
            ),
        }
    }
    if !methods.is_empty() {
        rule = rule.on_methods(methods);
    }
    for (name, condition) in &section.headers {
        let at = format!("{path}.headers.{name}");
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            problems.add(at, "not a header name");
            continue;
        };
        rule = match condition {
            Condition::Present(true) => rule.on_header_present(name),
            Condition::Present(false) => rule.on_header_absent(name),
            Condition::Equals(value) => match HeaderValue::from_str(value) {
                Ok(value) => rule.on_header(name, value),
                Err(_) => {
                    problems.add(
                        at,
                        "not a header value: only visible ASCII, spaces and tabs are allowed",
                    );
                    continue;
                }
            },
        };
    }
    for (name, condition) in &section.parameters {
        rule = match condition {
            Condition::Present(true) => rule.on_query_present(name),
            Condition::Present(false) => rule.on_query_absent(name),
            Condition::Equals(value) => rule.on_query(name, value),
        };
    }
    problems.list(format_args!("{path}.clients"), rule, &section.clients, Rule::on_clients)
}
