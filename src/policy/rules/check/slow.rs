//! Says which rules make a table slow.

use crate::policy::rules::error::{Position, RuleError};
use crate::policy::rules::lists::ROOM;
use crate::policy::rules::table::Table;

/// The error of a table where one request can come to `most` places.
pub(in crate::policy::rules) fn slow(table: &Table, most: u32) -> RuleError {
    let rules = table.heaviest();
    let position = |number: &u32| {
        let line = table.rule(*number).map_or(0, |rule| rule.line());
        Position { line, column: 0, rule: number.saturating_add(1) }
    };
    let named: Vec<String> = rules.iter().map(|number| position(number).to_string()).collect();
    let at = rules.iter().map(position).min().unwrap_or_default();
    let message = format!(
        "one request could come to {most} places of the table, more than {}: fewer patterns with \
         `:name` beside literal segments, or fewer parameters on one path; among them {}",
        ROOM,
        named.join(", ")
    );
    RuleError::new(at, message)
}
