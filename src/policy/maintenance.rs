use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, Version, header};

use super::{Decision, Exempt, RedirectPolicy, text_response};
use crate::config_error::ConfigError;
use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::redirection::Redirection;

/// Turns a [`Maintenance`] on and off while it serves: a cheap handle, all clones are one switch.
///
/// ```
/// use tower_redirect::MaintenanceSwitch;
///
/// let switch = MaintenanceSwitch::new();
/// let elsewhere = switch.clone();
/// assert!(!switch.is_on());
/// elsewhere.on();
/// assert!(switch.is_on());
/// elsewhere.off();
/// assert!(!switch.is_on());
/// ```
#[derive(Clone, Debug, Default)]
pub struct MaintenanceSwitch(Arc<AtomicBool>);

impl MaintenanceSwitch {
    /// A switch that is off.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maintenance begins: the next request is asked about.
    pub fn on(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Maintenance ends.
    pub fn off(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// While its switch is on: the work goes on elsewhere, or is refused with 503.
///
/// Rules, in order:
///
/// 1. Switch off: everything passes.
/// 2. Exempt paths pass (`/.well-known/acme-challenge/` for GET and HEAD, and what
///    [`exempt`](Self::exempt) names), and so do CORS preflights, GET and HEAD of the page, and
///    every method of the `redirect_to` URL. Their *path* is compared, so that a page elsewhere at
///    `/x` lets `/x` here pass.
/// 3. Upgrade, CONNECT, gRPC and `OPTIONS *` get 503.
/// 4. The rest by target; the three exclude each other:
///
/// | request | none | [`page`](Self::page) | [`standby`](Self::standby) | [`redirect_to`](Self::redirect_to) |
/// |---|---|---|---|---|
/// | navigation by GET or HEAD | 503 | 307 to the page | 307, path and query kept | 307 |
/// | other GET and HEAD | 503 | 503 | 307 | 307 |
/// | every other method | 503 | 503 | 307, body sent again | 307, body sent again |
///
/// A navigation says `Sec-Fetch-Mode: navigate`, or, without that field, accepts `text/html`.
///
/// Choose `standby` where another server can do the work: clients go on without noticing. A 503
/// serves better where none can: crawlers and API clients know what it means, and a form sent to a
/// bare page would be lost. Different targets for different paths by
/// [`when`](RedirectPolicy::when).
///
/// Pitfall: a standby that is the origin in maintenance answers 503, and a diagnosis says so.
///
/// ```
/// use http::Request;
/// use tower_redirect::{Decision, Maintenance, MaintenanceSwitch, RedirectPolicy, RequestHead};
///
/// let switch = MaintenanceSwitch::new();
/// let policy = Maintenance::new(switch.clone()).standby("https://standby.example.com")?;
/// let request = Request::post("/orders?id=7").header("host", "shop.test").body(())?;
/// let head = RequestHead::from(&request);
///
/// assert!(matches!(policy.decide(&head), Decision::Pass));
/// switch.on();
/// let Decision::Redirect(to) = policy.decide(&head) else { return Err("not redirected".into()) };
/// assert_eq!(to.location_for(&head).ok_or("no host")?, "https://standby.example.com/orders?id=7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Maintenance<T = Unavailable> {
    switch: MaintenanceSwitch,
    exempt: Exempt,
    retry_after: Option<HeaderValue>,
    target: T,
}

impl Maintenance {
    /// 503 to all but exempt requests.
    pub fn new(switch: MaintenanceSwitch) -> Self {
        let exempt = Exempt::acme_only();
        Self { switch, exempt, retry_after: None, target: Unavailable }
    }

    /// Navigations see this page, an absolute URL or a path; all others get 503.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] as for [`Redirection::to`].
    pub fn page(self, url: &str) -> Result<Maintenance<Page>, ConfigError> {
        Redirection::to(url).map(|to| self.with(Page(to)))
    }

    /// Everything goes on at this origin, `https://standby.example.com[:port]`, under the same path
    /// and query.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] as for [`Redirection::to_origin`].
    pub fn standby(self, origin: &str) -> Result<Maintenance<Standby>, ConfigError> {
        Redirection::to_origin(origin).map(|to| self.with(Standby(to)))
    }

    /// Everything goes to this one URL, absolute or a path.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] as for [`Redirection::to`].
    pub fn redirect_to(self, url: &str) -> Result<Maintenance<RedirectTo>, ConfigError> {
        Redirection::to(url).map(|to| self.with(RedirectTo(to)))
    }

    fn with<T>(self, target: T) -> Maintenance<T> {
        let Self { switch, exempt, retry_after, .. } = self;
        Maintenance { switch, exempt, retry_after, target }
    }
}

impl<T> Maintenance<T> {
    /// Lets GET, HEAD and OPTIONS of this path and all below it pass: health checks, assets of the
    /// page. Compared as by [`HttpsOnly::exempt`](crate::HttpsOnly::exempt).
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`] as there.
    pub fn exempt(mut self, path: &str) -> Result<Self, ConfigError> {
        self.exempt.add(path)?;
        Ok(self)
    }

    /// `Retry-After` of every 503 (RFC 9110 §10.2.3): whole seconds, rounded up, at least 1. Never
    /// sent with a redirection.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        self.retry_after = Some(HeaderValue::from(seconds.max(1)));
        self
    }

    fn unavailable(&self) -> Decision {
        let text = "down for maintenance\n";
        let mut response = text_response(StatusCode::SERVICE_UNAVAILABLE, text);
        if let Some(seconds) = &self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
        }
        Decision::Respond(response)
    }
}

impl<T: Target> RedirectPolicy for Maintenance<T> {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if !self.switch.is_on()
            || self.exempt.covers(head)
            || head.is_preflight()
            || self.target.is_reached_by(head)
        {
            return Decision::Pass;
        }
        let to =
            if is_bound_to_its_connection(head) { None } else { self.target.redirection(head) };
        to.map_or_else(|| self.unavailable(), |to| Decision::Redirect(to.clone()))
    }
}

/// What cannot go on elsewhere by way of a `Location`.
fn is_bound_to_its_connection(head: &RequestHead<'_>) -> bool {
    let grpc = |value: &HeaderValue| {
        let essence = value.as_bytes().get(..b"application/grpc".len());
        essence.is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
    };
    head.has_no_url()
        || head.version() <= Version::HTTP_11 && head.header(header::UPGRADE).is_some()
        || head.header(header::CONTENT_TYPE).is_some_and(grpc)
}

/// A person waits for a page.
fn is_navigation(head: &RequestHead<'_>) -> bool {
    if !is_read(head) {
        return false;
    }
    match head.header(http::HeaderName::from_static("sec-fetch-mode")) {
        Some(mode) => mode == "navigate",
        None => head.header_all(header::ACCEPT).any(|accept| {
            let html = b"text/html".as_slice();
            accept.as_bytes().windows(html.len()).any(|word| word.eq_ignore_ascii_case(html))
        }),
    }
}

fn is_read(head: &RequestHead<'_>) -> bool {
    matches!(*head.method(), Method::GET | Method::HEAD)
}

/// Where requests go in maintenance. Not nameable outside: the targets are these four.
pub trait Target: Send + Sync {
    /// The request is for the target itself.
    fn is_reached_by(&self, _: &RequestHead<'_>) -> bool {
        false
    }

    /// `None` is 503.
    fn redirection(&self, head: &RequestHead<'_>) -> Option<&Redirection>;
}

/// A [`Maintenance`] that refuses all work.
#[derive(Clone, Debug)]
pub struct Unavailable;

impl Target for Unavailable {
    fn redirection(&self, _: &RequestHead<'_>) -> Option<&Redirection> {
        None
    }
}

/// A [`Maintenance`] that shows people a page: see [`Maintenance::page`].
#[derive(Clone, Debug)]
pub struct Page(Redirection);

impl Target for Page {
    fn is_reached_by(&self, head: &RequestHead<'_>) -> bool {
        is_read(head) && self.0.is_same_path(head)
    }

    fn redirection(&self, head: &RequestHead<'_>) -> Option<&Redirection> {
        is_navigation(head).then_some(&self.0)
    }
}

/// A [`Maintenance`] during which another origin works: see [`Maintenance::standby`].
#[derive(Clone, Debug)]
pub struct Standby(Redirection);

impl Target for Standby {
    fn redirection(&self, head: &RequestHead<'_>) -> Option<&Redirection> {
        if self.0.is_same_origin(head) {
            let authority = head.authority().map(|a| a.to_string()).unwrap_or_default();
            head.diagnose(Diagnosis::StandbyIsSelf { authority });
            return None;
        }
        Some(&self.0)
    }
}

/// A [`Maintenance`] that sends everything to one URL: see [`Maintenance::redirect_to`].
#[derive(Clone, Debug)]
pub struct RedirectTo(Redirection);

impl Target for RedirectTo {
    fn is_reached_by(&self, head: &RequestHead<'_>) -> bool {
        self.0.is_same_path(head)
    }

    fn redirection(&self, _: &RequestHead<'_>) -> Option<&Redirection> {
        Some(&self.0)
    }
}
