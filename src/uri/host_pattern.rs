use super::{Authority, Host};
use crate::config_error::ConfigError;

/// A host, or all hosts below a domain (`*.example.com`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPattern {
    Exact(Host),
    /// The suffix of all names with one or more labels in front; begins with the dot.
    Suffix(Box<str>),
}

impl HostPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        match text.strip_prefix("*.") {
            Some(suffix) => {
                let suffix = Host::parse(suffix)?;
                Ok(Self::Suffix(format!(".{}", suffix.as_str()).into()))
            }
            None => Host::parse(text).map(Self::Exact),
        }
    }

    pub(crate) fn matches(&self, authority: &Authority<'_>) -> bool {
        match self {
            Self::Exact(host) => host.authority(None).same_host(authority),
            Self::Suffix(suffix) => {
                let host = authority.host().as_bytes();
                let labels = host.len().saturating_sub(suffix.len());
                labels > 0
                    && host
                        .get(labels..)
                        .is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
            }
        }
    }
}
