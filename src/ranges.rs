//! Sets of addresses and ranges, searched by bisection.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

/// The reason to give for a text that [`Ranges::parse`] refuses.
pub(crate) const NOT_A_RANGE: &str = "neither an address nor a range like 10.0.0.0/8";

/// A set of addresses and ranges (`10.0.0.0/8`). `::ffff:10.0.0.1` is treated as 10.0.0.1.
#[derive(Clone, Default)]
pub(crate) struct Ranges {
    v4: Sorted<u32>,
    v6: Sorted<u128>,
}

/// First and last address of each range, sorted. No two ranges overlap or touch.
type Sorted<N> = Arc<[(N, N)]>;

impl Ranges {
    /// Parses addresses and ranges. `Err` holds the first text that is neither.
    pub(crate) fn parse<I>(ranges: I) -> Result<Self, String>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let parse = |text: &str| parse_range(text).ok_or_else(|| text.to_owned());
        ranges.into_iter().map(|range| parse(range.as_ref())).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => holds(&self.v4, address.to_bits()),
            IpAddr::V6(address) => holds(&self.v6, address.to_bits()),
        }
    }
}

impl FromIterator<IpNet> for Ranges {
    fn from_iter<I: IntoIterator<Item = IpNet>>(ranges: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for range in ranges {
            match (range.network().to_canonical(), range.broadcast().to_canonical()) {
                (IpAddr::V4(first), IpAddr::V4(last)) => v4.push((first.to_bits(), last.to_bits())),
                // `contains` looks up a mapped address as IPv4, so a range wider than ::ffff:0:0/96 holds
                // only IPv6 addresses.
                (first, last) => v6.push((v6_bits(first), v6_bits(last))),
            }
        }
        Self {
            v4: sort_and_join(v4, |n| n.checked_add(1)),
            v6: sort_and_join(v6, |n| n.checked_add(1)),
        }
    }
}

/// Parses a range like `10.0.0.0/8`, or one address.
pub(crate) fn parse_range(text: &str) -> Option<IpNet> {
    match text.parse::<IpAddr>() {
        Ok(address) => Some(address.to_canonical().into()),
        Err(_) => text.parse().ok(),
    }
}

fn v6_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Sorts ranges, and joins those that overlap or touch.
fn sort_and_join<N: Copy + Ord>(
    mut ranges: Vec<(N, N)>,
    next: impl Fn(N) -> Option<N>,
) -> Sorted<N> {
    ranges.sort_unstable();
    let mut joined: Vec<(N, N)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match joined.last_mut() {
            Some(before) if next(before.1).is_none_or(|next| first <= next) => {
                before.1 = before.1.max(last);
            }
            _ => joined.push((first, last)),
        }
    }
    joined.into()
}

fn holds<N: Copy + Ord>(ranges: &Sorted<N>, address: N) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    let before = after.checked_sub(1).and_then(|at| ranges.get(at));
    before.is_some_and(|(_, last)| address <= *last)
}

impl fmt::Debug for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v4 =
            self.v4.iter().map(|&(a, z)| format!("{}-{}", Ipv4Addr::from(a), Ipv4Addr::from(z)));
        let v6 =
            self.v6.iter().map(|&(a, z)| format!("{}-{}", Ipv6Addr::from(a), Ipv6Addr::from(z)));
        f.debug_list().entries(v4).entries(v6).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_overlap_or_touch_are_joined() {
        let ranges = [
            "10.0.0.128/25",
            "10.0.0.0/25",
            "10.0.1.7",
            "10.0.0.9",
            "2001:db8::/32",
            "::1",
            "::2",
            "255.255.255.255",
            "::ffff:192.0.2.0/120",
        ];
        let ranges = Ranges::parse(ranges).expect("valid");
        let expected = "[\"10.0.0.0-10.0.0.255\", \"10.0.1.7-10.0.1.7\", \"192.0.2.0-192.0.2.255\", \
                        \"255.255.255.255-255.255.255.255\", \"::1-::2\", \
                        \"2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\"]";
        assert_eq!(format!("{ranges:?}"), expected);
    }

    #[test]
    fn contains_the_addresses_of_each_range() {
        let texts = ["10.0.0.0/8", "10.3.0.0/16", "192.0.2.1", "192.0.2.3", "2001:db8::/64", "::1"];
        let list: Vec<IpNet> = texts.iter().filter_map(|text| parse_range(text)).collect();
        let ranges = Ranges::parse(texts).expect("valid");
        for address in [
            "9.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "11.0.0.0",
            "192.0.2.0",
            "192.0.2.1",
            "192.0.2.2",
            "192.0.2.3",
            "192.0.2.4",
            "0.0.0.0",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "2001:db8::ffff",
            "2001:db8:0:1::",
            "::ffff:10.1.1.1",
            "::ffff:11.1.1.1",
        ] {
            let address: IpAddr = address.parse().expect("an address");
            let listed = list.iter().any(|range| range.contains(&address.to_canonical()));
            assert_eq!(ranges.contains(address), listed, "{address}");
        }
        assert!(!Ranges::default().contains([127, 0, 0, 1].into()));
    }

    #[test]
    fn parse_returns_the_text_that_is_not_a_range() {
        assert_eq!(
            Ranges::parse(["10.0.0.0/8", "10.0.0.0/33"]).err().as_deref(),
            Some("10.0.0.0/33")
        );
    }
}
