use std::fmt;

use crate::trust::Peer;

/// A sign that the configuration does not do what the operator wants, seen in a request.
///
/// The hook of [`RedirectLayer::on_diagnosis`](crate::RedirectLayer::on_diagnosis) gets each cause
/// once. `Display` names the cause and the call that mends it.
///
/// ```
/// use tower_redirect::{Diagnosis, trust::Peer};
///
/// let diagnosis = Diagnosis::UntrustedProxy { peer: Some(Peer::Ip([10, 1, 2, 3].into())) };
/// assert!(diagnosis.to_string().contains(r#".trust(Trust::proxies(["10.1.2.3"])?.x_forwarded())"#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The standby of a [`Maintenance`](crate::Maintenance) is the origin that is in maintenance. The
    /// request got 503, since a redirection would lead back here.
    StandbyIsSelf {
        /// Host and port that were asked for.
        authority: String,
    },
    /// A permanent redirection would have led caches to keep a host that the client chose. It was sent
    /// as a temporary one.
    PermanentWithoutHosts {
        /// Host and port that were asked for.
        authority: String,
    },
    /// A peer that is not trusted says that the user agent used https. If it is a proxy of yours, its
    /// requests are redirected forever.
    UntrustedProxy {
        /// The peer, if its address is known.
        peer: Option<Peer>,
    },
    /// Proxies are configured, but the peer's address is not known, so that no peer is trusted.
    PeerUnknown,
    /// A browser sent a request that seems to come over http with headers that it sends over https
    /// alone. A proxy in front may terminate TLS.
    BrowserOverTls {
        /// The peer, if its address is known.
        peer: Option<Peer>,
    },
    /// A trusted proxy does not say which scheme the user agent used. The request counts as http.
    ProxyWithoutScheme {
        /// The proxy.
        peer: Peer,
    },
    /// A bypass by address is configured, but the peer's address is not known, so that it lets nobody
    /// through.
    ClientUnknown,
    /// A peer that is not trusted forwards requests, and a bypass contains its address. The request
    /// was not let through, since the peer may forward everybody's.
    BypassThroughProxy {
        /// The peer, if its address is known.
        peer: Option<Peer>,
    },
    /// Redirections lead in a loop. The request got 500, since a client would follow the loop.
    Cycle {
        /// The policies that redirected.
        policies: Vec<&'static str>,
        /// The `Location`s, in order.
        locations: Vec<String>,
    },
}

impl Diagnosis {
    /// Returns the bit of this cause, by which each is reported once.
    pub(crate) const fn cause(&self) -> u32 {
        1 << match self {
            Self::StandbyIsSelf { .. } => 0,
            Self::PermanentWithoutHosts { .. } => 1,
            Self::UntrustedProxy { .. } => 2,
            Self::PeerUnknown => 3,
            Self::BrowserOverTls { .. } => 4,
            Self::ProxyWithoutScheme { .. } => 5,
            Self::Cycle { .. } => 6,
            Self::ClientUnknown => 7,
            Self::BypassThroughProxy { .. } => 8,
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandbyIsSelf { authority } => write!(
                f,
                "the standby is {authority} itself, which is in maintenance; answered 503; give \
                 `Maintenance::standby` another origin"
            ),
            Self::PermanentWithoutHosts { authority } => write!(
                f,
                "a permanent redirection to {authority}, a host that the client chose, was sent \
                 as a temporary one; name your hosts with `RedirectLayer::hosts`"
            ),
            Self::UntrustedProxy { peer } => {
                let who = Who(*peer);
                write!(
                    f,
                    "{who}, which is not trusted, says that the user agent came by https; if "
                )?;
                write!(f, "it is your proxy, this goes round in circles: {}", Call(*peer))
            }
            Self::PeerUnknown => write!(
                f,
                "proxies are configured, but no peer address is known, so that nobody is trusted: \
                 {}",
                Call(None)
            ),
            Self::BrowserOverTls { peer } => write!(
                f,
                "a browser that came by way of {} sends fields that it sends over https alone; if \
                 something in front terminates TLS, this goes round in circles: {}",
                Who(*peer),
                Call(*peer)
            ),
            Self::ProxyWithoutScheme { peer } => write!(
                f,
                "{peer} is trusted, but does not say which scheme was used; taken for plain; let \
                 it send X-Forwarded-Proto, or read the field that it sends"
            ),
            Self::ClientUnknown => write!(
                f,
                "clients are let through maintenance by address, but no peer address is known, so \
                 that nobody is: {}",
                Call(None)
            ),
            Self::BypassThroughProxy { peer } => write!(
                f,
                "{} would be let through maintenance by its address, but forwards for others; if \
                 it is your proxy, {}",
                Who(*peer),
                Call(*peer)
            ),
            Self::Cycle { policies, locations } => write!(
                f,
                "redirections lead in a circle, answered 500: {}, by {}",
                locations.join(" -> "),
                policies.join(", ")
            ),
        }
    }
}

/// Prints the peer, or that its address is not known.
struct Who(Option<Peer>);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(peer) => peer.fmt(f),
            None => f.write_str("a peer whose address is not known"),
        }
    }
}

/// Prints the call that makes this peer trusted.
struct Call(Option<Peer>);

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Peer::Ip(address)) => write!(
                f,
                "add `.trust(Trust::proxies([\"{}\"])?.x_forwarded())`",
                address.to_canonical()
            ),
            Some(Peer::Unix) => f.write_str(
                "add `.trust(Trust::proxies([\"127.0.0.1\"])?.unix_sockets().x_forwarded())`",
            ),
            None => f.write_str(
                "add `.axum()` and serve with \
                 `app.into_make_service_with_connect_info::<SocketAddr>()`, or put a `Peer` into \
                 each request's extensions",
            ),
        }
    }
}
