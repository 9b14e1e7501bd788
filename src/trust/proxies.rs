use std::net::IpAddr;

use super::trust::Family;
use super::{Peer, Trust};
use crate::config_error::ConfigError;
use crate::ranges::{NOT_A_RANGE, Ranges};

/// The peers that are trusted proxies. [`x_forwarded`](Self::x_forwarded) or
/// [`forwarded`](Self::forwarded) chooses the fields that are read from them.
#[derive(Clone, Debug)]
#[must_use]
pub struct TrustedProxies {
    ranges: Ranges,
    unix: bool,
    /// The maximum number of entries of a forwarded list that are read.
    pub(super) hop_limit: usize,
}

impl TrustedProxies {
    pub(super) fn parse<I>(ranges: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let refused = |text: String| ConfigError::proxy(&text, NOT_A_RANGE);
        let ranges = Ranges::parse(ranges).map_err(refused)?;
        if ranges.is_empty() {
            let reason = "no address: `Trust::nobody()` trusts nobody, `Trust::unix_sockets()` \
                          trusts peers on Unix sockets";
            return Err(ConfigError::proxy("", reason));
        }
        Ok(Self { ranges, unix: false, hop_limit: 8 })
    }

    pub(super) fn on_unix_sockets() -> Self {
        Self { ranges: Ranges::default(), unix: true, hop_limit: 8 }
    }

    /// Also trusts every peer that connects through a Unix socket, and each `unix:` that nginx writes into
    /// `X-Forwarded-For` for such a peer.
    pub fn unix_sockets(mut self) -> Self {
        self.unix = true;
        self
    }

    /// Reads at most this many entries of a forwarded list, 8 by default. With 0 no proxy is trusted.
    pub fn hop_limit(mut self, entries: usize) -> Self {
        self.hop_limit = entries;
        self
    }

    /// Reads `X-Forwarded-For` and `X-Forwarded-Proto`.
    pub fn x_forwarded(self) -> Trust {
        Trust::from_proxies(self, Family::XForwarded)
    }

    /// Reads `Forwarded` (RFC 7239).
    pub fn forwarded(self) -> Trust {
        Trust::from_proxies(self, Family::Forwarded)
    }

    pub(super) fn trusts(&self, peer: Peer) -> bool {
        self.hop_limit > 0
            && match peer {
                Peer::Ip(address) => self.trusts_address(address),
                Peer::Unix => self.unix,
            }
    }

    pub(super) fn trusts_address(&self, address: IpAddr) -> bool {
        self.ranges.contains(address)
    }
}
