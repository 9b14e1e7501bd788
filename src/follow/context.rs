use std::fmt;

use http::{Extensions, Uri};

use super::redacted::Redacted;

/// Describes the chain of redirections that led to a request. It is in the extensions of each request that
/// a redirection led to, so that a layer *inside* the follower can withhold credentials once the chain has
/// left the trusted origins.
///
/// ```
/// use http::{HeaderValue, Request, header};
/// use tower_redirect::follow::RedirectContext;
///
/// /// Authenticates the request, unless a redirection has led to an origin that is not trusted.
/// fn sign<B>(mut request: Request<B>) -> Request<B> {
///     if !RedirectContext::of(request.extensions()).is_some_and(RedirectContext::has_left_trusted_origins) {
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
    pub(super) previous_uri: Uri,
    pub(super) left_trusted_origins: bool,
}

impl RedirectContext {
    /// Returns the context of a request, from its extensions; `None` if no redirection led to it.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Returns how many redirections led to this request, including remembered ones.
    ///
    /// If one follower is inside of another and has followed a redirection, only its own redirections count.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// Returns the URL before the first redirection that [`hop`](Self::hop) counts.
    pub fn first_uri(&self) -> &Uri {
        &self.first_uri
    }

    /// Returns the URL before the last redirection, which led to this request.
    ///
    /// The follower adds no `Referer`, because this URL may hold secrets. A
    /// [hook](crate::FollowRedirectsLayer::on_request) or a layer inside can add the header. The hook
    /// below sends only the origin of this URL to another origin, and no `Referer` from https to http
    /// (RFC 9110 §10.1.3).
    ///
    /// ```
    /// use http::{HeaderValue, Uri, header};
    /// use tower_redirect::follow::HopRequest;
    /// use tower_redirect::{FollowRedirectsLayer, RedirectContext};
    ///
    /// fn referer(request: &HopRequest<'_>) -> Option<HeaderValue> {
    ///     let from = request.context().map(RedirectContext::previous_uri)?;
    ///     let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    ///     let left_https = scheme == "https" && request.uri().scheme_str() != Some("https");
    ///     let same_origin = request.uri().scheme() == from.scheme()
    ///         && request.uri().authority() == Some(authority);
    ///     let path = match same_origin {
    ///         true => from.path_and_query().map_or("/", |path| path.as_str()),
    ///         false => "/",
    ///     };
    ///     // Without userinfo, which no server may see.
    ///     let host = authority.as_str().rsplit('@').next().filter(|_| !left_https)?;
    ///     HeaderValue::try_from(format!("{scheme}://{host}{path}")).ok()
    /// }
    ///
    /// let layer = FollowRedirectsLayer::new().on_request(|request| {
    ///     if let Some(referer) = referer(request) {
    ///         request.headers_mut().insert(header::REFERER, referer);
    ///     }
    /// });
    /// # let _ = layer;
    /// ```
    pub fn previous_uri(&self) -> &Uri {
        &self.previous_uri
    }

    /// Whether a redirection has led to an origin that is not trusted with the caller's credentials.
    /// Stays `true` if the chain returns to the first origin, and in the chains of another follower inside.
    pub fn has_left_trusted_origins(&self) -> bool {
        self.left_trusted_origins
    }
}

impl fmt::Debug for RedirectContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectContext")
            .field("hop", &self.hop)
            .field("first_uri", &Redacted(&self.first_uri))
            .field("previous_uri", &Redacted(&self.previous_uri))
            .field("left_trusted_origins", &self.left_trusted_origins)
            .finish()
    }
}
