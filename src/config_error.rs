use std::error::Error;
use std::fmt;

/// A configuration that was refused when it was given.
///
/// ```
/// use tower_redirect::{ConfigError, Maintenance, MaintenanceSwitch};
///
/// let error = Maintenance::new(MaintenanceSwitch::new()).standby("standby.example").unwrap_err();
/// assert!(matches!(error, ConfigError::Url { .. }));
/// assert_eq!(
///     error.to_string(),
///     "invalid url \"standby.example\": not an absolute http or https url"
/// );
/// assert!(Maintenance::new(MaintenanceSwitch::new()).standby("https://standby.example").is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not a host (RFC 3986 §3.2.2), or one with a port where none belongs.
    Host {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not a URL that a redirection can lead to.
    Url {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not a path, or not one that requests can be compared with.
    Path {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Neither an address nor a range of them.
    Proxy {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not a way round a [`Maintenance`](crate::Maintenance).
    Bypass {
        /// The range that was given, or the name of the field or cookie: never its secret.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Dates that contradict each other, or that no field can say.
    Dates {
        /// Whose dates.
        value: String,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// Not what `Strict-Transport-Security` can say.
    Hsts {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not a field name, or the beginning of one (RFC 9110 §5.1).
    Field {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not a version that can stand in a path, or one that contradicts another.
    Version {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl ConfigError {
    pub(crate) fn host(value: &str, reason: &'static str) -> Self {
        Self::Host { value: value.to_owned(), reason }
    }

    pub(crate) fn url(value: &str, reason: &'static str) -> Self {
        Self::Url { value: value.to_owned(), reason }
    }

    pub(crate) fn path(value: &str, reason: &'static str) -> Self {
        Self::Path { value: value.to_owned(), reason }
    }

    pub(crate) fn proxy(value: &str, reason: &'static str) -> Self {
        Self::Proxy { value: value.to_owned(), reason }
    }

    pub(crate) fn bypass(value: &str, reason: &'static str) -> Self {
        Self::Bypass { value: value.to_owned(), reason }
    }

    pub(crate) fn dates(value: &str, reason: &'static str) -> Self {
        Self::Dates { value: value.to_owned(), reason }
    }

    pub(crate) fn hsts(value: &str, reason: &'static str) -> Self {
        Self::Hsts { value: value.to_owned(), reason }
    }

    #[cfg(feature = "follow")]
    pub(crate) fn field(value: &str, reason: &'static str) -> Self {
        Self::Field { value: value.to_owned(), reason }
    }

    pub(crate) fn version(value: &str, reason: &'static str) -> Self {
        Self::Version { value: value.to_owned(), reason }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, value, reason) = match self {
            Self::Host { value, reason } => ("host", value, reason),
            Self::Url { value, reason } => ("url", value, reason),
            Self::Path { value, reason } => ("path", value, reason),
            Self::Proxy { value, reason } => ("proxy", value, reason),
            Self::Bypass { value, reason } => ("bypass", value, reason),
            Self::Dates { value, reason } => ("dates of", value, reason),
            Self::Hsts { value, reason } => ("strict-transport-security", value, reason),
            Self::Field { value, reason } => ("field", value, reason),
            Self::Version { value, reason } => ("version", value, reason),
        };
        write!(f, "invalid {what} {value:?}: {reason}")
    }
}

impl Error for ConfigError {}
