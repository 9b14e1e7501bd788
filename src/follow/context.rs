use std::fmt;

use http::{Extensions, Uri};

use super::redacted::Redacted;

/// Describes the chain of redirections that led to a request. It is in the extensions of each request
/// but the first, so that a layer *inside* can withhold credentials where the chain has left its
/// origin.
///
/// ```
/// use http::{HeaderValue, Request, header};
/// use tower_redirect::follow::RedirectContext;
///
/// /// Authenticates the request, unless redirections led it to an origin that is not trusted.
/// fn sign<B>(mut request: Request<B>) -> Request<B> {
///     if !RedirectContext::of(request.extensions()).is_some_and(RedirectContext::has_crossed) {
///         request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer .."));
///     }
///     request
/// }
///
/// assert!(sign(Request::new(())).headers().contains_key(header::AUTHORIZATION));
/// ```
#[derive(Clone)]
pub struct RedirectContext {
    pub(super) hop: usize,
    pub(super) first_uri: Uri,
    pub(super) crossed: bool,
}

impl RedirectContext {
    /// Returns the context of a request, from its extensions; `None` for the first of a chain.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Returns how many redirections led to this request: 1 for the second request.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// Returns the URL of the first request.
    pub fn first_uri(&self) -> &Uri {
        &self.first_uri
    }

    /// Whether the chain has been on an origin that is not trusted with the first one's credentials.
    /// It stays so where the chain comes back.
    pub fn has_crossed(&self) -> bool {
        self.crossed
    }
}

impl fmt::Debug for RedirectContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectContext")
            .field("hop", &self.hop)
            .field("first_uri", &Redacted(&self.first_uri))
            .field("crossed", &self.crossed)
            .finish()
    }
}
