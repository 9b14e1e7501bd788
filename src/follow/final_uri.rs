use std::fmt;

use http::{Response, Uri};

use super::redacted::Redacted;

/// The URL of the last request of a call. It is in the extensions of every response if
/// [`FollowRedirectsLayer::final_uri`](crate::FollowRedirectsLayer::final_uri) is set.
///
/// ```
/// use http::Response;
/// use tower_redirect::follow::FinalUri;
///
/// assert!(FinalUri::of(&Response::new(())).is_none());
/// ```
#[derive(Clone)]
pub struct FinalUri(pub(super) Uri);

impl FinalUri {
    /// Returns the URL of the last request, from the response's extensions.
    pub fn of<B>(response: &Response<B>) -> Option<&Uri> {
        response.extensions().get().map(|Self(uri)| uri)
    }
}

impl fmt::Debug for FinalUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FinalUri").field(&Redacted(&self.0)).finish()
    }
}
