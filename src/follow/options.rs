use std::fmt;
use std::sync::Arc;

use super::origins::Origins;
use crate::config_error::ConfigError;

/// What is different about one request: put it into the request's extensions. It is taken out before
/// the request is sent.
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
    pub(super) trusted: Origins,
    pub(super) fragment: Option<Arc<str>>,
}

/// What becomes of redirections (Fetch, "redirect mode").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectMode {
    /// They are followed.
    #[default]
    Follow,
    /// They are the caller's, as they come: nothing is kept of the request.
    Manual,
    /// They are errors.
    Error,
}

impl FollowOptions {
    /// As the layer says.
    pub fn new() -> Self {
        Self::default()
    }

    /// Redirections are the caller's, as they come.
    pub fn do_not_follow() -> Self {
        Self::new().mode(RedirectMode::Manual)
    }

    /// What becomes of redirections, in place of the layer's mode.
    pub fn mode(mut self, mode: RedirectMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// How many are followed, in place of the layer's limit.
    pub fn limit(mut self, redirections: usize) -> Self {
        self.limit = Some(redirections);
        self
    }

    /// Origins between which credentials may travel, beside the layer's: see
    /// [`FollowRedirectsLayer::trust_origins`](crate::FollowRedirectsLayer::trust_origins).
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) as there.
    pub fn trust_origins<I>(mut self, origins: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.trusted.add(origins)?;
        Ok(self)
    }

    /// The fragment of the first URL, without the `#`, which a request's URI cannot hold. A
    /// `Location` without one inherits it (RFC 9110 §10.2.2); the
    /// [history](super::RedirectHistory::fragment) has the last.
    pub fn fragment(mut self, fragment: impl Into<Arc<str>>) -> Self {
        self.fragment = Some(fragment.into());
        self
    }
}

/// Without the fragment, which may be a token.
impl fmt::Debug for FollowOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowOptions")
            .field("mode", &self.mode)
            .field("limit", &self.limit)
            .field("trusted", &self.trusted)
            .field("fragment", &self.fragment.is_some())
            .finish()
    }
}
