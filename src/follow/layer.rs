use std::any;
use std::fmt;
use std::sync::Arc;

use http::{HeaderName, StatusCode};
use tower_layer::Layer;

use super::method::MethodRewrite;
use super::options::RedirectMode;
use super::policy::{FollowAll, LayerPolicy};
use super::service::FollowRedirects;
use super::settings::{Settings, move_extension};
use crate::config_error::ConfigError;
use crate::uri::Scheme;

/// Wraps a client so that it follows redirections. See the [module](crate::follow) for the rules.
#[must_use]
pub struct FollowRedirectsLayer<P = FollowAll> {
    policy: Arc<P>,
    settings: Arc<Settings>,
}

impl FollowRedirectsLayer {
    /// Creates a layer that follows up to 10 redirections.
    pub fn new() -> Self {
        Self { policy: Arc::new(FollowAll), settings: Arc::default() }
    }
}

impl<P> FollowRedirectsLayer<P> {
    /// Asks `policy` about each redirection. The safety checks come after it and cannot be switched
    /// off by it.
    pub fn policy<Q: LayerPolicy>(self, policy: Q) -> FollowRedirectsLayer<Q> {
        FollowRedirectsLayer { policy: Arc::new(policy), settings: self.settings }
    }

    /// Sets what happens to redirections, unless a request's
    /// [`FollowOptions`](super::FollowOptions) set another mode.
    pub fn mode(self, mode: RedirectMode) -> Self {
        self.set(|settings| settings.mode = mode)
    }

    /// Sets how many redirections are followed: 10 by default. One more is an error, so that 0 makes
    /// an error of the first.
    pub fn limit(self, redirections: usize) -> Self {
        self.set(|settings| settings.limit = redirections)
    }

    /// Sets which redirections become a GET without content.
    pub fn method_rewrite(self, rewrite: MethodRewrite) -> Self {
        self.set(|settings| settings.method_rewrite = rewrite)
    }

    /// Follows redirections from https to http, which are errors by default. Credentials are dropped
    /// all the same, but everyone on the way can read what else is sent.
    pub fn allow_https_to_http(self) -> Self {
        self.set(|settings| settings.allow_https_to_http = true)
    }

    /// Sets the scheme of requests whose URI is in origin-form (`/path`). Together with `Host` it
    /// gives their origin; without it only references that stay on the origin are followed.
    pub fn origin_form_scheme(self, scheme: Scheme) -> Self {
        self.set(|settings| settings.origin_form_scheme = Some(scheme))
    }

    /// Sets how many bytes of a redirection's own body are read so that its connection can be
    /// reused: 64 KiB by default. A longer body is dropped, and with HTTP/1 the connection with it.
    pub fn response_drain_limit(self, bytes: u64) -> Self {
        self.set(|settings| settings.response_drain_limit = bytes)
    }

    /// Keeps method and content on these statuses, whatever [`MethodRewrite`] says. For servers that
    /// expect it, as WebDAV servers do on 301 and 302.
    pub fn keep_method_on(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.set(|settings| settings.keep_method_on.extend(statuses))
    }

    /// Adds headers to those that are dropped where a redirection leads to another origin, as
    /// `Authorization` and `Cookie` always are.
    pub fn sensitive_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.set(|settings| settings.sensitive.names.extend(names))
    }

    /// Adds all headers whose name begins with `prefix`, such as `x-amz-`, to those that are dropped
    /// where a redirection leads to another origin.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::HeaderName`](crate::ConfigErrorKind::HeaderName) for text that no header name begins with.
    pub fn sensitive_prefix(self, prefix: &str) -> Result<Self, ConfigError> {
        if HeaderName::try_from(prefix).is_err() {
            return Err(ConfigError::header_name(prefix, "no field name begins so"));
        }
        let prefix = prefix.to_ascii_lowercase().into();
        Ok(self.set(|settings| settings.sensitive.prefixes.push(prefix)))
    }

    /// Keeps credentials and extensions on redirections between any two of these origins, such as
    /// `https://api.example.com` and `https://www.example.com`. From https to http they are dropped
    /// all the same.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) for text that is not an http or https origin.
    pub fn trust_origins<I>(mut self, origins: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Arc::make_mut(&mut self.settings).trusted_origins.add(origins)?;
        Ok(self)
    }

    /// Keeps credentials and extensions where http becomes https on the same host, each on its
    /// default port. The request before went over http: anyone on the way may have read it, and
    /// may have sent this redirection.
    pub fn keep_credentials_on_https_upgrade(self) -> Self {
        self.set(|settings| settings.keep_credentials_on_https_upgrade = true)
    }

    /// Keeps extensions of type `T` on redirections to another origin, where all others are dropped.
    pub fn keep_extension<T: Clone + Send + Sync + 'static>(self) -> Self {
        self.set(|settings| settings.kept_extensions.push(move_extension::<T>))
    }

    /// Makes an error of a redirection that would send a request of the chain again: same method,
    /// URL, headers and content.
    ///
    /// By default only the limit ends a loop, since some servers redirect a request to itself and
    /// expect a cookie that they have set meanwhile.
    pub fn error_on_loop(self) -> Self {
        self.set(|settings| settings.error_on_loop = true)
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

impl<S, P> Layer<S> for FollowRedirectsLayer<P> {
    type Service = FollowRedirects<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        FollowRedirects::new(inner, self.policy.clone(), self.settings.clone())
    }
}

/// A clone shares policy and settings.
impl<P> Clone for FollowRedirectsLayer<P> {
    fn clone(&self) -> Self {
        Self { policy: self.policy.clone(), settings: self.settings.clone() }
    }
}

impl<P> fmt::Debug for FollowRedirectsLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowRedirectsLayer")
            .field("policy", &any::type_name::<P>())
            .field("settings", &self.settings)
            .finish()
    }
}
