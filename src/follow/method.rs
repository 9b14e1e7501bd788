use http::{Method, StatusCode};

use crate::method::is_get_or_head;

/// Chooses which redirections change a request to a GET without content (RFC 9110 §15.4).
///
/// | status | [`Cautious`](Self::Cautious) | [`Fetch`](Self::Fetch) | [`AllToGet`](Self::AllToGet) |
/// |---|---|---|---|
/// | 301 | POST becomes GET; others kept with their content | same | as 303 |
/// | 302 | POST, and any unsafe method that carries content, becomes GET; others kept | POST becomes GET; others kept | as 303 |
/// | 303 | all but GET and HEAD become GET; content is always dropped | all but GET and HEAD become GET; GET and HEAD keep their content | all but GET and HEAD become GET; content is always dropped |
/// | 307, 308 | method kept, content sent again | same | same |
///
/// The safe methods are those that are registered as safe, except PRI, which no request has: GET, HEAD,
/// OPTIONS, TRACE, QUERY, PROPFIND, REPORT and SEARCH.
///
/// For servers that use 301 or 302 and expect the method to be kept, as WebDAV servers do, see
/// [`FollowRedirectsLayer::keep_method_on`](crate::FollowRedirectsLayer::keep_method_on).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MethodRewrite {
    /// Like [`Fetch`](MethodRewrite::Fetch), but on 302 also changes all unsafe methods with content to
    /// GET, and on 303 also drops the content of GET and HEAD.
    #[default]
    Cautious,
    /// Changes methods as browsers do (Fetch, "HTTP-redirect fetch").
    Fetch,
    /// Changes all methods but GET and HEAD to GET on 301, 302 and 303, and drops the content, as Go's
    /// client does.
    AllToGet,
}

/// How a redirection changes the method and the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rewrite {
    pub(super) to_get: bool,
    pub(super) keeps_content: bool,
}

impl MethodRewrite {
    pub(super) fn apply(self, status: StatusCode, method: &Method, has_content: bool) -> Rewrite {
        let post = *method == Method::POST;
        let get_or_head = is_get_or_head(method);
        let to_get = match (status, self) {
            (StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND, Self::AllToGet) => !get_or_head,
            (StatusCode::MOVED_PERMANENTLY, _) | (StatusCode::FOUND, Self::Fetch) => post,
            (StatusCode::FOUND, Self::Cautious) => {
                post || has_content && !is_registered_as_safe(method)
            }
            (StatusCode::SEE_OTHER, _) => !get_or_head,
            _ => false,
        };
        let always_dropped = match self {
            Self::Fetch => false,
            Self::Cautious => status == StatusCode::SEE_OTHER,
            Self::AllToGet => !matches!(status.as_u16(), 307 | 308),
        };
        Rewrite { to_get, keeps_content: has_content && !to_get && !always_dropped }
    }
}

/// Whether the method registry lists the method as safe: RFC 9110 §9.2.1, RFC 10008 (QUERY),
/// RFC 4918 (PROPFIND), RFC 3253 (REPORT) and RFC 5323 (SEARCH).
pub(super) fn is_registered_as_safe(method: &Method) -> bool {
    const SAFE: [&str; 8] =
        ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH"];
    SAFE.contains(&method.as_str())
}
