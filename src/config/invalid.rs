use std::error::Error;
use std::fmt;

use crate::config_error::ConfigError;

/// The wrong values of a [configuration](super), in the order in which they were found.
///
/// ```
/// use tower_redirect::config::{Config, Switches};
///
/// let config: Config = toml::from_str("[https]\nstatus = 200\nport = 443")?;
/// let invalid = config.build(&Switches::new()).unwrap_err();
/// assert_eq!(invalid.to_string(), "https.status: a redirection is 301, 302, 307 or 308, not 200");
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfig(Vec<InvalidValue>);

/// A wrong value of a [configuration](super).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    path: String,
    message: String,
}

impl InvalidConfig {
    /// Iterates over the wrong values, in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, InvalidValue> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a InvalidConfig {
    type Item = &'a InvalidValue;
    type IntoIter = std::slice::Iter<'a, InvalidValue>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Writes each wrong value on a separate line.
impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Error for InvalidConfig {}

impl InvalidValue {
    /// The place of the value, such as `rules[3].to`: keys separated by dots, with the indexes of lists
    /// counted from 0.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The mistake, and for most mistakes how to correct it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Collects the wrong values while a configuration is built.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<InvalidValue>);

impl Problems {
    pub(super) fn add(&mut self, path: impl fmt::Display, message: impl fmt::Display) {
        self.0.push(InvalidValue { path: path.to_string(), message: message.to_string() });
    }

    /// Returns the value of `result`. If it is an error, adds a problem and returns `None`.
    pub(super) fn check<T>(
        &mut self,
        path: impl fmt::Display,
        result: Result<T, ConfigError>,
    ) -> Option<T> {
        result.map_err(|error| self.add(path, error)).ok()
    }

    /// Like [`check`](Self::check), but returns `instead` for an error, so that the other settings of the
    /// value are checked, too.
    pub(super) fn check_or<T>(
        &mut self,
        path: impl fmt::Display,
        result: Result<T, ConfigError>,
        instead: Result<T, ConfigError>,
    ) -> Option<T> {
        self.check(path, result).or(instead.ok())
    }

    /// Changes a value. If the change is refused, adds a problem and returns the value unchanged.
    pub(super) fn change<T: Clone>(
        &mut self,
        path: impl fmt::Display,
        value: T,
        change: impl FnOnce(T) -> Result<T, ConfigError>,
    ) -> T {
        let result = change(value.clone());
        self.check(path, result).unwrap_or(value)
    }

    /// Changes a value by a setting, if there is one.
    pub(super) fn set<T: Clone, V>(
        &mut self,
        path: impl fmt::Display,
        value: T,
        setting: Option<V>,
        change: impl FnOnce(T, V) -> Result<T, ConfigError>,
    ) -> T {
        match setting {
            Some(setting) => self.change(path, value, |value| change(value, setting)),
            None => value,
        }
    }

    /// Changes a value once for each text of a list.
    pub(super) fn each<T: Clone>(
        &mut self,
        path: &str,
        value: T,
        list: &[String],
        change: impl Fn(T, &str) -> Result<T, ConfigError>,
    ) -> T {
        let numbered = list.iter().enumerate();
        numbered.fold(value, |value, (at, text)| {
            self.change(format_args!("{path}[{at}]"), value, |value| change(value, text))
        })
    }

    /// Changes a value by a list, unless the list is empty. If the list is refused, adds a problem for each
    /// text that is also refused alone, or one problem for the list if there is no such text.
    pub(super) fn list<'a, T: Clone>(
        &mut self,
        path: impl fmt::Display,
        value: T,
        list: &'a [String],
        change: impl Fn(T, &'a [String]) -> Result<T, ConfigError>,
    ) -> T {
        if list.is_empty() {
            return value;
        }
        let error = match change(value.clone(), list) {
            Ok(changed) => return changed,
            Err(error) => error,
        };
        let before = self.len();
        for (at, text) in list.chunks(1).enumerate() {
            self.check(format_args!("{path}[{at}]"), change(value.clone(), text));
        }
        if self.len() == before {
            self.add(path, error);
        }
        value
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns an error with the wrong values, if there are any.
    pub(super) fn into_result(self) -> Result<(), InvalidConfig> {
        if self.0.is_empty() { Ok(()) } else { Err(InvalidConfig(self.0)) }
    }
}
