use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use http::Uri;
use ipnet::{IpNet, Ipv6Net};
use url::Host;

use super::address::{Nat64, inner_v4, is_global};
use crate::config_error::ConfigError;
use crate::follow::{origins, userinfo};
use crate::ranges::{NOT_A_RANGE, Ranges, parse_range};
use crate::uri::{Origin, Scheme};

/// Refuses targets in networks that a client must not be led to. See the [module](super) for the rules.
///
/// Pitfall: a name passes, whatever it resolves to, unless it is malformed, `localhost` or below
/// `localhost`. The resolver has to ask [`allows_address`](Self::allows_address).
///
/// ```
/// use tower_redirect::follow::guard::TargetGuard;
///
/// let guard = TargetGuard::new().allow(["10.1.2.0/24"])?;
/// assert!(guard.allows(&"https://93.184.216.34/".parse()?));
/// assert!(guard.allows(&"http://10.1.2.3/".parse()?));
/// assert!(!guard.allows(&"http://2130706433/".parse()?), "127.0.0.1 as a number");
/// assert!(!guard.allows_address([169, 254, 169, 254].into()), "what a name may resolve to");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[doc(alias("ssrf"))]
#[must_use]
pub struct TargetGuard {
    allowed: Vec<IpNet>,
    denied: Vec<IpNet>,
    /// The same as `allowed` and `denied`, for fast lookups.
    allowed_ranges: Ranges,
    denied_ranges: Ranges,
    nat64: Vec<Nat64>,
    ports: Option<Box<[u16]>>,
    https_only: bool,
}

impl TargetGuard {
    /// Creates a guard that allows globally reachable addresses, and names other than `localhost` and those
    /// below it, at any port.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows these addresses and ranges, too. To allow an IPv6 address that embeds an IPv4 address by NAT64,
    /// 6to4 or Teredo, list the IPv4 address: `64:ff9b::/96` and `2002::/16` have no effect.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Address`](crate::ConfigErrorKind::Address) if an entry is neither an
    /// address nor a range, or if it holds all IPv4 addresses (also as IPv4-mapped addresses, as `::/64`
    /// does) or all IPv6 addresses.
    pub fn allow<I>(mut self, ranges: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        for range in ranges {
            let text = range.as_ref();
            let range = parse(text)?;
            if covers_address_family(range) {
                let reason =
                    "a range of all IPv4 or IPv6 addresses: to allow every address, use no guard";
                return Err(ConfigError::address(text, reason));
            }
            self.allowed.push(range);
        }
        self.allowed_ranges = self.allowed.iter().copied().collect();
        Ok(self)
    }

    /// Refuses these addresses and ranges, even if they would be allowed. `::/0` refuses all of IPv6,
    /// except IPv4-mapped addresses (`::ffff:1.1.1.1`), which are treated as IPv4.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Address`](crate::ConfigErrorKind::Address) if an entry is neither an
    /// address nor a range.
    pub fn deny<I>(mut self, ranges: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        for range in ranges {
            self.denied.push(parse(range.as_ref())?);
        }
        self.denied_ranges = self.denied.iter().copied().collect();
        Ok(self)
    }

    /// Adds a NAT64 prefix of your network (RFC 6052 §2.2) of 32, 40, 48, 56, 64 or 96 bits, such as
    /// `2001:db8:64::/96`. An address with this prefix is allowed if the IPv4 address in it is.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Address`](crate::ConfigErrorKind::Address) if `prefix` is not an IPv6
    /// prefix of one of these lengths, or has bits beyond its length (`2001:db8:64::1/96`).
    pub fn nat64_prefix(mut self, prefix: &str) -> Result<Self, ConfigError> {
        let nat64 = prefix.parse::<Ipv6Net>().ok().and_then(Nat64::new);
        let reason = "a NAT64 prefix has 32, 40, 48, 56, 64 or 96 bits, as in 2001:db8:64::/96";
        self.nat64.push(nat64.ok_or_else(|| ConfigError::address(prefix, reason))?);
        Ok(self)
    }

    /// Allows only these ports.
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports = Some(ports.into_iter().collect());
        self
    }

    /// Refuses http URLs.
    pub fn https_only(mut self) -> Self {
        self.https_only = true;
        self
    }

    /// Whether a request for this URL may be sent.
    pub fn allows(&self, uri: &Uri) -> bool {
        let Some(url) = origins::url(uri) else { return false };
        let Some(scheme) = Scheme::from_lower_case(url.scheme()) else { return false };
        let port = url.port().unwrap_or(scheme.default_port());
        let is_allowed_port = self.ports.as_ref().is_none_or(|ports| ports.contains(&port));
        is_allowed_port
            && (scheme == Scheme::Https || !self.https_only)
            && match url.host() {
                Some(Host::Ipv4(address)) => self.allows_address(address.into()),
                Some(Host::Ipv6(address)) => self.allows_address(address.into()),
                Some(Host::Domain(name)) => !is_localhost(name) && !has_empty_label(name),
                None => false,
            }
    }

    /// Whether a connection to this address may be made. For resolvers.
    pub fn allows_address(&self, address: IpAddr) -> bool {
        // If the address embeds an IPv4 address, that one has to be allowed, and neither may be denied.
        let effective = inner_v4(address, &self.nat64).map_or(address, IpAddr::V4);
        let is_denied =
            self.denied_ranges.contains(address) || self.denied_ranges.contains(effective);
        !is_denied && (self.allowed_ranges.contains(effective) || is_global(effective))
    }
}

/// Writes the IPv4 address of a URL as four decimal numbers, as [`TargetGuard::allows`] reads it.
/// `None` if there is nothing to change. Some clients read `010.0.0.1` as 8.0.0.1, others as 10.0.0.1.
pub(in crate::follow) fn with_plain_address(uri: &Uri) -> Option<Uri> {
    // A plain URL is already written as `url` writes it.
    if Origin::plain(uri).is_some() {
        return None;
    }
    let url = origins::url(uri)?;
    let Some(Host::Ipv4(address)) = url.host() else { return None };
    let text = uri.authority()?.as_str();
    let (_, host_and_port) = userinfo::split(text);
    let before_host = text.strip_suffix(host_and_port)?;
    let port = host_and_port.strip_prefix(uri.host()?)?;
    let authority = format!("{before_host}{address}{port}");
    if authority == text {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(authority.parse().ok()?);
    Uri::from_parts(parts).ok()
}

fn parse(text: &str) -> Result<IpNet, ConfigError> {
    parse_range(text).ok_or_else(|| ConfigError::address(text, NOT_A_RANGE))
}

/// Whether a range holds all IPv4 or all IPv6 addresses.
fn covers_address_family(range: IpNet) -> bool {
    let mapped = IpAddr::V6(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped());
    range.prefix_len() == 0 || range.prefix_len() <= 96 && range.contains(&mapped)
}

/// Whether a name has an empty label, which not all resolvers treat alike. One trailing dot is allowed.
fn has_empty_label(name: &str) -> bool {
    name.strip_suffix('.').unwrap_or(name).split('.').any(str::is_empty)
}

/// Whether a name is `localhost` or below it (RFC 6761 §6.3).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("localhost"))
}

impl fmt::Debug for TargetGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetGuard")
            .field("allowed", &self.allowed)
            .field("denied", &self.denied)
            .field("ports", &self.ports)
            .field("https_only", &self.https_only)
            .finish_non_exhaustive()
    }
}
