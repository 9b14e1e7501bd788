use std::fmt;
use std::sync::Arc;

use http::HeaderName;

use super::method::MethodRewrite;
use super::origins::Origins;
use super::sensitive_names::SensitiveNames;
use crate::config_error::ConfigError;

/// Options that override the layer's settings for one request. Insert them into the request's extensions.
/// They are removed before the request is sent.
///
/// ```
/// use http::Request;
/// use tower_redirect::follow::{FollowOptions, RedirectMode};
///
/// let mut request = Request::get("http://a.test/").body(())?;
/// request.extensions_mut().insert(FollowOptions::new().limit(3));
/// assert!(FollowOptions::new().trust_origins(["https://a.test/with/a/path"]).is_err());
/// assert_eq!(FollowOptions::new().mode(RedirectMode::Manual), FollowOptions::do_not_follow());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct FollowOptions {
    pub(super) mode: Option<RedirectMode>,
    pub(super) limit: Option<usize>,
    pub(super) method_rewrite: Option<MethodRewrite>,
    pub(super) allow_https_to_http: bool,
    pub(super) sensitive: Option<Arc<SensitiveNames>>,
    pub(super) trusted_origins: Origins,
    pub(super) fragment: Option<Arc<str>>,
}

/// Sets what happens to redirections (Fetch, "redirect mode").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectMode {
    /// Follow them.
    #[default]
    Follow,
    /// Return the redirection to the caller, unchanged. The request is not saved to be sent again.
    Manual,
    /// End the call with an error, even if the redirection has no `Location`.
    Error,
}

/// Sets what happens to a redirection beyond the limit: see
/// [`FollowRedirectsLayer::on_limit`](crate::FollowRedirectsLayer::on_limit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnLimit {
    /// End the call with an error:
    /// [`RedirectError::is_too_many_redirects`](crate::RedirectError::is_too_many_redirects).
    #[default]
    Error,
    /// Return the redirection to the caller, unchanged.
    Return,
}

impl FollowOptions {
    /// Creates options that override nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates options that return redirections to the caller: [`RedirectMode::Manual`].
    pub fn do_not_follow() -> Self {
        Self::new().mode(RedirectMode::Manual)
    }

    /// Sets what happens to redirections, in place of the layer's mode.
    pub fn mode(mut self, mode: RedirectMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets how many redirections are followed, in place of the layer's limit.
    pub fn limit(mut self, redirections: usize) -> Self {
        self.limit = Some(redirections);
        self
    }

    /// Sets which redirections become a GET without content, in place of the layer's rule.
    pub fn method_rewrite(mut self, rewrite: MethodRewrite) -> Self {
        self.method_rewrite = Some(rewrite);
        self
    }

    /// Follows redirections from https to http, as
    /// [`FollowRedirectsLayer::allow_https_to_http`](crate::FollowRedirectsLayer::allow_https_to_http)
    /// does for all requests.
    pub fn allow_https_to_http(mut self) -> Self {
        self.allow_https_to_http = true;
        self
    }

    /// Also drops these headers on a redirection to another origin, in addition to those that the layer
    /// drops.
    pub fn sensitive_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        Arc::make_mut(self.sensitive.get_or_insert_default()).extend(names);
        self
    }

    /// Keeps credentials and extensions on redirections between any two of these origins, as
    /// [`FollowRedirectsLayer::trust_origins`](crate::FollowRedirectsLayer::trust_origins) does for
    /// all requests.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Url`](crate::ConfigErrorKind::Url) if an entry is not an http or
    /// https origin.
    pub fn trust_origins<I>(mut self, origins: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.trusted_origins.add(origins)?;
        Ok(self)
    }

    /// Sets the fragment of the first URL, which `http::Uri` cannot hold. It is given without the `#`.
    ///
    /// A `Location` without a fragment inherits it (RFC 9110 §10.2.2).
    /// [`RedirectHistory::fragment`](super::RedirectHistory::fragment) returns the fragment of the final
    /// URL.
    pub fn fragment(mut self, fragment: impl Into<Arc<str>>) -> Self {
        self.fragment = Some(fragment.into());
        self
    }
}

/// Leaves the fragment out, because it may be a token.
impl fmt::Debug for FollowOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowOptions")
            .field("mode", &self.mode)
            .field("limit", &self.limit)
            .field("method_rewrite", &self.method_rewrite)
            .field("allow_https_to_http", &self.allow_https_to_http)
            .field("sensitive", &self.sensitive)
            .field("trusted_origins", &self.trusted_origins)
            .field("fragment", &self.fragment.is_some())
            .finish()
    }
}
