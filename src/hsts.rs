//! Adds `Strict-Transport-Security` (RFC 6797) to secure responses.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderValue, Request, Response, Uri, header};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::trust::{Transport, Trust};
use crate::uri::Hosts;

/// Adds `Strict-Transport-Security` to secure responses, so that browsers use https alone.
///
/// Rules, in order:
///
/// 1. A response to a request that is not proven secure does not get the header (RFC 6797 §7.2).
/// 2. Nor does one from a host that is an address or `localhost`, or that is refused (§8.1.1).
/// 3. A header that the application set stays as it is.
/// 4. Every other response gets the header once, redirections and errors included (§7.1): put this
///    layer *outside* of [`RedirectLayer`](crate::RedirectLayer).
///
/// A max-age of zero makes browsers forget the host (§6.1.1).
///
/// Pitfall: `includeSubDomains` and `preload` are hard to take back. Start with a max-age of minutes.
///
/// ```
/// use std::time::Duration;
///
/// use http::{Request, Response, header};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::{HstsLayer, Transport};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let year = Duration::from_secs(31_536_000);
/// let hsts = HstsLayer::new(year).include_subdomains().preload()?;
/// let service = hsts.layer(service_fn(async |_: Request<()>| Ok::<_, std::io::Error>(Response::new(()))));
///
/// let plain = Request::get("/").header("host", "shop.test").body(())?;
/// let response = service.clone().oneshot(plain).await?;
/// assert!(!response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
///
/// let mut secure = Request::get("/").header("host", "shop.test").body(())?;
/// secure.extensions_mut().insert(Transport::Secure);
/// let response = service.oneshot(secure).await?;
/// let value = &response.headers()[header::STRICT_TRANSPORT_SECURITY];
/// assert_eq!(value, "max-age=31536000; includeSubDomains; preload");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HstsLayer {
    max_age: u64,
    subdomains: bool,
    preload: bool,
    trust: Trust,
}

/// The least max-age that the preload list accepts: a year, in seconds.
const PRELOAD_MAX_AGE: u64 = 31_536_000;

impl HstsLayer {
    /// Creates a layer with this `max-age`, in whole seconds.
    pub const fn new(max_age: Duration) -> Self {
        let max_age = max_age.as_secs();
        Self { max_age, subdomains: false, preload: false, trust: Trust::nobody() }
    }

    /// Includes all subdomains: `includeSubDomains` (§6.1.2).
    pub const fn include_subdomains(mut self) -> Self {
        self.subdomains = true;
        self
    }

    /// Adds `preload`, which asks to be put into the lists that browsers ship with.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Hsts`](crate::ConfigErrorKind::Hsts) unless max-age is a year or more,
    /// and subdomains are included: the lists ask for both.
    pub fn preload(mut self) -> Result<Self, ConfigError> {
        self.preload = true;
        if self.max_age < PRELOAD_MAX_AGE {
            return Err(ConfigError::hsts(&self.text(), "preload asks for a max-age of a year"));
        }
        if !self.subdomains {
            return Err(ConfigError::hsts(&self.text(), "preload asks for includeSubDomains"));
        }
        Ok(self)
    }

    /// Sets which peers are trusted to say which scheme and host a request came for. Use the value of
    /// [`RedirectLayer::trust`](crate::RedirectLayer::trust).
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Fixes the transport of every request.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.trust = self.trust.transport(transport);
        self
    }

    /// Returns the value of the header.
    fn text(&self) -> String {
        let subdomains = if self.subdomains { "; includeSubDomains" } else { "" };
        let preload = if self.preload { "; preload" } else { "" };
        format!("max-age={}{subdomains}{preload}", self.max_age)
    }
}

impl<S> Layer<S> for HstsLayer {
    type Service = Hsts<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let value = HeaderValue::try_from(self.text()).ok();
        Hsts { inner, settings: Arc::new(Settings { value, trust: self.trust.clone() }) }
    }
}

#[derive(Debug)]
struct Settings {
    value: Option<HeaderValue>,
    trust: Trust,
}

/// A service that adds `Strict-Transport-Security` to secure responses. Made by [`HstsLayer`].
#[derive(Clone)]
pub struct Hsts<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> Hsts<S> {
    /// Returns the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the inner service, mutably.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service, and drops the rest.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Returns the value that the response to `request` gets.
    fn value<B>(&self, request: &Request<B>, uri: &Uri) -> Option<HeaderValue> {
        static ANY: Hosts = Hosts::any();
        let Settings { value, trust } = &*self.settings;
        let head = RequestHead::new(request, uri, trust, &ANY);
        let has_name = |head: &RequestHead<'_>| {
            head.authority().is_some_and(|a| a.address().is_none() && !a.is_local())
        };
        if head.is_secure() && has_name(&head) { value.clone() } else { None }
    }
}

impl<S, B, R> Service<Request<B>> for Hsts<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let value = self.value(&request, request.uri());
        ResponseFuture { inner: self.inner.call(request), value }
    }
}

impl<S: fmt::Debug> fmt::Debug for Hsts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hsts")
            .field("inner", &self.inner)
            .field("settings", &self.settings)
            .finish()
    }
}

pin_project! {
    /// The response future of [`Hsts`].
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        value: Option<HeaderValue>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if let Some(value) = this.value.take() {
            response.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(value);
        }
        Poll::Ready(Ok(response))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
