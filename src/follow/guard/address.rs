//! Decides whether an address is globally reachable, by IANA's registries of special-purpose addresses
//! (RFC 6890) as of 2026. Multicast and reserved addresses are not reachable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::Ipv6Net;

use crate::ranges::Ranges;

/// IPv4 addresses that are not globally reachable.
const V4_SPECIAL: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// Addresses in 192.0.0.0/24 that are globally reachable (RFC 7723, RFC 8155).
const V4_REACHABLE: [&str; 2] = ["192.0.0.9", "192.0.0.10"];

/// IPv6 addresses of 2000::/3 that are not globally reachable.
const V6_SPECIAL: [&str; 3] = ["2001::/23", "2001:db8::/32", "3fff::/20"];

/// Addresses in 2001::/23 that are globally reachable.
const V6_REACHABLE: [&str; 7] = [
    "2001:1::1",
    "2001:1::2",
    "2001:1::3",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:20::/28",
    "2001:30::/28",
];

/// The prefix of IPv6 addresses that hold an IPv4 address (RFC 6052 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nat64 {
    prefix: u128,
    /// 32, 40, 48, 56, 64 or 96 bits.
    length: u32,
}

impl Nat64 {
    /// The well-known prefix (RFC 6052 §2.1).
    const WELL_KNOWN: Self = Self { prefix: 0x0064_ff9b_u128 << 96, length: 96 };

    /// Returns `None` for a length that is not in RFC 6052, and for a prefix with bits beyond its length.
    pub(super) fn new(prefix: Ipv6Net) -> Option<Self> {
        let length = u32::from(prefix.prefix_len());
        let is_valid =
            matches!(length, 32 | 40 | 48 | 56 | 64 | 96) && prefix.addr() == prefix.network();
        is_valid.then(|| Self { prefix: prefix.addr().to_bits(), length })
    }

    /// Returns the IPv4 address that follows the prefix; `None` for an address without this prefix.
    /// Bits 64 to 71, which RFC 6052 reserves, are skipped.
    #[allow(clippy::cast_possible_truncation)] // The low 32 bits are the address.
    fn inner(self, address: u128) -> Option<Ipv4Addr> {
        if (address ^ self.prefix) >> (128 - self.length) != 0 {
            return None;
        }
        let (upper, lower) = (address >> 64, address & (u128::MAX >> 72));
        let bits = match self.length {
            96 => address,
            length => (upper << 56 | lower) >> (120 - 32 - length),
        };
        Some(Ipv4Addr::from_bits(bits as u32))
    }
}

/// Whether an address is globally reachable. If an IPv6 address holds an [IPv4 address](inner_v4), the caller
/// passes the IPv4 address instead. Of an ISATAP address, both the IPv6 and the IPv4 address are checked.
pub(super) fn is_global(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

/// Returns the IPv4 address that an IPv6 address holds, by NAT64, 6to4 or Teredo. `nat64` lists prefixes in
/// addition to the well-known one. `None` for an IPv4 address, also if it is mapped to IPv6.
pub(super) fn inner_v4(address: IpAddr, nat64: &[Nat64]) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address.to_canonical() else { return None };
    let bits = address.to_bits();
    let nat64 = nat64.iter().chain([&Nat64::WELL_KNOWN]);
    let translated = nat64.copied().find_map(|prefix| prefix.inner(bits));
    translated.or_else(|| {
        let [first, second, third, .., seventh, eighth] = address.segments();
        match (first, second) {
            // 6to4 (RFC 3056 §2).
            (0x2002, _) => Some(v4(second, third)),
            // Teredo (RFC 4380 §4): the client's address, inverted.
            (0x2001, 0) => Some(v4(!seventh, !eighth)),
            _ => None,
        }
    })
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    static SPECIAL: LazyLock<Ranges> = LazyLock::new(|| ranges(&V4_SPECIAL));
    static REACHABLE: LazyLock<Ranges> = LazyLock::new(|| ranges(&V4_REACHABLE));
    !SPECIAL.contains(address.into()) || REACHABLE.contains(address.into())
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    static SPECIAL: LazyLock<Ranges> = LazyLock::new(|| ranges(&V6_SPECIAL));
    static REACHABLE: LazyLock<Ranges> = LazyLock::new(|| ranges(&V6_REACHABLE));
    // IANA assigns global unicast addresses only from 2000::/3 (registry "IPv6 Address Space").
    address.segments().first().is_some_and(|first| first & 0xe000 == 0x2000)
        && (!SPECIAL.contains(address.into()) || REACHABLE.contains(address.into()))
        && isatap_v4(address).is_none_or(is_global_v4)
}

/// Returns the IPv4 address in an ISATAP interface identifier (RFC 5214 §6.1). A network without ISATAP
/// treats it as any other identifier, so the IPv6 address is checked, too.
fn isatap_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., fifth, sixth, seventh, eighth] = address.segments();
    (matches!(fifth, 0 | 0x0200) && sixth == 0x5efe).then(|| v4(seventh, eighth))
}

/// Parses a constant list.
fn ranges(list: &[&str]) -> Ranges {
    // A test checks that every entry parses.
    Ranges::parse(list).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_ranges() {
        for list in [&V4_SPECIAL[..], &V4_REACHABLE, &V6_SPECIAL, &V6_REACHABLE] {
            assert!(!ranges(list).is_empty(), "{list:?}");
        }
    }
}
