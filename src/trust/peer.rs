use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The other end of the connection. The acceptor sets it as a request extension, or
/// [`Trust::peer_from`](super::Trust::peer_from) finds it. With feature `axum`, the address in
/// `ConnectInfo<SocketAddr>` is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// An IP address, without a port.
    Ip(IpAddr),
    /// A process on this machine, connected through a Unix socket.
    Unix,
}

impl Peer {
    /// Whether the peer may be anyone on the internet: its address is not unspecified, nor in a loopback,
    /// private, shared or link-local range (RFC 1918, RFC 6598, RFC 4193).
    pub(crate) fn is_public(self) -> bool {
        let Self::Ip(address) = self else { return false };
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [first, second, ..] = address.octets();
                let is_shared = first == 100 && second & 0xc0 == 64;
                let is_local = address.is_loopback() || address.is_link_local();
                !(is_shared || is_local || address.is_private() || address.is_unspecified())
            }
            IpAddr::V6(address) => {
                let is_local = address.is_loopback() || address.is_unicast_link_local();
                !(is_local || address.is_unique_local() || address.is_unspecified())
            }
        }
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address.ip())
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.to_canonical().fmt(f),
            Self::Unix => f.write_str("a unix socket"),
        }
    }
}
