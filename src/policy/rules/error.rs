use std::error::Error;
use std::fmt;

use crate::config_error::ConfigError;

/// The position of a rule: its line and column, or its number in the table if it has no line. The default
/// is the table as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// From 1; 0 if it is not known.
    pub(super) line: u32,
    /// In characters, from 1; 0 if it is not known.
    pub(super) column: u32,
    /// The number of the rule in the table, from 1; 0 for a line that is not a valid rule, and for the
    /// table as a whole.
    pub(super) rule: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { line: 0, rule: 0, .. } => f.write_str("the table"),
            Self { line: 0, rule, .. } => write!(f, "rule {rule}"),
            Self { line, column: 0, .. } => write!(f, "line {line}"),
            Self { line, column, .. } => write!(f, "line {line}, column {column}"),
        }
    }
}

/// The error of a table of rules that was refused: all mistakes that were found in it, in the order of its
/// lines.
///
/// ```
/// use tower_redirect::policy::Rules;
///
/// let errors = Rules::from_csv("/a,/b\n/c,ftp://c.test/\n/d\n").unwrap_err();
/// let lines: Vec<_> = errors.iter().map(|error| error.line()).collect();
/// assert_eq!(lines, [Some(2), Some(3)]);
/// assert!(Rules::from_csv("/a,/b\n/c,https://c.test/\n").is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleErrors(Vec<RuleError>);

impl RuleErrors {
    /// Returns `Ok` if there are no errors, else an error with all of them, sorted.
    pub(super) fn check(mut errors: Vec<RuleError>) -> Result<(), Self> {
        errors.sort_by_key(|error| error.at);
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// Returns the mistakes, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, RuleError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a RuleErrors {
    type Item = &'a RuleError;
    type IntoIter = std::slice::Iter<'a, RuleError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Writes each mistake on a separate line.
impl fmt::Display for RuleErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Error for RuleErrors {}

/// One mistake in a table of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    pub(super) at: Position,
    pub(super) reason: Reason,
}

/// The mistake: an error of the configuration, or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Config(ConfigError),
    Text(String),
}

impl RuleError {
    pub(super) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, reason: Reason::Text(message.into()) }
    }

    /// Returns the line, from 1, if it is known: see [`Rule::line`](super::Rule::line).
    pub fn line(&self) -> Option<u32> {
        (self.at.line > 0).then_some(self.at.line)
    }

    /// Returns the position of the rule in the table, from 0, or `None` for a line that is not a valid
    /// rule and for a mistake of the table as a whole.
    pub fn index(&self) -> Option<usize> {
        self.at.rule.checked_sub(1).map(|index| index as usize)
    }

    /// Returns the column in characters, from 1, if it is known.
    pub fn column(&self) -> Option<u32> {
        (self.at.column > 0).then_some(self.at.column)
    }

    /// Returns the mistake and how to correct it.
    pub fn message(&self) -> String {
        match &self.reason {
            Reason::Config(error) => error.to_string(),
            Reason::Text(text) => text.clone(),
        }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message())
    }
}

impl Error for RuleError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Reason::Config(error) => Some(error),
            Reason::Text(_) => None,
        }
    }
}

/// A possible mistake in a table of rules. The table is built anyway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleWarning {
    pub(super) at: Position,
    pub(super) message: String,
}

impl RuleWarning {
    /// Returns the line, from 1, if it is known: see [`Rule::line`](super::Rule::line).
    pub fn line(&self) -> Option<u32> {
        (self.at.line > 0).then_some(self.at.line)
    }

    /// Returns the possible mistake and how to correct it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for RuleWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}
