use std::fmt;

/// The scheme of an HTTP URI: `http` or `https` (RFC 9110 §4.2). No other will be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`, default port 80.
    Http,
    /// `https`, default port 443.
    Https,
}

impl Scheme {
    /// Returns the port of a URI that names no port: 80 or 443 (RFC 9110 §4.2.1, §4.2.2).
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// Returns `"http"` or `"https"`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Parses a scheme that is in lower case, as in a `Url`. Returns `None` for any other text.
    #[cfg(feature = "follow")]
    pub(crate) fn from_lower_case(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.as_str() == text)
    }

    /// Parses `http` or `https`, compared without case (RFC 3986 §3.1). Returns `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|s| s.as_str().eq_ignore_ascii_case(text))
    }

    /// Returns the scheme of a URI if it is http or https, compared without case.
    pub(crate) fn of(uri: &http::Uri) -> Option<Self> {
        Self::parse(uri.scheme_str()?)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
