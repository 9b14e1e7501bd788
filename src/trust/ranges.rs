use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// The reason to give for a text that [`Ranges::parse`] refuses.
pub(crate) const NO_RANGE: &str = "neither an address nor a range like 10.0.0.0/8";

/// Addresses, single or as ranges (`10.0.0.0/8`).
#[derive(Clone, Debug)]
pub(crate) struct Ranges(Arc<[IpNet]>);

impl Ranges {
    /// Parses addresses and ranges. `Err` holds the first text that is neither.
    pub(crate) fn parse<I>(ranges: I) -> Result<Self, String>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let parse = |text: &str| match text.parse() {
            Ok(address) => Ok(IpNet::from(IpAddr::to_canonical(&address))),
            Err(_) => text.parse().map_err(|_| text.to_owned()),
        };
        ranges.into_iter().map(|range| parse(range.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a range holds the address; `::ffff:10.0.0.1` is 10.0.0.1.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(&address))
    }
}
