use std::net::IpAddr;

use ipnet::IpNet;

use super::Authority;
use super::host::{LONGEST_NAME, check_spelling};
use crate::config_error::ConfigError;
use crate::ranges::{Ranges, parse_range};

/// Host names, suffixes and addresses. Names are looked up by hash, addresses by binary search. A lookup
/// allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct HostSet {
    names: Names,
    has_suffixes: bool,
    addresses: Ranges,
    /// Addresses that are listed with a port, sorted.
    address_ports: Box<[(IpAddr, u16)]>,
}

/// A name in lower case, or a suffix, which begins with a dot. `port` is `None` for any port.
#[derive(Clone, Debug)]
struct Name {
    hash: u64,
    text: Box<str>,
    port: Option<u16>,
}

impl HostSet {
    pub(crate) fn parse<I>(entries: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let (mut names, mut addresses, mut address_ports) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            match parse_entry(entry.as_ref())? {
                Entry::Name(name) => names.push(name),
                Entry::Addresses(range) => addresses.push(range),
                Entry::AddressPort(address, port) => address_ports.push((address, port)),
            }
        }
        address_ports.sort_unstable();
        Ok(Self {
            has_suffixes: names.iter().any(|name: &Name| name.text.starts_with('.')),
            names: Names::new(names),
            addresses: addresses.into_iter().collect(),
            address_ports: address_ports.into(),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        let Self { names, addresses, address_ports, .. } = self;
        names.sorted.is_empty() && addresses.is_empty() && address_ports.is_empty()
    }

    /// Whether the host is listed: without a port, or with the one that `port` returns.
    pub(crate) fn contains(&self, authority: &Authority<'_>, port: impl Fn() -> u16) -> bool {
        self.any(authority, |listed| listed.is_none_or(|listed| listed == port()))
    }

    /// Whether the host is listed, with any port or without one.
    #[cfg(feature = "config")]
    pub(crate) fn contains_at_any_port(&self, authority: &Authority<'_>) -> bool {
        self.any(authority, |_| true)
    }

    /// Whether the value of a `Host` header is a name that is listed without a port, and not only by a
    /// suffix. Compared without case. Such a value need not be parsed.
    pub(crate) fn contains_text(&self, host: &[u8]) -> bool {
        // A suffix is kept with its dot in front, which no name has.
        !host.starts_with(b".") && self.names.any(host, |port| port.is_none())
    }

    /// Whether the host is listed together with this port.
    pub(crate) fn lists_port(&self, authority: &Authority<'_>, port: u16) -> bool {
        self.any(authority, |listed| listed == Some(port))
    }

    /// Whether `accepts` is true for the port of an entry for this host.
    fn any(&self, authority: &Authority<'_>, accepts: impl Fn(Option<u16>) -> bool) -> bool {
        if let Some(address) = authority.address() {
            let address = address.to_canonical();
            let start = self.address_ports.partition_point(|(listed, _)| *listed < address);
            let ports = self.address_ports.iter().skip(start);
            let mut ports = ports.take_while(|(listed, _)| *listed == address);
            return self.addresses.contains(address) && accepts(None)
                || ports.any(|(_, port)| accepts(Some(*port)));
        }
        let host = authority.host().as_bytes();
        // No list holds a longer name.
        if host.len() > LONGEST_NAME {
            return false;
        }
        if self.names.any(host, &accepts) {
            return true;
        }
        let dots = host.iter().enumerate().filter(|(_, byte)| **byte == b'.');
        let mut suffixes = dots.filter_map(|(at, _)| host.get(at..));
        self.has_suffixes && suffixes.any(|suffix| self.names.any(suffix, &accepts))
    }
}

/// A hash table of names.
#[derive(Clone, Debug)]
struct Names {
    /// In the order of their hashes.
    sorted: Box<[Name]>,
    /// For each value of a hash's upper bits, the index of the first name whose upper bits are not less.
    starts: Box<[usize]>,
    /// The number of bits by which a hash is shifted right to give an index of `starts`.
    shift: u32,
}

impl Names {
    fn new(mut names: Vec<Name>) -> Self {
        names.sort_unstable_by_key(|name| name.hash);
        // At least twice as many places as names: most places then hold at most one.
        let bits = (2 * names.len()).next_power_of_two().ilog2().max(1);
        let shift = u64::BITS - bits;
        let start = |place: u64| names.partition_point(|name| name.hash >> shift < place);
        let starts = (0..1 << bits).map(start).collect();
        Self { sorted: names.into(), starts, shift }
    }

    /// Whether `accepts` is true for the port of an entry with this text.
    fn any(&self, text: &[u8], accepts: impl Fn(Option<u16>) -> bool) -> bool {
        let hash = hash(text);
        // The shifted hash is less than the number of places.
        let place = usize::try_from(hash >> self.shift).unwrap_or_default();
        let start = self.starts.get(place).copied().unwrap_or_default();
        let names = self.sorted.get(start..).unwrap_or_default();
        names.iter().take_while(|name| name.hash <= hash).any(|name| {
            name.hash == hash && is_same_name(name.text.as_bytes(), text) && accepts(name.port)
        })
    }
}

/// Whether both are equal without case. Most clients write a host in lower case.
fn is_same_name(name: &[u8], text: &[u8]) -> bool {
    name == text || name.eq_ignore_ascii_case(text)
}

enum Entry {
    Name(Name),
    Addresses(IpNet),
    AddressPort(IpAddr, u16),
}

fn parse_entry(text: &str) -> Result<Entry, ConfigError> {
    if let Some(range) = parse_range(text) {
        return Ok(Entry::Addresses(range));
    }
    let refuse = |reason| Err(ConfigError::host(text, reason));
    let (dot, name) = match text.strip_prefix("*.") {
        Some(name) => (".", name),
        None => ("", text),
    };
    // nginx configurations write `_` for every host.
    if matches!(text, "*" | "_") {
        return refuse("this lists every host: leave the list out");
    }
    // In Django and nginx, a dot in front means the name and all names below it.
    if text.starts_with('.') {
        return refuse(
            "write it without the dot in front; for the names below it, list `*.example.com`",
        );
    }
    if name.contains('*') {
        return refuse("`*.` is allowed only in front, for one or more labels: `*.example.com`");
    }
    if name.contains('/') {
        return refuse("neither a host without scheme and path nor a valid range of addresses");
    }
    check_spelling(name).map_err(|why| ConfigError::host(text, why))?;
    let authority = Authority::parse(name).map_err(|why| ConfigError::host(text, why))?;
    if name.ends_with(':') {
        return refuse("a port is missing after `:`");
    }
    if authority.host().len() + dot.len() > LONGEST_NAME {
        return refuse("longer than 253 bytes");
    }
    match (authority.address(), authority.port()) {
        (Some(_), _) if !dot.is_empty() => refuse("an address has no labels in front"),
        (Some(address), None) => Ok(Entry::Addresses(address.to_canonical().into())),
        (Some(address), Some(port)) => Ok(Entry::AddressPort(address.to_canonical(), port)),
        (None, port) => {
            let text = format!("{dot}{}", authority.host().to_ascii_lowercase());
            Ok(Entry::Name(Name { hash: hash(text.as_bytes()), text: text.into(), port }))
        }
    }
}

/// Hashes a name without case, eight bytes at a time. The operator chooses the names in the table, so
/// clients cannot slow lookups down by collisions.
fn hash(text: &[u8]) -> u64 {
    // Sets the bit in which lower case differs from upper case. Other texts that this makes equal share a
    // hash, but are told apart by `is_same_name`.
    const LOWER: u64 = 0x2020_2020_2020_2020;
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash ^ (word | LOWER)).wrapping_mul(FACTOR).rotate_left(29);
    let mut hash = text.len() as u64;
    let mut rest = text;
    while let Some((word, tail)) = rest.split_first_chunk() {
        hash = mix(hash, u64::from_le_bytes(*word));
        rest = tail;
    }
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    mix(hash, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(entries: &[&str]) -> HostSet {
        HostSet::parse(entries).expect("valid")
    }

    fn contains(set: &HostSet, host: &str) -> bool {
        let authority = Authority::parse(host).expect(host);
        set.contains(&authority, || authority.port().unwrap_or(80))
    }

    #[test]
    fn names_suffixes_and_addresses() {
        let hosts = set(&[
            "a.test",
            "*.b.test",
            "[::1]",
            "10.0.0.0/8",
            "192.0.2.7",
            "2001:db8::/32",
            "C.test:8443",
            "*.d.test:81",
            "127.0.0.1:8080",
            "[::2]:8443",
        ]);
        for (host, listed) in [
            ("a.test", true),
            ("A.TEST.:8080", true),
            ("x.a.test", false),
            ("a-test", false),
            ("x.b.test", true),
            ("y.x.B.test", true),
            ("b.test", false),
            ("xb.test", false),
            ("[0:0::1]", true),
            ("[::1]:99", true),
            ("10.1.2.3", true),
            ("10.1.2.3:8080", true),
            ("11.1.2.3", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("[2001:db8::7]", true),
            ("[::ffff:10.1.2.3]", true),
            // A name that only looks like an address is a name.
            ("10.1.2", false),
            ("c.test:8443", true),
            ("c.test", false),
            ("c.test:80", false),
            ("x.d.test:81", true),
            ("x.d.test", false),
            ("127.0.0.1:8080", true),
            ("127.0.0.1", false),
            ("[0::2]:8443", true),
            ("[::2]", false),
            ("attacker.test", false),
        ] {
            assert_eq!(contains(&hosts, host), listed, "{host}");
        }
    }

    #[test]
    fn only_written_ports_are_listed() {
        let hosts = set(&["a.test", "a.test:8443", "*.b.test:81", "10.0.0.1:8080", "10.0.0.1"]);
        for (host, port, listed) in [
            ("a.test", 8443, true),
            ("a.test", 80, false),
            ("x.b.test", 81, true),
            ("10.0.0.1", 8080, true),
            ("10.0.0.1", 80, false),
        ] {
            let authority = Authority::parse(host).expect(host);
            assert_eq!(hosts.lists_port(&authority, port), listed, "{host} {port}");
        }
    }

    #[test]
    fn lookups_among_ten_thousand_names() {
        let names = (0..5000).flat_map(|n| [format!("h{n}.test"), format!("*.s{n}.test")]);
        let hosts = HostSet::parse(names).expect("valid");
        for n in 0..5000 {
            assert!(contains(&hosts, &format!("H{n}.test")));
            assert!(contains(&hosts, &format!("x.y.s{n}.test")));
            assert!(!contains(&hosts, &format!("s{n}.test")));
            assert!(!contains(&hosts, &format!("x.h{n}.test")));
        }
        assert!(!contains(&hosts, &"a.".repeat(5000)));
    }

    #[test]
    fn invalid_entries_are_refused() {
        let long = "a".repeat(254);
        for entry in [
            "*",
            "_",
            ".a.test",
            "*.",
            "*.*.a.test",
            "a.*.test",
            "*a.test",
            "http://a.test",
            "",
            "a.test:",
            "a.test:0x1",
            "10.0.0.0/33",
            "*.10.0.0.1",
            "a b",
            &long,
        ] {
            let error = HostSet::parse([entry]).expect_err(entry);
            assert!(error.to_string().contains(&format!("{entry:?}")), "{error}");
        }
    }
}
