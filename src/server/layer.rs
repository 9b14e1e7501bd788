use std::any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::after_not_found::AfterNotFound;
use super::drain_on::{DrainInline, DrainOn};
use super::service::Redirect;
use super::settings::{Settings, check_mount};
use crate::axum::UriSource;
use crate::config_error::ConfigError;
use crate::policy::RedirectPolicy;
use crate::timer::Timer;
use crate::trust::{Transport, Trust};

/// Asks a [`RedirectPolicy`] about each request, and answers with redirections. See the
/// [module](crate::server) for the rules.
///
/// Create it with [`new`](Self::new), or with [`site`](RedirectLayer::site) for a site on https under one
/// name.
///
/// Pitfalls: with axum, add it with `.layer(..)` to the outermost router, after all routes. Behind a proxy
/// that terminates TLS, [`HttpsOnly`](crate::HttpsOnly) redirects forever until the proxy is in
/// [`trust`](Self::trust). Without [`drain_timer`](Self::drain_timer) a client can hold its request open
/// by not sending the body that it announced. Without [`hosts`](Self::hosts) any `Host` is accepted.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use http_body_util::Empty;
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::{RedirectLayer, Versioning};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
/// });
/// let layer = RedirectLayer::new(Versioning::new("/api", "v2")?.retire("v1")?)
///     .hosts(["shop.test"])?
///     .drain_timer(tokio::time::sleep);
/// let service = layer.layer(inner);
///
/// for (path, host, status, location) in [
///     ("/api/v1/orders", "shop.test", 307, Some("/api/v2/orders")),
///     ("/api/v2/orders", "shop.test", 200, None),
///     ("/api/v1/orders", "attacker.test", 421, None),
/// ] {
///     let request = Request::post(path).header("host", host).body(Empty::new())?;
///     let response = service.clone().oneshot(request).await?;
///     assert_eq!(response.status(), StatusCode::from_u16(status)?);
///     let seen = response.headers().get("location").map(|to| to.to_str()).transpose()?;
///     assert_eq!(seen, location);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct RedirectLayer<P, D = DrainInline> {
    pub(super) policy: Arc<P>,
    pub(super) settings: Arc<Settings>,
    pub(super) drain: D,
}

impl<P: RedirectPolicy> RedirectLayer<P> {
    /// Creates a layer that asks `policy`, trusts no peer, and accepts any host.
    pub fn new(policy: P) -> Self {
        Self { policy: Arc::new(policy), settings: Arc::default(), drain: DrainInline }
    }
}

impl<P, D> RedirectLayer<P, D> {
    /// Sets which peers are trusted, and which of their headers give the scheme, host and client of a
    /// request. A second call replaces the first.
    pub fn trust(self, trust: Trust) -> Self {
        self.set(|settings| settings.set_trust(trust))
    }

    /// Fixes the transport of every request: for a listener that accepts only TLS, or one behind a
    /// proxy that terminates TLS for all traffic. It takes precedence over [`trust`](Self::trust),
    /// whichever is called first.
    pub fn transport(self, transport: Transport) -> Self {
        self.set(|settings| settings.set_transport(transport))
    }

    /// Puts a prefix in front of every path that leads back to this server: for an application behind
    /// a proxy that removes `/shop` from the paths of requests. Policies and the application still see
    /// paths without the prefix, and exempt paths are compared with these.
    ///
    /// Configure targets without the prefix, too. `X-Forwarded-Prefix` is not read: it may be the client's.
    ///
    /// ```
    /// use http::{Request, Response, header};
    /// use http_body_util::Empty;
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_redirect::{RedirectLayer, Versioning};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
    /// });
    /// let versions = Versioning::new("/api", "v2")?.retire("v1")?;
    /// let service = RedirectLayer::new(versions).mounted_at("/shop")?.layer(inner);
    /// let get = |path| Request::get(path).header("host", "a.test").body(Empty::new());
    ///
    /// // The client asked for `/shop/api/v1/orders`.
    /// let response = service.clone().oneshot(get("/api/v1/orders")?).await?;
    /// assert_eq!(response.headers()[header::LOCATION], "/shop/api/v2/orders");
    /// assert!(service.oneshot(get("/api/v2/orders")?).await?.status().is_success());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) if the prefix does not start with
    /// `/`, has no segment, or has an empty or dot segment, `%2e`, `%2f`, `%5c` or a byte not allowed in
    /// paths.
    pub fn mounted_at(self, prefix: &str) -> Result<Self, ConfigError> {
        let mount = check_mount(prefix)?;
        Ok(self.set(|settings| settings.hosts.set_mount(mount)))
    }

    /// Adds a policy, which is asked if the policies before it pass.
    pub fn and<Q: RedirectPolicy>(self, policy: Q) -> RedirectLayer<(Arc<P>, Q), D> {
        let Self { policy: first, settings, drain } = self;
        RedirectLayer { policy: Arc::new((first, policy)), settings, drain }
    }

    /// Ignores axum's `OriginalUri` (feature `axum`). Policies then see the request's own path: without
    /// the prefix that a nested router removed, and as rewritten by middleware outside this layer.
    pub fn ignore_original_uri(self) -> Self {
        self.set(|settings| settings.uri_source = UriSource::REQUEST)
    }

    /// Sets the hosts that this server answers for. A request for another host is answered with 421 (RFC
    /// 9110 §15.5.20), and one without a host with 400, before any policy is asked, and even on exempt
    /// paths. Only an HTTP/1.0 request without a host gets the [`default_host`](Self::default_host).
    /// Without a list every host is accepted. A second list replaces the first.
    ///
    /// An entry is
    ///
    /// - a name, or `*.example.com` for one or more labels in front, at any port;
    /// - either of these with a port, `example.com:8443`, which matches only at that port;
    /// - an address, with or without a port, or a range (`10.0.0.7`, `10.0.0.0/8`), compared with an
    ///   address in `Host`, and never with the peer: for health checks that use an address as the host.
    ///
    /// A 301 or 308 that repeats the client's port in its `Location` becomes a 302 or 307, unless an entry
    /// names the requested host with that port. Without a list the same happens if the `Location` repeats
    /// the client's host, unless that is the [`default_host`](Self::default_host), or the redirection is
    /// that of a rule for one exact host.
    ///
    /// ```
    /// use http::{Request, Response, StatusCode};
    /// use http_body_util::Empty;
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_redirect::{RedirectLayer, policy_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
    /// });
    /// let layer = RedirectLayer::new(policy_fn(|_| None)).hosts(["shop.test", "10.0.0.0/8"])?;
    /// for (host, status) in [
    ///     ("shop.test", StatusCode::OK),
    ///     ("10.1.2.3:8080", StatusCode::OK),
    ///     ("attacker.test", StatusCode::MISDIRECTED_REQUEST),
    /// ] {
    ///     let request = Request::get("/").header("host", host).body(Empty::new())?;
    ///     assert_eq!(layer.layer(inner).oneshot(request).await?.status(), status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if an entry is none of these, or if there is no entry.
    pub fn hosts<I>(mut self, hosts: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Arc::make_mut(&mut self.settings).hosts.set_list(hosts)?;
        Ok(self)
    }

    /// Sets the host of HTTP/1.0 requests without `Host`. It is accepted like one of [`hosts`](Self::hosts).
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `host` is invalid or has a port.
    pub fn default_host(mut self, host: &str) -> Result<Self, ConfigError> {
        Arc::make_mut(&mut self.settings).hosts.set_default(host)?;
        Ok(self)
    }

    /// Sends a policy's redirection from http to https by itself, not merged with others: it keeps the host,
    /// the path and the query, as the HSTS preload list requires. Other redirections within this server follow
    /// once the client uses https.
    ///
    /// The layer does not redirect to https by itself: a policy such as [`HttpsOnly`](crate::HttpsOnly) has
    /// to. Put that policy first, because a redirection to another server is sent as it is.
    pub fn separate_https_redirect(self) -> Self {
        self.set(|settings| settings.separate_https_redirect = true)
    }

    /// Gives redirections of GET a body: a line of HTML with a link to the target, for people whose
    /// client does not follow redirections.
    pub fn html_body(self) -> Self {
        self.set(|settings| settings.html_body = true)
    }

    /// Asks `policy` about GET and HEAD requests that the inner service answers with 404, so that the
    /// policy's redirections never shadow live pages. If the policy passes, the 404 stays; otherwise it is
    /// dropped. A second call replaces the first.
    ///
    /// The head of every GET and HEAD request is copied before the inner service is called.
    ///
    /// ```
    /// use http::{Request, Response, StatusCode};
    /// use http_body_util::Empty;
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_redirect::RedirectLayer;
    /// use tower_redirect::policy::{Rule, Rules, policy_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
    ///     let mut response = Response::new(Empty::<bytes::Bytes>::new());
    ///     *response.status_mut() = StatusCode::NOT_FOUND;
    ///     Ok::<_, std::convert::Infallible>(response)
    /// });
    /// let moved = Rules::new([Rule::new("/old/*")?.to("/new/*")?])?;
    /// let service = RedirectLayer::new(policy_fn(|_| None)).after_not_found(moved).layer(app);
    ///
    /// let old = Request::get("/old/page").body(Empty::new())?;
    /// assert_eq!(service.clone().oneshot(old).await?.headers()["location"], "/new/page");
    /// let unknown = Request::get("/unknown").body(Empty::new())?;
    /// assert_eq!(service.oneshot(unknown).await?.status(), StatusCode::NOT_FOUND);
    /// # Ok(())
    /// # }
    /// ```
    pub fn after_not_found(self, policy: impl RedirectPolicy + 'static) -> Self {
        self.set(|settings| settings.after_not_found = Some(AfterNotFound::new(policy)))
    }

    /// Sets how many bytes of an upload are read before it is answered, and for how long: 64 MiB and
    /// 30 s by default.
    ///
    /// An upload that announces more bytes is not read at all. Beyond either limit the rest stays unread:
    /// over HTTP/1 the answer has `Connection: close`, over HTTP/2 the stream is reset after the answer. A
    /// client that reads only after it has written everything can then miss the answer.
    ///
    /// An HTTP/2 upload of unknown length is read for 1 s at most before the answer, even if `time` is longer.
    /// Some uploads are not read at all: see rule 5 of the [module](crate::server).
    ///
    /// The time is a deadline only with a [`drain_timer`](Self::drain_timer). Without one it is
    /// checked whenever more of the upload arrives.
    pub fn upload_drain_limit(self, bytes: u64, time: Duration) -> Self {
        self.set(|settings| {
            settings.drain.bytes = bytes;
            settings.drain.time = time;
        })
    }

    /// Makes the time of [`upload_drain_limit`](Self::upload_drain_limit) a deadline, for uploads that
    /// are read before the answer and for those of [`drain_on`](Self::drain_on):
    /// `.drain_timer(tokio::time::sleep)`.
    ///
    /// `sleep` is called only for uploads that do not arrive at once. Without a timer, a client that
    /// announces a body and then sends nothing keeps its request, or the task of `drain_on`, and its
    /// connection for as long as it likes; and no HTTP/2 upload of unknown length is read before the answer.
    pub fn drain_timer<F, T>(self, sleep: F) -> Self
    where
        F: Fn(Duration) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        self.set(|settings| settings.drain.timer = Some(Timer::new(sleep)))
    }

    /// Answers at once, and hands uploads to an executor, which reads them up to the limits of
    /// [`upload_drain_limit`](Self::upload_drain_limit): `.drain_on(tokio::spawn)`.
    pub fn drain_on<F>(self, spawn: F) -> RedirectLayer<P, DrainOn<F>> {
        let Self { policy, settings, .. } = self;
        RedirectLayer { policy, settings, drain: DrainOn::new(spawn) }
    }

    /// Returns the policy.
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// Replaces the policy, and keeps the trust, the hosts and the options of this layer.
    ///
    /// ```
    /// use tower_redirect::{HttpsOnly, RedirectLayer, RedirectPolicy, Versioning};
    ///
    /// let layer = RedirectLayer::new(HttpsOnly::new()).hosts(["shop.test"])?;
    /// let versions = layer.with_policy(Versioning::new("/api", "v2")?);
    /// assert_eq!(versions.policy().name(), "versions");
    /// # Ok::<(), tower_redirect::ConfigError>(())
    /// ```
    pub fn with_policy<Q: RedirectPolicy>(self, policy: Q) -> RedirectLayer<Q, D> {
        let Self { settings, drain, .. } = self;
        RedirectLayer { policy: Arc::new(policy), settings, drain }
    }

    pub(super) fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S, P: RedirectPolicy, D: Clone> Layer<S> for RedirectLayer<P, D> {
    type Service = Redirect<S, P, D>;

    fn layer(&self, inner: S) -> Self::Service {
        self.settings.start_counting(&*self.policy);
        Redirect::new(inner, self.clone())
    }
}

/// A clone shares the policy and the settings.
impl<P, D: Clone> Clone for RedirectLayer<P, D> {
    fn clone(&self) -> Self {
        let Self { policy, settings, drain } = self;
        Self { policy: policy.clone(), settings: settings.clone(), drain: drain.clone() }
    }
}

impl<P, D> fmt::Debug for RedirectLayer<P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectLayer")
            .field("policy", &any::type_name::<P>())
            .field("settings", &self.settings)
            .finish()
    }
}
