use std::borrow::Cow;

use http::{Method, StatusCode};

use super::{Decision, Exempt, RedirectPolicy, https_loop, is_redirectable, pass_because};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::redirection::Redirection;
use crate::uri::Scheme;

/// Redirects requests that are not proven secure to https, with the same host, path and query.
///
/// Rules, in order:
///
/// 1. A secure request passes.
/// 2. A request for an exempt path passes, and its host is not read: `/.well-known/acme-challenge/` for GET
///    and HEAD, and the paths given to [`exempt`](Self::exempt) for GET, HEAD and OPTIONS. If
///    [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) is set, the layer still answers 421 for a host
///    that is not listed, and 400 for one that is missing or malformed.
/// 3. `OPTIONS *`, CONNECT (and with it websockets over HTTP/2) and CORS preflights get 403, because they
///    cannot be redirected. With [`refuse_unsafe`](Self::refuse_unsafe), so do unsafe methods.
/// 4. A request without an acceptable host gets 400 or 421.
/// 5. Every other request, upgrades included, gets a 307 to https (308 by
///    [`permanent`](Self::permanent)). The port of the `Location` is set by [`port`](Self::port) or
///    [`port_map`](Self::port_map), and is never the request's own.
///
/// The policy fails closed: it passes only the requests of rules 1 and 2.
///
/// **Redirect loops.** Before the policy redirects, it looks for signs that the user agent already used
/// https and would be redirected forever: a peer that is not trusted reports https; a browser sends
/// `Sec-Fetch-*` to a host that is not loopback; or proxies are configured, and the peer's address is not
/// known. Each cause is reported as a [`Diagnosis`](crate::Diagnosis), which names the call that fixes it.
/// The request is still redirected. With a [fixed transport](crate::RedirectLayer::transport), no signs are
/// looked for.
///
/// Pitfalls: behind a proxy that terminates TLS, [trust the proxy](crate::Trust::proxies), or requests
/// are redirected forever. When a POST over http is redirected, its body has already been sent in clear.
///
/// ```
/// use http::Request;
/// use tower_redirect::{Decision, HttpsOnly, RedirectPolicy, RequestHead, Transport, Trust};
///
/// let policy = HttpsOnly::new().port_map([(8080, 8443)]);
/// let request = Request::post("/pay?id=7").header("host", "shop.test:8080").body(())?;
///
/// let head = RequestHead::from(&request);
/// let Decision::Redirect(to) = policy.decide(&head) else { return Err("passed in clear".into()) };
/// assert_eq!(to.location_for(&head).ok_or("no host")?, "https://shop.test:8443/pay?id=7");
///
/// let secure = Trust::nobody().transport(Transport::Secure);
/// assert!(matches!(policy.decide(&RequestHead::with_trust(&request, &secure)), Decision::Pass));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[doc(alias("force ssl", "redirect https", "ssl redirect"))]
#[must_use]
pub struct HttpsOnly {
    to: Redirection,
    port_map: Vec<(u16, u16)>,
    refuse_unsafe: bool,
    exempt: Exempt,
}

impl HttpsOnly {
    /// Creates a policy that redirects with 307 to https on its default port, 443.
    pub fn new() -> Self {
        Self {
            to: Redirection::new().scheme(Scheme::Https),
            port_map: Vec::new(),
            refuse_unsafe: false,
            exempt: Exempt::acme_only(),
        }
    }

    /// Sets the port of https, as user agents see it.
    pub fn port(mut self, port: u16) -> Self {
        self.to = self.to.port(port);
        self
    }

    /// Redirects to this host, whichever host was requested. A request for a host that is not acceptable is
    /// still refused.
    ///
    /// This has no effect with
    /// [`separate_https_redirect`](crate::RedirectLayer::separate_https_redirect), which changes
    /// only the scheme and the port: use [`CanonicalHost`](crate::CanonicalHost) instead.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `host` is not a host, or
    /// has a port.
    pub fn host(mut self, host: &str) -> Result<Self, ConfigError> {
        self.to = self.to.host(host)?.vouch_for_target();
        Ok(self)
    }

    /// Maps ports of http to ports of https: `[(8080, 8443)]`. Other ports are redirected to
    /// [`port`](Self::port).
    pub fn port_map(mut self, ports: impl IntoIterator<Item = (u16, u16)>) -> Self {
        self.port_map.extend(ports);
        self
    }

    /// Redirects with 308, which clients and caches may keep for a day.
    ///
    /// This needs [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) or [`host`](Self::host). Without
    /// either, the status stays 307, and a diagnosis reports it.
    pub fn permanent(mut self) -> Self {
        self.to = self.to.permanent();
        self
    }

    /// Sends 301 for GET and HEAD, and 308 for other methods. Replaces [`permanent`](Self::permanent), and
    /// needs the same settings: without them, 302 and 307 are sent, and a diagnosis reports it.
    pub fn moved_permanently(mut self) -> Self {
        self.to = self.to.moved_permanently();
        self
    }

    /// Sends 302 for GET and HEAD, and 307 for other methods.
    pub fn found(mut self) -> Self {
        self.to = self.to.found();
        self
    }

    /// Answers requests with unsafe methods with 403 instead of a redirection. All methods but GET, HEAD,
    /// OPTIONS and TRACE (RFC 9110 §9.2.1) are treated as unsafe, even those that are defined as safe
    /// elsewhere, such as QUERY, whose content would be sent in clear.
    ///
    /// The content of such a request was already sent in clear. A client that is redirected does not notice
    /// this; one that gets an error does.
    pub fn refuse_unsafe(mut self) -> Self {
        self.refuse_unsafe = true;
        self
    }

    /// Lets GET, HEAD and OPTIONS requests for this path, and for all paths below it, pass over http.
    ///
    /// The path as it was sent is compared, segment by segment, with the normal form of `path` (RFC 3986
    /// §6.2.2), in which escapes of unreserved characters are decoded, and all others are in upper case. With
    /// `/%7Ea`, only `/~a` is exempt; `/caf%C3%A9` is exempt, but `/caf%c3%a9` is not, even if `path` is written
    /// like that. `/health` and `/health/` mean the same. A path that a server may read as another one is never
    /// exempt: one with an empty segment, a segment that is `.` or begins with `..`, a `\` or `;`, an escaped
    /// dot, slash, backslash, `%` or NUL, overlong UTF-8 (`%c0%ae`), an escaped byte from `%F8` to `%FF`, or a
    /// `%` that is not followed by two hexadecimal digits.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) if `path` does not start with `/`,
    /// names no segment, has a query or a fragment, contains `*`, `{`, `}`, `/:`, a space or a control byte,
    /// or is one that is never exempt.
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
        if head.is_secure() {
            pass_because(head, "the request came over https")
        } else {
            self.decide_insecure(head)
        }
    }

    fn name(&self) -> Cow<'static, str> {
        "https".into()
    }

    #[inline]
    fn redirects_once(&self) -> bool {
        true
    }
}

impl HttpsOnly {
    /// Decides about a request that is not secure. Inlined into `decide`, it would add 14 instructions to a
    /// secure request.
    #[inline(never)]
    fn decide_insecure(&self, head: &RequestHead<'_>) -> Decision {
        if self.exempt.covers(head) {
            return pass_because(head, "its path is exempt");
        }
        https_loop::diagnose(head);
        https_loop::explain(head);
        // `Method::is_safe` of newer versions of `http` includes QUERY, which has content.
        let refused = self.refuse_unsafe
            && !matches!(
                *head.method(),
                Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
            );
        if !is_redirectable(head) || refused {
            return Decision::text(StatusCode::FORBIDDEN, "https is required\n");
        }
        let Some(authority) = head.authority() else {
            head.because("plain request without an acceptable host");
            return Decision::text(StatusCode::BAD_REQUEST, "no acceptable host\n");
        };
        let mapped =
            self.port_map.iter().find(|(http, _)| *http == authority.effective_port(Scheme::Http));
        Decision::Redirect(match mapped {
            Some((_, https)) => self.to.clone().port(*https),
            None => self.to.clone(),
        })
    }
}
