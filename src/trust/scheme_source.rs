use http::HeaderName;

use super::forwarded::scheme_of;
use crate::uri::Scheme;

/// The field that the scheme is read from.
#[derive(Clone, Debug, Default)]
pub(super) enum SchemeSource {
    /// `X-Forwarded-Proto`, or `proto` of `Forwarded`.
    #[default]
    Family,
    /// A field that names the scheme.
    Named(HeaderName),
    /// A field that is `on` for https, and `off` or absent for http.
    Switch(HeaderName),
}

impl SchemeSource {
    /// The scheme that a value of the field stands for; `None` for a malformed value.
    pub(super) fn read(&self, value: &[u8]) -> Option<Scheme> {
        match self {
            Self::Family | Self::Named(_) => scheme_of(value),
            Self::Switch(_) if value.eq_ignore_ascii_case(b"on") => Some(Scheme::Https),
            Self::Switch(_) if value.eq_ignore_ascii_case(b"off") => Some(Scheme::Http),
            Self::Switch(_) => None,
        }
    }

    /// The scheme of a request without the field; `None` if it is then unknown.
    pub(super) const fn scheme_if_absent(&self) -> Option<Scheme> {
        match self {
            Self::Switch(_) => Some(Scheme::Http),
            Self::Family | Self::Named(_) => None,
        }
    }
}
