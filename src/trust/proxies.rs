use std::net::IpAddr;

use super::ranges::Ranges;
use crate::config_error::ConfigError;
use crate::trust::Peer;

/// The peers whose forwarded fields count.
#[derive(Clone, Debug)]
pub(super) struct Proxies {
    ranges: Ranges,
    pub(super) unix: bool,
}

impl Proxies {
    pub(super) fn parse<I>(ranges: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let refused = |text: String| ConfigError::proxy(&text, NO_RANGE);
        Ok(Self { ranges: Ranges::parse(ranges).map_err(refused)?, unix: false })
    }

    pub(super) fn trust(&self, peer: Peer) -> bool {
        match peer {
            Peer::Ip(address) => self.trust_address(address),
            Peer::Unix => self.unix,
        }
    }

    pub(super) fn trust_address(&self, address: IpAddr) -> bool {
        self.ranges.contains(address)
    }
}

/// What is wrong with a text that [`Ranges::parse`] refuses.
pub(crate) const NO_RANGE: &str = "neither an address nor a range like 10.0.0.0/8";
