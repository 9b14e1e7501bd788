use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The other end of the connection. The acceptor sets it as a request extension, or
/// [`Trust::peer_from`](super::Trust::peer_from) finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// An IP address, without a port.
    Ip(IpAddr),
    /// A process on this machine, connected by a Unix socket.
    Unix,
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
