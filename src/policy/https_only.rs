use http::StatusCode;

use super::{Decision, Exempt, RedirectPolicy};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::redirection::Redirection;
use crate::trust::Scheme;

/// Nothing in clear: what is not proven secure is sent to https, same host, path and query.
///
/// Rules, in order:
///
/// 1. A secure request passes.
/// 2. An exempt path passes: `/.well-known/acme-challenge/` for GET and HEAD, and what
///    [`exempt`](Self::exempt) names. The host is not looked at.
/// 3. `OPTIONS *`, CONNECT and CORS preflights get 403: they cannot be redirected.
/// 4. A request without an acceptable host gets 400 or 421.
/// 5. All else gets a 307 to https (308 by [`permanent`](Self::permanent)), with the port of
///    [`port`](Self::port) and never the request's own.
///
/// It fails closed: no other request reaches the inner service.
///
/// Pitfalls: behind a proxy that terminates TLS, tell the layer by
/// [`RedirectLayer::transport`](crate::RedirectLayer::transport), or each answer leads back here. A
/// POST in clear has shown its body before it is redirected.
///
/// ```
/// use http::Request;
/// use tower_redirect::{Decision, HttpsOnly, RedirectPolicy, RequestHead, Transport, Trust};
///
/// let policy = HttpsOnly::new().port(8443);
/// let request = Request::post("/pay?id=7").header("host", "shop.test:8080").body(())?;
///
/// let head = RequestHead::from(&request);
/// let Decision::Redirect(to) = policy.decide(&head) else { return Err("passed in clear".into()) };
/// assert_eq!(to.location_for(&head).ok_or("no host")?, "https://shop.test:8443/pay?id=7");
///
/// let secure = Trust::nobody().transport(Transport::Secure);
/// assert!(matches!(policy.decide(&RequestHead::with(&request, &secure)), Decision::Pass));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HttpsOnly {
    to: Redirection,
    exempt: Exempt,
}

impl HttpsOnly {
    /// 307 to https on its default port, 443.
    pub fn new() -> Self {
        Self { to: Redirection::new().scheme(Scheme::Https), exempt: Exempt::acme_only() }
    }

    /// The port that https is served on, as the user agent sees it.
    pub fn port(mut self, port: u16) -> Self {
        self.to = self.to.port(port);
        self
    }

    /// 308: clients and caches may remember it for a day. Needs
    /// [`RedirectLayer::hosts`](crate::RedirectLayer::hosts); without them it stays a 307, and a
    /// diagnosis says so.
    pub fn permanent(mut self) -> Self {
        self.to = self.to.permanent();
        self
    }

    /// Lets GET, HEAD and OPTIONS of this path and all below it pass in clear; compared per
    /// segment, and never for a path with an empty or dot segment, `%2e`, `%2f`, `%5c` or `\`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`] if it does not start with `/`, names no segment, or could never match.
    pub fn exempt(mut self, path: &str) -> Result<Self, ConfigError> {
        self.exempt.add(path)?;
        Ok(self)
    }
}

impl Default for HttpsOnly {
    fn default() -> Self {
        Self::new()
    }
}

impl RedirectPolicy for HttpsOnly {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if head.is_secure() || self.exempt.covers(head) {
            return Decision::Pass;
        }
        if head.has_no_url() || head.is_preflight() {
            return Decision::text(StatusCode::FORBIDDEN, "https is required\n");
        }
        if head.authority().is_none() {
            return Decision::text(StatusCode::BAD_REQUEST, "no acceptable host\n");
        }
        Decision::Redirect(self.to.clone())
    }
}
