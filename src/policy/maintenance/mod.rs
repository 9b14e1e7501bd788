mod bypass;
#[cfg(feature = "bypass")]
mod secret;
mod switch;
mod target;

use std::time::{Duration, SystemTime};

use http::{HeaderValue, StatusCode, header};

use super::clock::Clock;
use super::{Decision, Exempt, RedirectPolicy};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::redirection::Redirection;
use crate::response::text_response;
use bypass::Bypass;
pub use switch::{MaintenanceSwitch, MaintenanceWindow};
pub use target::{Page, RedirectTo, Standby, Unavailable};
use target::{Target, is_bound_to_its_connection};

/// While its switch is on: the work goes on elsewhere, or is refused with 503.
///
/// Rules, in order:
///
/// 1. Outside of the switch's [`MaintenanceWindow`]: everything passes.
/// 2. Exempt paths pass (`/.well-known/acme-challenge/` for GET and HEAD, and what
///    [`exempt`](Self::exempt) names), and so do CORS preflights, GET and HEAD of the page, and
///    every method of the `redirect_to` URL. Their *path* is compared, so that a page elsewhere at
///    `/x` lets `/x` here pass.
///    So does a request that a bypass grants, by [client](Self::bypass_clients), by secret (header or
///    cookie, feature `bypass`), or [otherwise](Self::bypass); its answer is marked `no-store`.
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
/// A 503 says in `Retry-After` how long the window still is, or what
/// [`retry_after`](Self::retry_after) says.
///
/// Pitfalls: a standby that is the origin in maintenance answers 503, and a diagnosis says so. The
/// application that shows the page is asked for its styles and pictures, too: exempt their paths.
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
    clock: Clock,
    exempt: Exempt,
    bypass: Bypass,
    retry_after: Option<Duration>,
    target: T,
}

impl Maintenance {
    /// 503 to all but exempt requests.
    pub fn new(switch: MaintenanceSwitch) -> Self {
        Self {
            switch,
            clock: Clock::default(),
            exempt: Exempt::acme_only(),
            bypass: Bypass::default(),
            retry_after: None,
            target: Unavailable,
        }
    }

    /// Navigations see this page, an absolute URL or a path; all others get 503.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) as for [`Redirection::to`].
    pub fn page(self, url: &str) -> Result<Maintenance<Page>, ConfigError> {
        Redirection::to(url).map(|to| self.with(Page(to)))
    }

    /// Everything goes on at this origin, `https://standby.example.com[:port]`, under the same path
    /// and query.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) as for [`Redirection::to_origin`].
    pub fn standby(self, origin: &str) -> Result<Maintenance<Standby>, ConfigError> {
        Redirection::to_origin(origin).map(|to| self.with(Standby(to)))
    }

    /// Everything goes to this one URL, absolute or a path.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) as for [`Redirection::to`].
    pub fn redirect_to(self, url: &str) -> Result<Maintenance<RedirectTo>, ConfigError> {
        Redirection::to(url).map(|to| self.with(RedirectTo(to)))
    }

    fn with<T>(self, target: T) -> Maintenance<T> {
        let Self { switch, clock, exempt, bypass, retry_after, .. } = self;
        Maintenance { switch, clock, exempt, bypass, retry_after, target }
    }
}

impl<T> Maintenance<T> {
    /// Lets GET, HEAD and OPTIONS of this path and all below it pass: health checks, assets of the
    /// page. Compared as by [`HttpsOnly::exempt`](crate::HttpsOnly::exempt).
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Path`](crate::ConfigErrorKind::Path) as there.
    pub fn exempt(mut self, path: &str) -> Result<Self, ConfigError> {
        self.exempt.add(path)?;
        Ok(self)
    }

    /// `Retry-After` of every 503 (RFC 9110 §10.2.3) while nobody knows when maintenance ends: whole
    /// seconds, rounded up, at least 1. Where the [`MaintenanceWindow`] has an end, what is left of it is said
    /// instead. Never sent with a redirection.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What time it is, in place of the system's clock: for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    fn unavailable(&self, window: MaintenanceWindow, now: SystemTime) -> Decision {
        let text = "down for maintenance\n";
        let mut response = text_response(StatusCode::SERVICE_UNAVAILABLE, text);
        let left = window.end().and_then(|end| end.duration_since(now).ok());
        if let Some(wait) = left.or(self.retry_after) {
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        Decision::Respond(response)
    }
}

impl<T: Target> RedirectPolicy for Maintenance<T> {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        match self.switch.under_way(|| self.clock.now()) {
            None => Decision::Pass,
            Some((window, now)) => self.decide_within(head, window, now),
        }
    }
}

impl<T: Target> Maintenance<T> {
    /// Apart, so that the many requests outside of a window do not pay for it.
    #[cold]
    fn decide_within(
        &self,
        head: &RequestHead<'_>,
        window: MaintenanceWindow,
        now: SystemTime,
    ) -> Decision {
        if self.exempt.covers(head)
            || head.is_preflight()
            || self.target.is_reached_by(head)
            || self.bypass.covers(head)
        {
            return Decision::Pass;
        }
        let to =
            if is_bound_to_its_connection(head) { None } else { self.target.redirection(head) };
        to.map_or_else(|| self.unavailable(window, now), |to| Decision::Redirect(to.clone()))
    }
}
