use std::any;
use std::fmt;
use std::sync::Arc;

use http::{HeaderName, StatusCode};
use tower_layer::Layer;

use super::method::MethodRewrite;
use super::options::RedirectMode;
use super::policy::{Decides, FollowAll};
use super::rules::{Rules, carry};
use super::service::FollowRedirects;
use crate::config_error::ConfigError;
use crate::uri::Scheme;

/// Wraps a client so that it follows redirections: see the [module](crate::follow) for the rules.
#[must_use]
pub struct FollowRedirectsLayer<P = FollowAll> {
    rules: Rules,
    policy: Arc<P>,
}

impl FollowRedirectsLayer {
    /// Follows up to 10 redirections.
    pub fn new() -> Self {
        Self { rules: Rules::default(), policy: Arc::new(FollowAll) }
    }
}

impl<P> FollowRedirectsLayer<P> {
    /// Asks `policy` about each redirection, before the safety checks: those stay.
    pub fn policy<Q: Decides>(self, policy: Q) -> FollowRedirectsLayer<Q> {
        FollowRedirectsLayer { rules: self.rules, policy: Arc::new(policy) }
    }

    /// What becomes of redirections, unless a request's [`FollowOptions`](super::FollowOptions) say
    /// otherwise.
    pub fn mode(self, mode: RedirectMode) -> Self {
        self.set(|rules| rules.mode = mode)
    }

    /// How many redirections are followed; one more is an error. 0 makes an error of the first.
    pub fn limit(self, redirections: usize) -> Self {
        self.set(|rules| rules.limit = redirections)
    }

    /// Which redirections become a GET without content.
    pub fn method_rewrite(self, rewrite: MethodRewrite) -> Self {
        self.set(|rules| rules.rewrite = rewrite)
    }

    /// Follows from https to http. Credentials stay behind all the same; whatever else is sent,
    /// anyone on the way can read.
    pub fn allow_https_to_http(self) -> Self {
        self.set(|rules| rules.downgrade_allowed = true)
    }

    /// The scheme of requests whose URI is in origin-form (`/path`), which with their `Host` gives
    /// the origin. Without it such a request follows only references that stay on its origin.
    pub fn origin_form_scheme(self, scheme: Scheme) -> Self {
        self.set(|rules| rules.origin_form_scheme = Some(scheme))
    }

    /// How many bytes of a redirection's own body are read, so that its connection can be used
    /// again: 64 KiB unless set. A longer one is dropped, and with HTTP/1 the connection with it.
    pub fn response_drain_limit(self, bytes: u64) -> Self {
        self.set(|rules| rules.response_drain_limit = bytes)
    }

    /// Keeps method and content on these statuses, whatever [`MethodRewrite`] says: for servers that
    /// mean it so, as WebDAV servers do with 301 and 302.
    pub fn keep_method_on(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.set(|rules| rules.method_kept.extend(statuses))
    }

    /// Fields that are credentials beside `Authorization`, `Cookie` and the others that always are:
    /// they stay behind where a redirection leads to another origin.
    pub fn sensitive_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.set(|rules| rules.sensitive.names.extend(names))
    }

    /// The same for all fields whose name begins so: `x-amz-`.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::HeaderName`](crate::ConfigErrorKind::HeaderName) for what no field name
    /// begins with.
    pub fn sensitive_prefix(self, prefix: &str) -> Result<Self, ConfigError> {
        if HeaderName::try_from(prefix).is_err() {
            return Err(ConfigError::header_name(prefix, "no field name begins so"));
        }
        Ok(self.set(|rules| rules.sensitive.prefixes.push(prefix.to_ascii_lowercase().into())))
    }

    /// Origins between which credentials and extensions may travel (`https://api.example.com`,
    /// `https://www.example.com`): no crossing between any two of them, but from https to http.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) for what is no http or https origin.
    pub fn trust_origins<I>(mut self, origins: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules.trusted.add(origins)?;
        Ok(self)
    }

    /// Keeps credentials where http becomes https on the same host, each on its default port. What
    /// was sent in clear before may have been read and changed by anyone on the way.
    pub fn keep_credentials_on_https_upgrade(self) -> Self {
        self.set(|rules| rules.upgrade_trusted = true)
    }

    /// Lets extensions of this type go on to another origin, where all others stay behind.
    pub fn keep_extension<T: Clone + Send + Sync + 'static>(self) -> Self {
        self.set(|rules| rules.carried.push(carry::<T>))
    }

    /// Makes an error of a redirection that would send a request of this chain again: same method,
    /// URL, fields and content. Servers that count on cookies set meanwhile break by it, so that
    /// without this only the limit ends a loop.
    pub fn error_on_loop(self) -> Self {
        self.set(|rules| rules.error_on_loop = true)
    }

    fn set(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
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
        FollowRedirects::new(inner, self.rules.clone(), self.policy.clone())
    }
}

/// A clone shares the policy.
impl<P> Clone for FollowRedirectsLayer<P> {
    fn clone(&self) -> Self {
        Self { rules: self.rules.clone(), policy: self.policy.clone() }
    }
}

impl<P> fmt::Debug for FollowRedirectsLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowRedirectsLayer")
            .field("policy", &any::type_name::<P>())
            .field("rules", &self.rules)
            .finish()
    }
}
