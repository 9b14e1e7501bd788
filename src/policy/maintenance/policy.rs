use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::bypass::Bypass;
use super::grpc::{grpc_unavailable, is_grpc_call};
use super::target::{Target, client_cannot_follow};
use super::unavailable::Unavailability;
use super::{MaintenanceSwitch, MaintenanceWindow, Page, RedirectTo, Standby, Unavailable};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::policy::clock::Clock;
use crate::policy::{Decision, Exempt, RedirectPolicy, pass_because};
use crate::redirection::Redirection;

/// Redirects requests to a standby or a page, or answers 503, while its switch is on.
///
/// Rules, in order:
///
/// 1. Outside of the switch's [`MaintenanceWindow`], every request passes.
/// 2. Exempt paths pass (`/.well-known/acme-challenge/` for GET and HEAD, and the paths given to
///    [`exempt`](Self::exempt) for GET, HEAD and OPTIONS), and so do CORS preflights, GET and HEAD of the
///    page, and every method of the `redirect_to` URL. Of these two URLs, the path is compared, without a
///    slash at its end, and the origin if they have one: a page at `/x` of another host does not let `/x` of
///    this host pass. Their queries are not compared: a page at `/?down` lets every GET of `/` pass.
///    A request also passes with a bypass: by [client](Self::bypass_clients), by secret (header or
///    cookie, feature `bypass`), or by [a function](Self::bypass). Its response is marked `no-store`.
/// 3. Upgrades, CONNECT and `OPTIONS *` get 503, and a gRPC call gets the status `UNAVAILABLE`. Offers
///    of `h2c` and `TLS/*` do not count as upgrades, because the request can be answered without them.
/// 4. The answer to other requests depends on the target of the policy:
///
/// | request | no target | [`page`](Self::page) | [`standby`](Self::standby) | [`redirect_to`](Self::redirect_to) |
/// |---|---|---|---|---|
/// | navigation by GET or HEAD | 503 | 307 to the page | 307, path and query kept | 307 |
/// | other GET and HEAD | 503 | 503 | 307 | 307 |
/// | every other method | 503 | 503 | 307, body sent again | 307, body sent again |
///
/// A navigation has `Sec-Fetch-Mode: navigate`, or lacks that header and lists `text/html` in `Accept`.
///
/// Choose `standby` if another server can do the work: every client that follows
/// redirections keeps working. Otherwise a 503 is better: crawlers and API clients know what it means.
/// With `redirect_to`, a form would be sent to a page that cannot process it, and would be lost. Use
/// [`when`](RedirectPolicy::when) for different targets on different paths.
///
/// The body of a 503 is a line of text, or that of [`html`](Self::html),
/// [`problem_json`](Self::problem_json) or [`respond_with`](Self::respond_with). The `Retry-After` of a 503
/// is the time until the window ends, or, if the window has no end, the time set by
/// [`retry_after`](Self::retry_after). One that `respond_with` sets is kept.
///
/// Pitfalls: if the standby has the same origin as the request, the answer is 503, and a diagnosis
/// reports it. If this application serves the page, exempt the paths of its styles and pictures, too.
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
    pub(super) bypass: Bypass,
    retry_after: Option<Duration>,
    pub(super) unavailability: Unavailability,
    target: T,
}

impl Maintenance {
    /// Creates a policy that answers 503 while `switch` is on.
    pub fn new(switch: MaintenanceSwitch) -> Self {
        Self {
            switch,
            clock: Clock::default(),
            exempt: Exempt::acme_only(),
            bypass: Bypass::default(),
            retry_after: None,
            unavailability: Unavailability::default(),
            target: Unavailable,
        }
    }

    /// Redirects navigations by GET or HEAD to this page, an absolute URL or a path. Other requests get 503.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Redirection::to`].
    pub fn page(self, url: &str) -> Result<Maintenance<Page>, ConfigError> {
        Redirection::to(url).map(|to| self.with(Page(to)))
    }

    /// Redirects all requests to this origin, `https://standby.example.com[:port]`, with the same path
    /// and query.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Redirection::to_origin`].
    pub fn standby(self, origin: &str) -> Result<Maintenance<Standby>, ConfigError> {
        Redirection::to_origin(origin).map(|to| self.with(Standby(to)))
    }

    /// Redirects all requests to this one URL, which is absolute or a path.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Redirection::to`].
    pub fn redirect_to(self, url: &str) -> Result<Maintenance<RedirectTo>, ConfigError> {
        Redirection::to(url).map(|to| self.with(RedirectTo(to)))
    }

    fn with<T>(self, target: T) -> Maintenance<T> {
        let Self { switch, clock, exempt, bypass, retry_after, unavailability, .. } = self;
        Maintenance { switch, clock, exempt, bypass, retry_after, unavailability, target }
    }
}

impl<T> Maintenance<T> {
    /// Lets GET, HEAD and OPTIONS requests pass for this path and all paths below it, such as health checks
    /// and the assets of the page. Paths are compared as in [`HttpsOnly::exempt`](crate::HttpsOnly::exempt).
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) in the same cases as
    /// `HttpsOnly::exempt`.
    pub fn exempt(mut self, path: &str) -> Result<Self, ConfigError> {
        self.exempt.add(path)?;
        Ok(self)
    }

    /// Sets the `Retry-After` of 503 responses (RFC 9110 §10.2.3), in whole seconds, rounded up, at least 1.
    ///
    /// If the [`MaintenanceWindow`] has an end, the time until then is sent instead. Redirections
    /// never have this header.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Replaces the system's clock, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }
}

impl<T: Target> RedirectPolicy for Maintenance<T> {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        match self.switch.active_window(|| self.clock.now()) {
            Some((window, now)) => self.decide_within(head, window, now),
            None => pass_because(head, "no maintenance now"),
        }
    }

    fn name(&self) -> Cow<'static, str> {
        "maintenance".into()
    }
}

impl<T: Target> Maintenance<T> {
    /// Returns why a request passes during maintenance; `None` if it does not.
    fn reason_to_pass(&self, head: &RequestHead<'_>) -> Option<&'static str> {
        if self.exempt.covers(head) {
            Some("maintenance is on, but the request's path is exempt")
        } else if head.is_preflight() {
            Some("maintenance is on, but the request is a CORS preflight")
        } else if self.target.is_reached_by(head) {
            Some("maintenance is on, but the request is for the target of the redirection")
        } else if self.bypass.allows(head) {
            Some("maintenance is on, but a bypass lets the request through")
        } else {
            None
        }
    }

    /// Decides about a request within the window. Inlined into `decide`, it would cost a request outside
    /// of the window 7 more instructions.
    #[cold]
    fn decide_within(
        &self,
        head: &RequestHead<'_>,
        window: MaintenanceWindow,
        now: SystemTime,
    ) -> Decision {
        if let Some(why) = self.reason_to_pass(head) {
            return pass_because(head, why);
        }
        head.because(match window.end() {
            Some(_) => "maintenance is on, until its end or until it is switched off",
            None => "maintenance is on, until it is switched off",
        });
        if is_grpc_call(head) {
            return Decision::Respond(grpc_unavailable(head));
        }
        let to = if client_cannot_follow(head) { None } else { self.target.redirection(head) };
        if let Some(to) = to {
            return Decision::Redirect(to.clone());
        }
        let left = window.end().and_then(|end| end.duration_since(now).ok());
        Decision::Respond(self.unavailability.response(head, left.or(self.retry_after)))
    }
}
