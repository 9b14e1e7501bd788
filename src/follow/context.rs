use std::fmt;

use http::{Extensions, Uri};

use super::history::Shown;

/// Where in a chain a request stands: in the extensions of each request that follows a redirection,
/// so that a layer *inside* can stay silent where the chain has left its origin.
///
/// ```
/// use http::{HeaderValue, Request, header};
/// use tower_redirect::follow::RedirectContext;
///
/// /// Authenticates, but for what a redirection led elsewhere.
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
    /// The context of a request; `None` for the first of a chain.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// How many redirections led here: 1 for the second request.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// The URL that was asked first.
    pub fn first_uri(&self) -> &Uri {
        &self.first_uri
    }

    /// Whether the chain has been on an origin that is not trusted with the first one's credentials,
    /// even where it has come back.
    pub fn has_crossed(&self) -> bool {
        self.crossed
    }
}

impl fmt::Debug for RedirectContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectContext")
            .field("hop", &self.hop)
            .field("first_uri", &Shown(&self.first_uri))
            .field("crossed", &self.crossed)
            .finish()
    }
}
