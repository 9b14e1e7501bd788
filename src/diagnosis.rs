use std::fmt;

use crate::trust::Peer;

/// Something that an operator should know: a configuration that did not do what it says.
///
/// Given to the hook of [`RedirectLayer::on_diagnosis`](crate::RedirectLayer::on_diagnosis), once for
/// each cause. Its `Display` names the cause and the call that would mend it.
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
    /// The standby of a [`Maintenance`](crate::Maintenance) is the origin that is in maintenance:
    /// answered 503, since a redirection would lead back here.
    StandbyIsSelf {
        /// Host and port that were asked for.
        authority: String,
    },
    /// A permanent redirection would have carried a host that the client chose, which caches then
    /// keep: sent as a temporary one.
    PermanentWithoutHosts {
        /// Host and port that were asked for.
        authority: String,
    },
    /// A peer that is not trusted says that the user agent came by https. If it is a proxy of yours,
    /// it will be redirected forever.
    UntrustedProxy {
        /// Who said so, where that is known.
        peer: Option<Peer>,
    },
    /// Proxies are configured, and the peer's address is not known, so that nobody is trusted.
    PeerUnknown,
    /// A browser says of an apparently plain request what it says over https alone: something in
    /// front terminates TLS.
    BrowserOverTls {
        /// The peer, where that is known.
        peer: Option<Peer>,
    },
    /// A trusted proxy does not say which scheme was used: taken for plain.
    ProxyWithoutScheme {
        /// Which proxy.
        peer: Peer,
    },
    /// A bypass by address is configured, and the peer's address is not known: nobody is let through.
    ClientUnknown,
    /// A peer that is not trusted, and whose address a bypass grants, forwards for others: not let
    /// through, since its address may be everybody's.
    BypassThroughProxy {
        /// The peer, where that is known.
        peer: Option<Peer>,
    },
    /// Redirections lead in a circle: answered 500, since a client would go round it.
    Cycle {
        /// The policies that lead round it.
        policies: Vec<&'static str>,
        /// The `Location`s, in order.
        locations: Vec<String>,
    },
}

impl Diagnosis {
    /// One bit for each cause, to tell each once.
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

struct Who(Option<Peer>);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(peer) => peer.fmt(f),
            None => f.write_str("a peer whose address is not known"),
        }
    }
}

/// What to write, so that this peer is trusted.
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
