use http::{Method, StatusCode};

use crate::method::is_get_or_head;

/// The status that a redirection was made with, before the request's method is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Status {
    #[default]
    Temporary,
    Permanent,
    MovedPermanently,
    Found,
    SeeOther,
}

impl Status {
    /// The status for a request. Clients may turn POST into GET on 301 and 302, so methods other than GET
    /// and HEAD get 308 and 307 in their place, unless `rewriting_methods` is set.
    pub(super) fn code(self, method: &Method, rewriting_methods: bool) -> StatusCode {
        let keeps_code = rewriting_methods || is_get_or_head(method);
        match self {
            Self::Permanent => StatusCode::PERMANENT_REDIRECT,
            Self::MovedPermanently if keeps_code => StatusCode::MOVED_PERMANENTLY,
            Self::MovedPermanently => StatusCode::PERMANENT_REDIRECT,
            Self::Found if keeps_code => StatusCode::FOUND,
            Self::Temporary | Self::Found => StatusCode::TEMPORARY_REDIRECT,
            Self::SeeOther => StatusCode::SEE_OTHER,
        }
    }

    /// The status of two merged redirections, which is permanent only if both are.
    pub(super) fn merge(self, next: Self) -> Self {
        let permanent = |status| matches!(status, Self::Permanent | Self::MovedPermanently);
        match (self, next) {
            (first, second) if first == second => first,
            (first, second) if permanent(first) && permanent(second) => Self::Permanent,
            _ => Self::Temporary,
        }
    }
}
