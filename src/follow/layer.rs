use std::sync::Arc;

use tower_layer::Layer;

use super::method::MethodRewrite;
use super::service::{FollowRedirects, Settings};
use crate::trust::Scheme;

/// Wraps a client so that it follows redirections: see the [module](crate::follow) for the rules.
#[derive(Clone, Debug)]
#[must_use]
pub struct FollowRedirectsLayer {
    settings: Arc<Settings>,
}

impl FollowRedirectsLayer {
    /// Follows up to 10 redirections.
    pub fn new() -> Self {
        Self { settings: Arc::default() }
    }

    /// How many redirections are followed; one more is an error. 0 makes an error of the first.
    pub fn limit(self, redirections: usize) -> Self {
        self.set(|settings| settings.rules.limit = redirections)
    }

    /// Which redirections become a GET without content.
    pub fn method_rewrite(self, rewrite: MethodRewrite) -> Self {
        self.set(|settings| settings.rules.rewrite = rewrite)
    }

    /// Follows from https to http. Credentials stay behind all the same; whatever else is sent,
    /// anyone on the way can read.
    pub fn allow_https_to_http(self) -> Self {
        self.set(|settings| settings.rules.downgrade_allowed = true)
    }

    /// The scheme of requests whose URI is in origin-form (`/path`), which with their `Host` gives
    /// the origin. Without it such a request follows only references that stay on its origin.
    pub fn origin_form_scheme(self, scheme: Scheme) -> Self {
        self.set(|settings| settings.rules.origin_form_scheme = Some(scheme))
    }

    /// How many bytes of a redirection's own body are read, so that its connection can be used
    /// again: 64 KiB unless set. A longer one is dropped, and with HTTP/1 the connection with it.
    pub fn drain_limit(self, bytes: u64) -> Self {
        self.set(|settings| settings.drain_limit = bytes)
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Default for FollowRedirectsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for FollowRedirectsLayer {
    type Service = FollowRedirects<S>;

    fn layer(&self, inner: S) -> Self::Service {
        FollowRedirects::new(inner, self.settings.clone())
    }
}
