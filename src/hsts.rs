//! `Strict-Transport-Security` (RFC 6797).

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

/// Tells browsers to come by https alone, for so many seconds.
///
/// Rules, in order:
///
/// 1. A request that is not proven secure gets nothing (RFC 6797 §7.2).
/// 2. A host that is an address or `localhost`, and one that is refused, gets nothing (§8.1.1).
/// 3. Where the application said something itself, that stands.
/// 4. Every other response carries the field once, redirections and errors included (§7.1): put this
///    layer *outside* of [`RedirectLayer`](crate::RedirectLayer).
///
/// A max-age of zero makes browsers forget (§6.1.1).
///
/// Pitfall: `includeSubDomains` and `preload` are hard to take back. Begin with minutes.
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

/// What the preload list asks for at least: a year, in seconds.
const PRELOAD: u64 = 31_536_000;

impl HstsLayer {
    /// For `max_age`, in whole seconds.
    pub const fn new(max_age: Duration) -> Self {
        let max_age = max_age.as_secs();
        Self { max_age, subdomains: false, preload: false, trust: Trust::nobody() }
    }

    /// For all subdomains, too.
    pub const fn include_subdomains(mut self) -> Self {
        self.subdomains = true;
        self
    }

    /// Asks to be put into the lists that browsers bring along.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Hsts`](crate::ConfigErrorKind::Hsts) unless max-age is a year or more,
    /// and subdomains are included: the lists ask for both.
    pub fn preload(mut self) -> Result<Self, ConfigError> {
        self.preload = true;
        if self.max_age < PRELOAD {
            return Err(ConfigError::hsts(&self.text(), "preload asks for a max-age of a year"));
        }
        if !self.subdomains {
            return Err(ConfigError::hsts(&self.text(), "preload asks for includeSubDomains"));
        }
        Ok(self)
    }

    /// Whose word counts about scheme and host: the same value as
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
        Hsts { inner, shared: Arc::new((value, self.trust.clone())) }
    }
}

/// Made by [`HstsLayer`].
#[derive(Clone)]
pub struct Hsts<S> {
    inner: S,
    shared: Arc<(Option<HeaderValue>, Trust)>,
}

impl<S> Hsts<S> {
    fn value<B>(&self, request: &Request<B>, uri: &Uri) -> Option<HeaderValue> {
        static ANY: Hosts = Hosts::any();
        let (value, trust) = &*self.shared;
        let head = RequestHead::new(request, uri, trust, &ANY);
        let named = |head: &RequestHead<'_>| {
            head.authority().is_some_and(|a| a.address().is_none() && !a.is_local())
        };
        if head.is_secure() && named(&head) { value.clone() } else { None }
    }
}

impl<S, B, R> Service<Request<B>> for Hsts<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = HstsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let value = self.value(&request, request.uri());
        HstsFuture { inner: self.inner.call(request), value }
    }
}

impl<S: fmt::Debug> fmt::Debug for Hsts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hsts").field("inner", &self.inner).field("value", &self.shared.0).finish()
    }
}

pin_project! {
    /// The response of [`Hsts`].
    pub struct HstsFuture<F> {
        #[pin]
        inner: F,
        value: Option<HeaderValue>,
    }
}

impl<F, R, E> Future for HstsFuture<F>
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

impl<F> fmt::Debug for HstsFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HstsFuture").finish_non_exhaustive()
    }
}
