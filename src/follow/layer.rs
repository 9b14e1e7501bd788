use std::any;
use std::fmt;
use std::sync::Arc;

use http::{HeaderName, StatusCode, Uri};
use tower_layer::Layer;

use super::events::start_counting;
use super::guard::TargetGuard;
use super::hsts::HstsStore;
use super::method::MethodRewrite;
use super::options::{OnLimit, RedirectMode};
use super::origins::TrustFn;
use super::policy::{FollowAll, LayerPolicy};
use super::remembered::Remembered;
use super::service::FollowRedirects;
use super::settings::{Settings, move_extension};
use crate::config_error::ConfigError;
use crate::uri::Scheme;

/// Wraps a client so that it follows redirections. See the [module](crate::follow) for the rules.
///
/// Pitfalls: a body that is a stream can be sent again only with
/// [`ReplayBodyLayer`](crate::ReplayBodyLayer) *outside* of this layer. A URI that is only a path (`/x`)
/// has no origin: send absolute URLs, or set [`origin_form_scheme`](Self::origin_form_scheme). By default,
/// credentials are dropped on a redirection to another origin, even between http and https on one host: see
/// [`trust_origins`](Self::trust_origins). A layer *inside* of this one that adds a secret sends it to
/// every origin: put that layer outside, or add the secret with [`on_request_to`](Self::on_request_to).
/// Turn redirections off in the inner client, which would otherwise follow them first.
///
/// ```
/// use http::{Request, Response, StatusCode, header};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::{FollowRedirectsLayer, RedirectHistory};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = service_fn(async |request: Request<String>| {
///     let moved = |status: StatusCode| Response::builder().status(status).header(header::LOCATION, "/new");
///     match request.uri().path() {
///         "/kept" => moved(StatusCode::TEMPORARY_REDIRECT).body(String::new()),
///         "/rewritten" => moved(StatusCode::SEE_OTHER).body(String::new()),
///         _ => Ok(Response::new(format!("{} {}", request.method(), request.body()))),
///     }
/// });
/// let client = FollowRedirectsLayer::new().limit(3).layer(server);
///
/// let request = Request::post("http://a.test/kept").body("tea".to_owned())?;
/// let response = client.clone().oneshot(request).await?;
/// assert_eq!(response.body(), "POST tea");
/// let history = RedirectHistory::of(&response).ok_or("not redirected")?;
/// assert_eq!(history.to_string(), "POST http://a.test/kept\n  307 -> POST http://a.test/new");
///
/// let request = Request::post("http://a.test/rewritten").body("tea".to_owned())?;
/// assert_eq!(client.oneshot(request).await?.body(), "GET ");
/// # Ok(())
/// # }
/// ```
#[doc(alias("FollowRedirectLayer", "redirect policy"))]
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
    /// Asks `policy` about each redirection. The safety checks apply after the policy, which cannot turn
    /// them off.
    pub fn policy<Q: LayerPolicy>(self, policy: Q) -> FollowRedirectsLayer<Q> {
        FollowRedirectsLayer { policy: Arc::new(policy), settings: self.settings }
    }

    /// Sets what happens to redirections, unless a request's
    /// [`FollowOptions`](super::FollowOptions) set another mode.
    pub fn mode(self, mode: RedirectMode) -> Self {
        self.set(|settings| settings.mode = mode)
    }

    /// Sets how many redirections are followed: 10 by default. A redirection beyond the limit, which is
    /// the first one if the limit is 0, is an error or is [returned](Self::on_limit).
    pub fn limit(self, redirections: usize) -> Self {
        self.set(|settings| settings.limit = redirections)
    }

    /// Sets what happens to a redirection beyond the limit: by default, it is an error. This also applies
    /// to the limit in a request's [`FollowOptions`](super::FollowOptions).
    pub fn on_limit(self, on_limit: OnLimit) -> Self {
        self.set(|settings| settings.on_limit = on_limit)
    }

    /// Sets which redirections become a GET without content.
    pub fn method_rewrite(self, rewrite: MethodRewrite) -> Self {
        self.set(|settings| settings.method_rewrite = rewrite)
    }

    /// Follows redirections from https to http, which are errors by default. Credentials are still
    /// dropped, but everyone on the network path can read the rest of the request.
    pub fn allow_https_to_http(self) -> Self {
        self.set(|settings| settings.allow_https_to_http = true)
    }

    /// Sets the scheme of requests whose URI is in origin-form (`/path`). The scheme and `Host` then
    /// form the origin of such a request. By default, its origin is not known, and only a `Location`
    /// without a host (`/path`) is followed.
    ///
    /// The HSTS store, the guard, the lists of origins and
    /// [`keep_credentials_on_https_upgrade`](Self::keep_credentials_on_https_upgrade) do not use this
    /// scheme: a request in origin-form is not upgraded, a guard refuses it, its origin is on no list, and a
    /// redirection of it to https does not count as an https upgrade.
    ///
    /// Pitfall: after a redirection to another origin, the next request is sent in absolute-form, without
    /// `Host`. A service with a single connection, such as hyper's `SendRequest` or one over a Unix
    /// socket, would send it to the same server: use the policy [`SameOriginOnly`](super::SameOriginOnly).
    pub fn origin_form_scheme(self, scheme: Scheme) -> Self {
        self.set(|settings| settings.origin_form_scheme = Some(scheme))
    }

    /// Sets how many bytes of a redirection's own body are read so that its connection can be
    /// reused: 64 KiB by default. A longer body is dropped, which over HTTP/1 closes the connection.
    pub fn response_drain_limit(self, bytes: u64) -> Self {
        self.set(|settings| settings.response_drain_limit = bytes)
    }

    /// Keeps method and content on redirections with these statuses, regardless of [`MethodRewrite`].
    /// WebDAV servers, for example, expect this on 301 and 302.
    pub fn keep_method_on(self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.set(|settings| settings.keep_method_on.extend(statuses))
    }

    /// Also drops these headers on a redirection to another origin, as `Authorization` and `Cookie` are
    /// by default.
    pub fn sensitive_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.set(|settings| settings.sensitive.extend(names))
    }

    /// Also drops all headers whose name begins with `prefix`, such as `x-amz-`, on a redirection to
    /// another origin.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`HeaderName`](crate::ConfigErrorKind::HeaderName) if `prefix` is empty, or
    /// if no header name can begin with it.
    pub fn sensitive_prefix(self, prefix: &str) -> Result<Self, ConfigError> {
        let reason = "empty, or not the beginning of a header name";
        // `HeaderName` converts it to lower case.
        let prefix =
            HeaderName::try_from(prefix).map_err(|_| ConfigError::header_name(prefix, reason))?;
        Ok(self.set(|settings| settings.sensitive.push_prefix(prefix.as_str().into())))
    }

    /// Replaces the list of headers that are credentials: `Authorization`, `Cookie`, `Cookie2`,
    /// `Proxy-Authorization`, `Proxy-Authenticate`, `WWW-Authenticate`, `Referer` and `Origin`. A header
    /// that is not in `names` is then sent to any origin that a redirection leads to.
    ///
    /// [`sensitive_headers`](Self::sensitive_headers) and [`sensitive_prefix`](Self::sensitive_prefix) add
    /// to the list instead. What they add is still dropped, and so are headers with a value that
    /// [is sensitive](http::HeaderValue::is_sensitive).
    pub fn replace_credential_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.set(|settings| settings.sensitive.replace_credentials(names))
    }

    /// Keeps credentials and extensions on redirections between any two of these origins, such as
    /// `https://api.example.com` and `https://www.example.com`. `https://*.example.com` matches all
    /// subdomains, at any depth, but not `example.com` itself. From https to http, credentials and
    /// extensions are still dropped. A second call adds to the same list: its origins and those of the
    /// first call trust each other.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Url`](crate::ConfigErrorKind::Url) if an entry is not an http or
    /// https origin.
    pub fn trust_origins<I>(mut self, origins: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Arc::make_mut(&mut self.settings).trusted_origins.add(origins)?;
        Ok(self)
    }

    /// Keeps credentials and extensions on redirections for which `trusts` returns `true`. Use it if a
    /// list of origins is not enough. `trusts` gets the URL of the request that was redirected and the
    /// next URL. It is called only if their origins differ and no list contains both. From https to http,
    /// credentials and extensions are always dropped. A second call replaces the predicate.
    ///
    /// Compare whole hosts: `a.test.evil.example` begins with `a.test`, and `evil-a.test` ends with it.
    ///
    /// ```
    /// use tower_redirect::FollowRedirectsLayer;
    ///
    /// // Any port of one host.
    /// let layer = FollowRedirectsLayer::new()
    ///     .trust_origins_when(|old, new| old.scheme() == new.scheme() && old.host() == new.host());
    /// # let _ = layer;
    /// ```
    pub fn trust_origins_when<F>(self, trusts: F) -> Self
    where
        F: Fn(&Uri, &Uri) -> bool + Send + Sync + 'static,
    {
        self.set(|settings| settings.trust_when = Some(TrustFn(Arc::new(trusts))))
    }

    /// Keeps credentials and extensions on redirections from http to https on the same host, each on its
    /// default port. The redirected request went over http: anyone on the network path may have read it,
    /// and may have sent the redirection.
    pub fn keep_credentials_on_https_upgrade(self) -> Self {
        self.set(|settings| settings.keep_credentials_on_https_upgrade = true)
    }

    /// Moves the user name and password in the URL of a call, as in `https://user:password@a.test/`, to
    /// `Authorization: Basic` (RFC 7617), as curl does. If the caller has set `Authorization`,
    /// nothing is moved. Redirections within the origin keep the header, as if the caller had set it.
    ///
    /// By default, user name and password stay in the URL of the first request, and are dropped on the
    /// first redirection. Those in a `Location` are always dropped.
    pub fn userinfo_as_basic(self) -> Self {
        self.set(|settings| settings.userinfo_as_basic = true)
    }

    /// Keeps the extension of type `T` on redirections to another origin, which drop extensions by default.
    pub fn keep_extension<T: Clone + Send + Sync + 'static>(self) -> Self {
        self.set(|settings| settings.kept_extensions.push(move_extension::<T>))
    }

    /// Ends the call with an error if a redirection would repeat a request of the chain: the same method,
    /// URL, headers and content.
    ///
    /// By default, only the limit ends a loop, because some servers redirect a URL to itself to set a
    /// cookie, which they expect on the next request.
    pub fn error_on_loop(self) -> Self {
        self.set(|settings| settings.error_on_loop = true)
    }

    /// Adds the URL of the last request to every response, for
    /// [`FinalUri::of`](super::FinalUri::of). This takes a few allocations per call. A caller that
    /// still has the URL of its request can use
    /// [`RedirectHistory::final_uri_or`](super::RedirectHistory::final_uri_or), which takes none.
    pub fn final_uri(self) -> Self {
        self.set(|settings| settings.final_uri = true)
    }

    /// Upgrades URLs of known hosts to https, and learns hosts from responses (RFC 6797): see
    /// [`hsts`](super::hsts). Clones of the store share its hosts.
    pub fn hsts(self, store: HstsStore) -> Self {
        self.set(|settings| settings.hsts = Some(store))
    }

    /// Remembers permanent redirections from one call to the next: see [`Remembered`]. Clones of the
    /// memory share its redirections.
    pub fn remembered(self, memory: Remembered) -> Self {
        self.set(|settings| settings.remembered = Some(memory))
    }

    /// Refuses targets in networks that this client must not reach: see [`guard`](super::guard). The
    /// guard also checks the URL of each call.
    pub fn guard(self, guard: TargetGuard) -> Self {
        self.set(|settings| settings.guard = Some(Arc::new(guard)))
    }

    pub(super) fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
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
        start_counting();
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
