use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::config_error::ConfigError;
use crate::trust::Peer;

/// The peers whose forwarded fields count.
#[derive(Clone, Debug)]
pub(super) struct Proxies {
    ranges: Arc<[IpNet]>,
    pub(super) unix: bool,
}

impl Proxies {
    pub(super) fn parse<I>(ranges: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let parse = |text: &str| match text.parse() {
            Ok(address) => Ok(IpNet::from(IpAddr::to_canonical(&address))),
            Err(_) => text.parse().map_err(|_| {
                ConfigError::proxy(text, "neither an address nor a range like 10.0.0.0/8")
            }),
        };
        let ranges = ranges.into_iter().map(|range| parse(range.as_ref()));
        Ok(Self { ranges: ranges.collect::<Result<_, _>>()?, unix: false })
    }

    pub(super) fn trust(&self, peer: Peer) -> bool {
        match peer {
            Peer::Ip(address) => self.trust_address(address),
            Peer::Unix => self.unix,
        }
    }

    /// `::ffff:10.0.0.1` is 10.0.0.1.
    pub(super) fn trust_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.ranges.iter().any(|range| range.contains(&address))
    }
}
