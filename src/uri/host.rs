use std::net::Ipv6Addr;
use std::sync::Arc;

use super::Authority;
use crate::config_error::ConfigError;

/// The length of the longest DNS name, as text: 255 bytes on the wire (RFC 1035 §2.3.4) are 253 characters.
pub(crate) const LONGEST_NAME: usize = 253;

/// A configured host: validated, in lower case, cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    text: Arc<str>,
    v6: Option<Ipv6Addr>,
}

impl Host {
    /// Parses a host without a port.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::try_parse(text).map_err(|reason| ConfigError::host(text, reason))
    }

    /// Parses a host without a port. `Err` is the reason why it is refused.
    pub(crate) fn try_parse(text: &str) -> Result<Self, &'static str> {
        check_spelling(text)?;
        let authority = Authority::parse(text)?;
        if text.contains('*') {
            return Err("one host, without `*`");
        }
        if text.strip_suffix('.').unwrap_or(text) != authority.host {
            return Err("a host only, without port");
        }
        Ok(Self::from(&authority))
    }

    pub(crate) fn authority(&self, port: Option<u16>) -> Authority<'_> {
        Authority { host: &self.text, v6: self.v6, port }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The host with `www.` added, or removed if it is there; `None` for an address.
    pub(crate) fn www_twin(&self) -> Option<Self> {
        if self.authority(None).address().is_some() {
            return None;
        }
        let text = match self.text.strip_prefix("www.") {
            Some(bare) => bare.into(),
            None => format!("www.{}", self.text).into(),
        };
        Some(Self { text, v6: None })
    }
}

/// Checks for common mistakes in a host. The error names the mistake, or tells what to write.
pub(super) fn check_spelling(text: &str) -> Result<(), &'static str> {
    if text.contains("://") {
        return Err("a host only, without scheme");
    }
    if text.contains('/') {
        return Err("a host only, without path");
    }
    if !text.is_ascii() {
        return Err("an international name is written in punycode: `xn--..`");
    }
    if text.contains([',', ';']) {
        return Err("one host, without a comma or semicolon");
    }
    // RFC 3986 allows these in a name, but no host has them. `$host` is a variable of nginx.
    if text.contains(['$', '!', '&', '\'', '(', ')', '+', '=', '~']) {
        return Err("host holds a character that no host has");
    }
    Ok(())
}

impl From<&Authority<'_>> for Host {
    fn from(authority: &Authority<'_>) -> Self {
        Self { text: authority.host.to_ascii_lowercase().into(), v6: authority.v6 }
    }
}
