//! The error of a table that would be slow.

use crate::policy::rules::error::RuleError;
use crate::policy::rules::lists::MAX_PLACES;
use crate::policy::rules::table::Table;

/// Returns the error of a table in which one request can visit `most` places.
pub(in crate::policy::rules) fn slow_table_error(table: &Table, most: u32) -> RuleError {
    let rules = table.heaviest();
    let positions = rules.into_iter().map(|number| table.position(number));
    let named: Vec<String> = positions.clone().map(|at| at.to_string()).collect();
    let at = positions.min().unwrap_or_default();
    let message = format!(
        "one request could visit {most} places of the table, more than {MAX_PLACES}: use fewer \
         patterns with `:name` beside literal segments, fewer parameters on one path, or fewer hosts \
         of which each is below the next"
    );
    let message = match named.as_slice() {
        [] => message,
        named => format!("{message}; the rules at these places include {}", named.join(", ")),
    };
    RuleError::new(at, message)
}
