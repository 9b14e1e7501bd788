use http::{Method, StatusCode};

/// Which redirections turn a request into a GET without content (RFC 9110 §15.4).
///
/// | status | [`Cautious`](Self::Cautious) | [`Fetch`](Self::Fetch) | [`AllToGet`](Self::AllToGet) |
/// |---|---|---|---|
/// | 301 | POST becomes GET; others kept with their content | same | as 303 |
/// | 302 | POST, and any unsafe method that carries content, becomes GET; others kept | POST becomes GET; others kept | as 303 |
/// | 303 | all but GET and HEAD become GET; content is always dropped | all but GET and HEAD become GET; a GET keeps its content | all but GET and HEAD become GET; content is always dropped |
/// | 307, 308 | method kept, content sent again | same | same |
///
/// Statuses by which a server means that the method is kept, as WebDAV servers do, are named by
/// [`FollowRedirectsLayer::keep_method_on`](crate::FollowRedirectsLayer::keep_method_on).
///
/// Safe are GET, HEAD, OPTIONS, TRACE, QUERY, PROPFIND, REPORT and SEARCH.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MethodRewrite {
    /// A body is sent again on 307 and 308, and on 302 and 303 given up for a GET.
    #[default]
    Cautious,
    /// What browsers do (Fetch, "HTTP-redirect fetch").
    Fetch,
    /// 301, 302 and 303 make a GET of every method but GET and HEAD, and drop the content, as Go's
    /// client does.
    AllToGet,
}

/// What a redirection makes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rewrite {
    pub(super) to_get: bool,
    pub(super) keeps_content: bool,
}

impl MethodRewrite {
    pub(super) fn apply(self, status: StatusCode, method: &Method, has_content: bool) -> Rewrite {
        let post = *method == Method::POST;
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let to_get = match (status, self) {
            (StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND, Self::AllToGet) => !reads,
            (StatusCode::MOVED_PERMANENTLY, _) | (StatusCode::FOUND, Self::Fetch) => post,
            (StatusCode::FOUND, Self::Cautious) => post || has_content && !is_safe(method),
            (StatusCode::SEE_OTHER, _) => !reads,
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

/// Safe by RFC 9110 §9.2.1, RFC 10008, RFC 4918, RFC 3253 and RFC 5323.
fn is_safe(method: &Method) -> bool {
    const SAFE: [&str; 8] =
        ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT", "SEARCH"];
    SAFE.contains(&method.as_str())
}
