use super::host::check_spelling;
use super::{Authority, Host};
use crate::config_error::ConfigError;

/// A host, or all hosts below a domain (`*.example.com`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPattern {
    Exact(Host),
    /// The suffix of the names that match, with its leading dot: `.example.com`. A name has to have one or
    /// more labels before it.
    Suffix(Box<str>),
}

impl HostPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::try_parse(text).map_err(|reason| ConfigError::host(text, reason))
    }

    fn try_parse(text: &str) -> Result<Self, &'static str> {
        let suffix = text.strip_prefix("*.");
        let name = suffix.unwrap_or(text);
        check_spelling(name)?;
        if name.contains('*') {
            return Err("`*.` is allowed only in front, for one or more labels: `*.example.com`");
        }
        let host = Host::try_parse(name)?;
        match suffix {
            None => Ok(Self::Exact(host)),
            Some(_) if host.authority(None).address().is_some() => {
                Err("an address has no labels in front")
            }
            Some(_) => Ok(Self::Suffix(format!(".{}", host.as_str()).into())),
        }
    }

    pub(crate) fn matches(&self, authority: &Authority<'_>) -> bool {
        match self {
            Self::Exact(host) => host.authority(None).same_host(authority),
            Self::Suffix(suffix) => {
                let host = authority.host().as_bytes();
                let start = host.len().saturating_sub(suffix.len());
                let end = host.get(start..).unwrap_or_default();
                start > 0 && end.eq_ignore_ascii_case(suffix.as_bytes())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_whole_pattern() {
        for (pattern, reason) in [
            ("*.", "empty"),
            ("*.10.0.0.1", "labels in front"),
            ("*.[::1]", "labels in front"),
            ("a.*.test", "only in front"),
            ("*.*.test", "only in front"),
            ("*.a.test:80", "without port"),
        ] {
            let error = HostPattern::parse(pattern).expect_err(pattern);
            assert_eq!(error.value(), pattern, "{error}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
