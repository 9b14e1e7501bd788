use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::system_clock::Instant;
use crate::trust::Peer;

/// The maximum number of peers for which a cause is reported. Private and public peers are counted
/// separately, so that strangers cannot use up the places of the operator's own network.
const MAX_PEERS: usize = 16;

/// The length of a period, which begins with its first report. In the next period, every cause is new again.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// The reports of the current period: each cause once for each peer, for up to [`MAX_PEERS`] public peers
/// and as many others. A peer that is not known is one of the others.
#[derive(Debug, Default)]
pub(super) struct Reports {
    since: Option<Instant>,
    groups: Vec<CauseReports>,
}

/// The public peers, or all others, for which one cause was reported.
#[derive(Debug)]
struct CauseReports {
    cause: &'static str,
    of_public_peers: bool,
    peers: Vec<Option<Peer>>,
    /// Whether [`Novelty::Overflow`] was reported.
    has_overflowed: bool,
}

/// Whether a cause is new for a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    /// The cause was not reported for this peer, or for another address of its /64, in this period.
    First,
    /// The places for peers are used up. This is reported once.
    Overflow,
    /// The cause was reported for this peer, or the places are used up and that was reported.
    Known,
}

impl Reports {
    pub(super) fn admit(
        &mut self,
        cause: &'static str,
        peer: Option<Peer>,
        now: Instant,
    ) -> Novelty {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= PERIOD) {
            self.since = Some(now);
            self.groups.clear();
        }
        let is_public = peer.is_some_and(Peer::is_public);
        let peer = peer.map(network);
        let is_same =
            |group: &&mut CauseReports| group.cause == cause && group.of_public_peers == is_public;
        let Some(group) = self.groups.iter_mut().find(is_same) else {
            self.groups.push(CauseReports {
                cause,
                of_public_peers: is_public,
                peers: vec![peer],
                has_overflowed: false,
            });
            return Novelty::First;
        };
        if group.has_overflowed || group.peers.contains(&peer) {
            return Novelty::Known;
        }
        if group.peers.len() == MAX_PEERS {
            group.has_overflowed = true;
            return Novelty::Overflow;
        }
        group.peers.push(peer);
        Novelty::First
    }
}

/// Maps an IPv4-mapped address to its IPv4 address, and each other IPv6 address to its /64, because one
/// customer has a whole /64.
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
        let (mut reports, now) = (Reports::default(), Instant::now());
        for (cause, address, expected) in [
            ("a", "10.0.0.1", Novelty::First),
            ("a", "10.0.0.1", Novelty::Known),
            ("a", "::ffff:10.0.0.1", Novelty::Known),
            ("a", "10.0.0.2", Novelty::First),
            ("b", "10.0.0.1", Novelty::First),
            ("a", "2001:db8::1", Novelty::First),
            ("a", "2001:db8::2:1", Novelty::Known),
            ("a", "2001:db8:0:1::1", Novelty::First),
        ] {
            assert_eq!(reports.admit(cause, peer(address), now), expected, "{cause} {address}");
        }
        assert_eq!(reports.admit("a", None, now), Novelty::First);
        assert_eq!(reports.admit("a", None, now), Novelty::Known);
    }

    #[test]
    fn strangers_use_up_only_their_own_places() {
        let (mut reports, now) = (Reports::default(), Instant::now());
        let strangers: Vec<_> =
            (0..100).map(|n| reports.admit("a", peer(&format!("192.0.2.{n}")), now)).collect();
        let count = |novelty| strangers.iter().filter(|a| **a == novelty).count();
        assert_eq!((count(Novelty::First), count(Novelty::Overflow)), (16, 1));
        assert_eq!(reports.admit("a", peer("10.0.0.1"), now), Novelty::First);
        assert_eq!(reports.admit("b", peer("192.0.2.99"), now), Novelty::First);
    }

    #[test]
    fn everything_is_reported_again_after_an_hour() {
        let (mut reports, start) = (Reports::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(reports.admit("a", None, start), Novelty::First);
        assert_eq!(reports.admit("a", None, at(3599)), Novelty::Known);
        assert_eq!(reports.admit("a", None, at(3600)), Novelty::First);
        assert_eq!(reports.admit("a", None, at(3601)), Novelty::Known);
    }
}
