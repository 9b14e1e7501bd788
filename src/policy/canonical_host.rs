use std::borrow::Cow;

use super::{Decision, RedirectPolicy, is_acme_challenge, is_redirectable, pass_because};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::redirection::Redirection;
use crate::uri::{Authority, Host, HostPattern, LONGEST_NAME};

/// Redirects the other names of a site, such as the name with or without `www.` and old domains, to one
/// host.
///
/// Rules, in order:
///
/// 1. A request for the canonical host passes. So does a request for a host that is not configured,
///    because health checks often use an address. To refuse all other hosts, list yours with
///    [`RedirectLayer::hosts`](crate::RedirectLayer::hosts). ACME challenges
///    (RFC 8555 §8.3) pass on every host, because each host needs its own certificate. CORS preflights,
///    CONNECT and `OPTIONS *` pass on every host, because they cannot be redirected.
/// 2. The twin (the host with `www.` added or removed) and every [`alias`](Self::aliases) get a 307 to
///    the canonical host (308 by [`permanent`](Self::permanent)). Scheme, port, path and query are kept.
///
/// Pitfalls: if [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) is set, it has to list the twin
/// and the aliases, too, or requests for them get 421. Behind a proxy that rewrites `Host`, nothing is
/// redirected: configure the proxy to keep `Host`, or trust its
/// [forwarded host](crate::Trust::forwarded_host).
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
#[doc(alias("www", "apex", "non-www"))]
#[must_use]
pub struct CanonicalHost {
    names: Names,
    to: Redirection,
}

/// The hosts that are redirected, and the hosts that they are redirected to.
#[derive(Clone, Debug)]
enum Names {
    /// Every alias is redirected to one host.
    One { host: Host, aliases: Vec<HostPattern> },
    /// `example.com` is redirected to `www.example.com` if both are listed.
    Www,
    /// `www.example.com` is redirected to `example.com` if both are listed.
    Apex,
}

impl CanonicalHost {
    /// Creates a policy that redirects the twin of `host` to it: `example.com` to `www.example.com`, or
    /// the other way round.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `host` is not a host, or
    /// has a port.
    pub fn new(host: &str) -> Result<Self, ConfigError> {
        let to = Redirection::new().host(host)?.vouch_for_both_hosts();
        let host = Host::parse(host)?;
        // An address has no twin.
        let aliases = host.www_twin().map(HostPattern::Exact).into_iter().collect();
        let names = Names::One { host, aliases };
        Ok(Self { names, to })
    }

    /// Creates a policy that redirects `example.com` to `www.example.com`, for each name that
    /// [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) lists both with and without `www.`.
    ///
    /// Both names have to be listed exactly, without a port: a name that only `*.example.com` covers might
    /// not exist. Requests for every other host pass.
    pub fn www() -> Self {
        Self { names: Names::Www, to: Redirection::new().vouch_for_both_hosts() }
    }

    /// Creates a policy that redirects `www.example.com` to `example.com`, for each name that
    /// [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) lists both with and without `www.`. The same
    /// conditions apply as for [`www`](Self::www).
    pub fn apex() -> Self {
        Self { names: Names::Apex, to: Redirection::new().vouch_for_both_hosts() }
    }

    /// Redirects further hosts: exact names, and `*.example.org` for one or more labels before
    /// `example.org`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) for a name that is not a host,
    /// and for every name if the policy was created by [`www`](Self::www) or [`apex`](Self::apex), because
    /// it redirects to more than one host.
    pub fn aliases<I>(mut self, hosts: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        for host in hosts {
            let host = host.as_ref();
            let Names::One { aliases, .. } = &mut self.names else {
                let reason = "aliases lead to one host: give it to `CanonicalHost::new`";
                return Err(ConfigError::host(host, reason));
            };
            aliases.push(HostPattern::parse(host)?);
        }
        Ok(self)
    }

    /// Redirects with 308, which clients and caches may keep for a day. If the `Location` would have a port
    /// that the client chose (`Host: example.com:8080`), the status is 307, unless
    /// [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) lists the requested host with that port.
    pub fn permanent(mut self) -> Self {
        self.to = self.to.permanent();
        self
    }

    /// Sends 301 for GET and HEAD, and 308 for other methods. Replaces [`permanent`](Self::permanent).
    /// Where that would send 307 because of the port, 302 and 307 are sent.
    pub fn moved_permanently(mut self) -> Self {
        self.to = self.to.moved_permanently();
        self
    }

    /// Sends 302 for GET and HEAD, and 307 for other methods.
    pub fn found(mut self) -> Self {
        self.to = self.to.found();
        self
    }

    fn decide_for(&self, asked: &Authority<'_>, head: &RequestHead<'_>) -> Decision {
        match &self.names {
            Names::One { host, aliases } => {
                let is_alias = !asked.same_host(&host.authority(None))
                    && aliases.iter().any(|alias| alias.matches(asked));
                if !is_alias {
                    return pass_because(head, "its host is not an alias");
                }
                head.because("its host is an alias");
                Decision::Redirect(self.to.clone())
            }
            Names::Www if without_www(asked.host()).is_some() => {
                pass_because(head, "its host begins with `www.`")
            }
            Names::Www => {
                let mut buffer = [0; LONGEST_NAME];
                match with_www(asked.host(), &mut buffer) {
                    Some(twin) => self.decide_for_twin(asked.host(), twin, head),
                    None => Decision::Pass,
                }
            }
            Names::Apex => match without_www(asked.host()) {
                Some(twin) => self.decide_for_twin(asked.host(), twin, head),
                None => pass_because(head, "its host does not begin with `www.`"),
            },
        }
    }

    fn decide_for_twin(&self, host: &str, twin: &str, head: &RequestHead<'_>) -> Decision {
        if !head.lists_name(host) || !head.lists_name(twin) {
            return pass_because(head, "its host and that host's twin are not both listed");
        }
        head.because("its host is the twin of the canonical one");
        // A listed name is always a valid host.
        self.to.clone().host(twin).map_or(Decision::Pass, Decision::Redirect)
    }
}

fn without_www(host: &str) -> Option<&str> {
    let (www, rest) = host.split_at_checked(4)?;
    www.eq_ignore_ascii_case("www.").then_some(rest)
}

/// Writes `www.` and the host into `buffer`, so that a pass allocates nothing. Returns `None` if they do
/// not fit.
fn with_www<'b>(host: &str, buffer: &'b mut [u8; LONGEST_NAME]) -> Option<&'b str> {
    let text = buffer.get_mut(..host.len() + 4)?;
    let (www, rest) = text.split_at_mut_checked(4)?;
    www.copy_from_slice(b"www.");
    rest.copy_from_slice(host.as_bytes());
    std::str::from_utf8(text).ok()
}

impl RedirectPolicy for CanonicalHost {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if !is_redirectable(head) {
            return Decision::Pass;
        }
        if is_acme_challenge(head) {
            return pass_because(head, "it is an ACME challenge");
        }
        head.authority().map_or(Decision::Pass, |asked| self.decide_for(&asked, head))
    }

    fn name(&self) -> Cow<'static, str> {
        "canonical-host".into()
    }
}
