use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Who is at the other end of the connection: a request extension which the acceptor sets, or what
/// [`Trust::peer_from`](super::Trust::peer_from) finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// An address; its port says nothing.
    Ip(IpAddr),
    /// A process of this machine, by way of a Unix socket.
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
