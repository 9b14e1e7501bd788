use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::uri::Scheme;
use http::{HeaderMap, Uri, header};
use url::Host;

use super::header as field;
use crate::follow::make_room::make_room;
use crate::uri::LONGEST_NAME;

/// The maximum number of learned hosts, without those of a preload list.
const MAX_LEARNED: usize = 10_000;

/// Hosts that are only contacted over https (RFC 6797). See the [module](super) for the rules.
///
/// Clones share their hosts. Pitfall: learned hosts are lost with the last clone, unless they are saved
/// (feature `config`).
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use http::{HeaderMap, Uri};
/// use tower_redirect::follow::hsts::HstsStore;
///
/// let store = HstsStore::new().with_preload_list([("bank.test", true)]);
/// let mut headers = HeaderMap::new();
/// headers.insert("strict-transport-security", "max-age=60".parse()?);
/// let now = SystemTime::now();
/// store.learn(&"https://shop.test/".parse()?, &headers, now);
///
/// let upgraded = |uri, now| store.upgrade(&Uri::from_static(uri), now).map(|uri| uri.to_string());
/// assert_eq!(upgraded("http://www.bank.test/", now).as_deref(), Some("https://www.bank.test/"));
/// assert_eq!(upgraded("http://shop.test/", now).as_deref(), Some("https://shop.test/"));
/// assert_eq!(upgraded("http://www.shop.test/", now), None, "without includeSubDomains");
/// assert_eq!(upgraded("http://shop.test/", now + Duration::from_secs(60)), None, "expired");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct HstsStore(Arc<Mutex<Hosts>>);

#[derive(Default)]
pub(super) struct Hosts {
    /// By name, in lower case and without a trailing dot.
    learned: HashMap<Box<str>, Entry>,
    /// The hosts of the preload list, and whether it includes their subdomains.
    preload_list: HashMap<Box<str>, bool>,
    /// The number of lookups and insertions so far. `Entry::used` is the value of this counter when the entry
    /// was last found or inserted.
    uses: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// `None` if the entry does not expire.
    pub(super) expires: Option<SystemTime>,
    pub(super) include_subdomains: bool,
    used: u64,
}

impl Entry {
    fn is_valid(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

impl HstsStore {
    /// Creates a store that knows no host.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a list of hosts that are always known, each with a flag: `true` includes its subdomains. The
    /// library does not ship a list. Names that are not domains are skipped.
    pub fn with_preload_list<I, N>(self, hosts: I) -> Self
    where
        I: IntoIterator<Item = (N, bool)>,
        N: AsRef<str>,
    {
        let names = hosts.into_iter().filter_map(|(name, include_subdomains)| {
            Some((normal_name(name.as_ref())?, include_subdomains))
        });
        self.lock().preload_list.extend(names);
        self
    }

    /// Whether a host is known at `now`, by its own entry or by that of a parent domain that includes
    /// subdomains.
    pub fn is_known(&self, host: &str, now: SystemTime) -> bool {
        name_to_look_up(host).is_some_and(|name| self.lock().is_known(&name, now))
    }

    /// Returns the https URL for an http URL whose host is known. `None` for all other URLs.
    pub fn upgrade(&self, uri: &Uri, now: SystemTime) -> Option<Uri> {
        if uri.scheme() != Some(&Scheme::HTTP) || !self.is_known(uri.host()?, now) {
            return None;
        }
        let mut parts = uri.clone().into_parts();
        parts.scheme = Some(Scheme::HTTPS);
        // Port 80 is removed, so that the default port of https applies.
        if uri.port_u16() == Some(80) {
            let (before, _) = uri.authority()?.as_str().rsplit_once(':')?;
            parts.authority = Some(before.parse().ok()?);
        }
        Uri::from_parts(parts).ok()
    }

    /// Learns from the headers of a response that came from `uri`. Nothing is learned from http URLs.
    pub fn learn(&self, uri: &Uri, headers: &HeaderMap, now: SystemTime) {
        let Some(value) = headers.get(header::STRICT_TRANSPORT_SECURITY) else { return };
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return;
        }
        let Some(name) = uri.host().and_then(normal_name) else { return };
        let Some(policy) = field::parse(value) else { return };
        let mut known = self.lock();
        if policy.max_age.is_zero() {
            known.learned.remove(&name);
            return;
        }
        let expires = now.checked_add(policy.max_age);
        known.insert(name, expires, policy.include_subdomains, now);
    }

    /// Removes a host that was learned.
    pub fn forget(&self, host: &str) {
        if let Some(name) = normal_name(host) {
            self.lock().learned.remove(&name);
        }
    }

    /// The number of learned hosts, including expired ones that are not removed yet.
    pub fn len(&self) -> usize {
        self.lock().learned.len()
    }

    /// Whether there are no learned hosts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the learned hosts, sorted by name.
    #[cfg(feature = "config")]
    pub(super) fn entries(&self) -> Vec<(Box<str>, Entry)> {
        let known = self.lock();
        let mut entries: Vec<_> =
            known.learned.iter().map(|(name, entry)| (name.clone(), *entry)).collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries
    }

    /// Adds a saved host: from a file of curl, or deserialized.
    #[cfg(feature = "config")]
    pub(super) fn add(&self, host: &str, expires: Option<SystemTime>, include_subdomains: bool) {
        if let Some(name) = normal_name(host) {
            self.lock().insert(name, expires, include_subdomains, crate::system_clock::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hosts {
    fn is_known(&mut self, name: &str, now: SystemTime) -> bool {
        self.uses += 1;
        let used = self.uses;
        let mut domain = Some(name);
        while let Some(current) = domain {
            let is_itself = current.len() == name.len();
            if self.preload_list.get(current).is_some_and(|below| is_itself || *below) {
                return true;
            }
            if let Some(entry) = self.learned.get_mut(current) {
                if entry.is_valid(now) && (is_itself || entry.include_subdomains) {
                    entry.used = used;
                    return true;
                }
            }
            domain = current.split_once('.').map(|(_, above)| above);
        }
        false
    }

    /// Removes expired hosts, then those that were used longest ago. If the names of more than half of all
    /// hosts end with the same two labels, only these hosts are removed before they expire, because the owner
    /// of one domain can make any number of names.
    fn make_room(&mut self, now: SystemTime) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for name in self.learned.keys() {
            *counts.entry(last_two_labels(name)).or_default() += 1;
        }
        let crowded = counts.into_iter().find(|(_, count)| *count > MAX_LEARNED / 2);
        let crowded = crowded.map(|(domain, _)| Box::<str>::from(domain));
        make_room(
            &mut self.learned,
            MAX_LEARNED,
            |entry| entry.is_valid(now),
            |name, entry| match &crowded {
                Some(crowded) if last_two_labels(name) != &**crowded => u64::MAX,
                _ => entry.used,
            },
        );
    }

    fn insert(
        &mut self,
        name: Box<str>,
        expires: Option<SystemTime>,
        include_subdomains: bool,
        now: SystemTime,
    ) {
        if self.learned.len() >= MAX_LEARNED && !self.learned.contains_key(&name) {
            self.make_room(now);
        }
        self.uses += 1;
        self.learned.insert(name, Entry { expires, include_subdomains, used: self.uses });
    }
}

/// Returns the last two labels of a name.
fn last_two_labels(name: &str) -> &str {
    let start = name.rmatch_indices('.').nth(1).map_or(0, |(dot, _)| dot + 1);
    name.get(start..).unwrap_or(name)
}

/// The longest text that is parsed as a host. Every valid name is shorter, even if its ASCII form is
/// percent-encoded.
const MAX_HOST_LEN: usize = 4 * LONGEST_NAME;

/// Returns a host as `url` writes it, without a trailing dot. `None` for addresses, and for text that is
/// not a DNS name.
fn normal_name(host: &str) -> Option<Box<str>> {
    if host.len() > MAX_HOST_LEN {
        return None;
    }
    let Host::Domain(name) = Host::parse(host).ok()? else { return None };
    let name = name.strip_suffix('.').unwrap_or(&name);
    let is_name = name.len() <= LONGEST_NAME && !name.split('.').any(str::is_empty);
    is_name.then(|| name.into())
}

/// Returns the name by which a host is looked up. Unlike [`normal_name`], returns a name for a host that
/// `url` refuses or that has an empty label (`a..test`, `a.test..`), because the host may still resolve to
/// a server below a known domain.
fn name_to_look_up(host: &str) -> Option<Box<str>> {
    if host.len() > MAX_HOST_LEN {
        return None;
    }
    let name = match Host::parse(host) {
        Ok(Host::Domain(name)) => name,
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => return None,
        Err(_) => host.to_ascii_lowercase(),
    };
    let name = name.trim_end_matches('.');
    // The time of a lookup grows with the square of the length of the name.
    (name.len() <= LONGEST_NAME).then(|| name.into())
}

impl fmt::Debug for HstsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.lock();
        f.debug_struct("HstsStore")
            .field("learned", &known.learned.len())
            .field("preload_list", &known.preload_list.len())
            .finish()
    }
}
