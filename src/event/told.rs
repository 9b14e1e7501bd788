use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::trust::Peer;

/// Peers that a cause is told of, private and public ones apart, so that strangers from the internet
/// cannot use up what belongs to the operator's own network.
const PEERS: usize = 16;

/// After this time all is told anew.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// What was told during the last period: each cause once for each peer, up to [`PEERS`].
#[derive(Debug, Default)]
pub(super) struct Told {
    since: Option<Instant>,
    groups: Vec<Group>,
}

/// The peers that one cause was told of.
#[derive(Debug)]
struct Group {
    cause: &'static str,
    is_public: bool,
    peers: Vec<Option<Peer>>,
    is_full: bool,
}

/// Whether to tell of a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// For the first time.
    First,
    /// Only that there are more peers than are told of.
    Overflow,
    /// It was told already.
    Known,
}

impl Told {
    pub(super) fn admit(
        &mut self,
        cause: &'static str,
        peer: Option<Peer>,
        now: Instant,
    ) -> Admission {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= PERIOD) {
            self.since = Some(now);
            self.groups.clear();
        }
        let is_public = peer.is_some_and(Peer::is_public);
        let peer = peer.map(network);
        let group = |group: &&mut Group| group.cause == cause && group.is_public == is_public;
        let Some(group) = self.groups.iter_mut().find(group) else {
            self.groups.push(Group { cause, is_public, peers: vec![peer], is_full: false });
            return Admission::First;
        };
        if group.is_full || group.peers.contains(&peer) {
            return Admission::Known;
        }
        if group.peers.len() == PEERS {
            group.is_full = true;
            return Admission::Overflow;
        }
        group.peers.push(peer);
        Admission::First
    }
}

/// One peer for all addresses of a /64, which are one customer's.
fn network(peer: Peer) -> Peer {
    match peer {
        Peer::Ip(address) => Peer::Ip(match address.to_canonical() {
            IpAddr::V6(address) => {
                Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into()
            }
            v4 => v4,
        }),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Option<Peer> {
        Some(Peer::Ip(text.parse().expect("an address")))
    }

    #[test]
    fn once_for_each_cause_and_peer() {
        let (mut told, now) = (Told::default(), Instant::now());
        for (cause, address, expected) in [
            ("a", "10.0.0.1", Admission::First),
            ("a", "10.0.0.1", Admission::Known),
            ("a", "::ffff:10.0.0.1", Admission::Known),
            ("a", "10.0.0.2", Admission::First),
            ("b", "10.0.0.1", Admission::First),
            ("a", "2001:db8::1", Admission::First),
            ("a", "2001:db8::2:1", Admission::Known),
            ("a", "2001:db8:0:1::1", Admission::First),
        ] {
            assert_eq!(told.admit(cause, peer(address), now), expected, "{cause} {address}");
        }
        assert_eq!(told.admit("a", None, now), Admission::First);
        assert_eq!(told.admit("a", None, now), Admission::Known);
    }

    #[test]
    fn strangers_use_up_their_own_room_alone() {
        let (mut told, now) = (Told::default(), Instant::now());
        let strangers: Vec<_> =
            (0..100).map(|n| told.admit("a", peer(&format!("192.0.2.{n}")), now)).collect();
        let count = |admission| strangers.iter().filter(|a| **a == admission).count();
        assert_eq!((count(Admission::First), count(Admission::Overflow)), (16, 1));
        assert_eq!(told.admit("a", peer("10.0.0.1"), now), Admission::First);
        assert_eq!(told.admit("b", peer("192.0.2.99"), now), Admission::First);
    }

    #[test]
    fn all_is_told_again_after_an_hour() {
        let (mut told, start) = (Told::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(told.admit("a", None, start), Admission::First);
        assert_eq!(told.admit("a", None, at(3599)), Admission::Known);
        assert_eq!(told.admit("a", None, at(3600)), Admission::First);
        assert_eq!(told.admit("a", None, at(3601)), Admission::Known);
    }
}
