use super::{Decision, RedirectPolicy, is_redirectable};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::redirection::Redirection;
use crate::uri::{Host, HostPattern};

/// Redirects the other names of a site to one host: `www` or the bare domain, and old domains.
///
/// Rules, in order:
///
/// 1. A request for the canonical host passes, and so does one for a host that is not configured:
///    health checks use addresses. List your hosts with
///    [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) to refuse others.
/// 2. The twin (the host with `www.` added or removed) and every [`alias`](Self::aliases) get a 307 to
///    the canonical host (308 by [`permanent`](Self::permanent)). Scheme, port, path and query stay.
///
/// Pitfalls: [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) has to list the aliases, too, or
/// they get 421. Behind a proxy that rewrites `Host`, nothing is redirected: configure it to keep
/// `Host`, or trust its [forwarded host](crate::Trust::forwarded_host).
///
/// ```
/// use http::Request;
/// use tower_redirect::{CanonicalHost, Decision, RedirectPolicy, RequestHead};
///
/// let policy = CanonicalHost::new("www.example.com")?.aliases(["*.example.org"])?;
/// for (host, location) in [
///     ("example.com:8080", Some("http://www.example.com:8080/p?q")),
///     ("old.example.org", Some("http://www.example.com/p?q")),
///     ("www.example.com", None),
///     ("10.0.0.7", None),
/// ] {
///     let request = Request::post("/p?q").header("host", host).body(())?;
///     let head = RequestHead::from(&request);
///     let seen = match policy.decide(&head) {
///         Decision::Redirect(to) => to.location_for(&head),
///         _ => None,
///     };
///     assert_eq!(seen.as_ref().map(|seen| seen.as_bytes()), location.map(str::as_bytes));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CanonicalHost {
    host: Host,
    aliases: Vec<HostPattern>,
    to: Redirection,
}

impl CanonicalHost {
    /// Creates a policy that redirects the twin of `host` to it: `example.com` to `www.example.com`, or
    /// the other way round.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Host`](crate::ConfigErrorKind::Host) if it is no host, or has a port.
    pub fn new(host: &str) -> Result<Self, ConfigError> {
        let to = Redirection::new().host(host)?.on_own_host();
        let host = Host::parse(host)?;
        let twin = match host.as_str().strip_prefix("www.") {
            Some(apex) => HostPattern::parse(apex),
            None => HostPattern::parse(&format!("www.{}", host.as_str())),
        };
        // An address has no twin.
        Ok(Self { host, aliases: twin.into_iter().collect(), to })
    }

    /// Redirects further hosts: exact names, and `*.example.org` for one or more labels before
    /// `example.org`.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Host`](crate::ConfigErrorKind::Host) for a name that is no host.
    pub fn aliases<I>(mut self, hosts: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        for host in hosts {
            self.aliases.push(HostPattern::parse(host.as_ref())?);
        }
        Ok(self)
    }

    /// Redirects with 308, which clients and caches may keep for a day.
    pub fn permanent(mut self) -> Self {
        self.to = self.to.permanent();
        self
    }
}

impl RedirectPolicy for CanonicalHost {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if !is_redirectable(head) {
            return Decision::Pass;
        }
        match head.authority() {
            Some(asked)
                if !asked.same_host(&self.host.authority(None))
                    && self.aliases.iter().any(|alias| alias.matches(&asked)) =>
            {
                Decision::Redirect(self.to.clone())
            }
            _ => Decision::Pass,
        }
    }
}
