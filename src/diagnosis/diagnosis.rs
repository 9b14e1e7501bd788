use std::borrow::Cow;
use std::fmt;

use super::cure::{peer_name, read_advice, trust_advice};
use crate::axum::MAKE_PEERS_KNOWN;
use crate::trust::Peer;

/// A sign that the configuration does not do what the operator wants, seen in a request.
///
/// It is passed to the hook of [`RedirectLayer::on_diagnosis`](crate::RedirectLayer::on_diagnosis), and
/// feature `tracing` logs it at level `WARN` with target `tower_redirect`. In a period of an hour, which
/// begins with its first diagnosis, each cause is reported once for each peer, for up to 16 private and 16
/// public peers. `Display` names the cause and calls that may fix it, and never advises trusting a public
/// address, which may be a visitor's. With [`report_only`](crate::RedirectLayer::report_only), the request
/// does not get the answer that a diagnosis names.
///
/// ```
/// use tower_redirect::{Diagnosis, trust::Peer};
///
/// let peer = Some(Peer::Ip([10, 1, 2, 3].into()));
/// let diagnosis = Diagnosis::UntrustedProxy { peer, header: "x-forwarded-proto" };
/// let call = r#".trust(Trust::proxies(["10.1.2.3"])?.x_forwarded())"#;
/// assert!(diagnosis.to_string().contains(call));
///
/// let peer = Some(Peer::Ip([203, 0, 113, 7].into()));
/// let diagnosis = Diagnosis::UntrustedProxy { peer, header: "x-forwarded-proto" };
/// assert!(!diagnosis.to_string().contains(r#"Trust::proxies(["203.0.113.7"])"#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The standby of a [`Maintenance`](crate::Maintenance) is the origin that is in maintenance. The
    /// request got 503, because a redirection would lead back here.
    StandbyIsSelf {
        /// Host and port that were asked for.
        authority: String,
    },
    /// A request for the path of the page or URL of a [`Maintenance`](crate::Maintenance) arrived with
    /// another host than the target's, and a proxy may have replaced the host that was asked for. If the user
    /// agent asked for the host of the target, a redirection leads back here.
    TargetMayBeSelf {
        /// Host and port that arrived here.
        authority: String,
        /// Host and port of the target.
        target: String,
    },
    /// A permanent redirection would have led caches to keep a host or port that the client chose. It
    /// was sent as a temporary one.
    PermanentWithoutHosts {
        /// Host and port that were asked for.
        authority: String,
    },
    /// A peer that is not trusted says that the user agent used https. If it is a proxy of yours, its
    /// requests are redirected forever.
    UntrustedProxy {
        /// The peer, if it is known.
        peer: Option<Peer>,
        /// The name, in lower case, of the field that says https.
        header: &'static str,
    },
    /// Proxies are configured, but the peer's address is not known, so no peer is trusted.
    PeerUnknown,
    /// A request that seems to come over http has headers that browsers send only over https. A proxy
    /// in front may terminate TLS.
    BrowserOverTls {
        /// The peer, if it is known.
        peer: Option<Peer>,
    },
    /// A trusted proxy does not say which scheme the user agent used. The request is treated as http.
    ProxyWithoutScheme {
        /// The proxy.
        peer: Peer,
        /// The name, in lower case, of a field that says https but is not read.
        header: Option<&'static str>,
    },
    /// A trusted proxy says http for a request with headers that browsers send only over https. Perhaps
    /// another proxy in front of it terminates TLS, and the trusted proxy does not pass on the scheme that
    /// the other one sends.
    ProxySaysHttp {
        /// The proxy.
        peer: Peer,
        /// The name, in lower case, of a field that says https but is not read.
        header: Option<&'static str>,
    },
    /// A trusted proxy sent forwarded fields that are malformed. The request got 400, unless only
    /// [annotations](crate::RedirectPolicy::annotate) read them.
    ForwardedRefused {
        /// The peer, if it is known.
        peer: Option<Peer>,
        /// Why the fields were refused.
        reason: &'static str,
    },
    /// A trusted proxy forwards a host that differs from `Host`, and the layer does not read forwarded hosts.
    /// If the proxy replaced `Host`, redirections lead to the name by which the proxy knows this server.
    HostReplaced {
        /// The peer, if it is known.
        peer: Option<Peer>,
        /// The `Host` that the proxy sent.
        host: String,
        /// The host that the proxy forwarded.
        forwarded: String,
    },
    /// A host is not one of [`RedirectLayer::hosts`](crate::RedirectLayer::hosts). The request got 421.
    HostNotListed {
        /// Host and port that were asked for.
        authority: String,
        /// The trusted proxy that sent the request, which may have replaced `Host`.
        proxy: Option<Peer>,
    },
    /// A client asked for https on a connection that is not known to be secure. The request got 421, unless
    /// only [annotations](crate::RedirectPolicy::annotate) asked for its host.
    TransportNotDeclared {
        /// The peer, if it is known.
        peer: Option<Peer>,
    },
    /// Many requests were redirected to https, but none has arrived that is known to be secure.
    NeverSecure,
    /// A bypass or a rule is limited to the addresses of some clients, but the peer's address is not known,
    /// so the bypass or the rule applies to nobody.
    ClientUnknown,
    /// A peer that is not trusted forwards requests, and the clients of a bypass or of a rule include
    /// its address. The request was not treated as that of such a client, because the peer may forward
    /// requests of anybody.
    ClientThroughProxy {
        /// The peer, if it is known.
        peer: Option<Peer>,
    },
    /// Redirections lead in a loop. The request got 500, because a client would follow the loop.
    Cycle {
        /// The policies that redirected.
        policies: Vec<Cow<'static, str>>,
        /// The `Location`s, in order.
        locations: Vec<String>,
    },
    /// More than 16 redirections follow each other without repeating a URL, or their `Location` has become
    /// longer than a URL can be. Usually a policy adds to the path each time. The request got 500.
    EndlessRedirections {
        /// The policies that redirected.
        policies: Vec<Cow<'static, str>>,
        /// The first `Location`s, in order.
        locations: Vec<String>,
    },
    /// A diagnosis applies to more peers than it is reported for. In a period of an hour, this is reported at
    /// most once for the private peers and once for the public peers of each diagnosis.
    ManyPeers {
        /// The [`name`](Self::name) of the diagnosis.
        diagnosis: &'static str,
    },
}

impl Diagnosis {
    /// A short name of the cause, for metrics and filters: `untrusted_proxy`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::StandbyIsSelf { .. } => "standby_is_self",
            Self::PermanentWithoutHosts { .. } => "permanent_without_hosts",
            Self::UntrustedProxy { .. } => "untrusted_proxy",
            Self::PeerUnknown => "peer_unknown",
            Self::BrowserOverTls { .. } => "browser_over_tls",
            Self::ProxyWithoutScheme { .. } => "proxy_without_scheme",
            Self::ProxySaysHttp { .. } => "proxy_says_http",
            Self::ForwardedRefused { .. } => "forwarded_refused",
            Self::HostReplaced { .. } => "host_replaced",
            Self::HostNotListed { .. } => "host_not_listed",
            Self::TransportNotDeclared { .. } => "transport_not_declared",
            Self::NeverSecure => "never_secure",
            Self::ClientUnknown => "client_unknown",
            Self::ClientThroughProxy { .. } => "client_through_proxy",
            Self::Cycle { .. } => "cycle",
            Self::ManyPeers { .. } => "many_peers",
            Self::TargetMayBeSelf { .. } => "target_may_be_self",
            Self::EndlessRedirections { .. } => "endless_redirections",
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
            Self::TargetMayBeSelf { authority, target } => write!(
                f,
                "maintenance redirects {authority} to its own path at {target}; if a proxy replaced \
                 the host {target} by {authority}, this is a redirect loop: let the proxy keep `Host`, or \
                 give the target as a path"
            ),
            Self::PermanentWithoutHosts { authority } => write!(
                f,
                "the `Location` of a permanent redirection of {authority} has a host or port that the \
                 client chose, so it was sent as a temporary one; list your hosts with `RedirectLayer::hosts`, and one with \
                 a port of its own as `name:port`"
            ),
            Self::UntrustedProxy { peer, header } => write!(
                f,
                "{}, which is not trusted, says by {header} that the user agent used https; if it \
                 is your proxy, its requests are redirected forever: {}",
                peer_name(*peer),
                trust_advice(*peer, Some(header))
            ),
            Self::PeerUnknown => write!(
                f,
                "proxies are configured, but no peer address is known, so that nobody is trusted: \
                 {MAKE_PEERS_KNOWN}"
            ),
            Self::BrowserOverTls { peer } => write!(
                f,
                "a request from {} has headers that browsers send only over https; if something in front \
                 terminates TLS, its requests are redirected forever: {}; if this server terminates TLS, \
                 {SAY_SECURE}",
                peer_name(*peer),
                trust_advice(*peer, None)
            ),
            Self::ProxyWithoutScheme { peer, header } => write!(
                f,
                "{peer} is trusted, but does not say which scheme was used, so the request is treated as \
                 http; {}let it send X-Forwarded-Proto, or read what it sends by `.forwarded()`, \
                 `.scheme_field(..)` or `.scheme_on(..)`, or, if every request to this layer comes over \
                 https, add `.transport(Transport::Secure)`",
                read_advice(*header)
            ),
            Self::ProxySaysHttp { peer, header } => write!(
                f,
                "{peer} is trusted and says http, but the request has headers that browsers send only over \
                 https, so it may be redirected forever; {}let {peer} pass on the scheme of the proxy in \
                 front of it, and trust the addresses of that proxy, too; or, if every request to this layer \
                 comes over https, add `.transport(Transport::Secure)`",
                read_advice(*header)
            ),
            Self::ForwardedRefused { peer, reason } => write!(
                f,
                "{} is trusted, but its fields are refused, and the answer is 400 if a policy needs them: \
                 {}; let it replace what a client sends, or trust it no longer",
                peer_name(*peer),
                reason.trim_end()
            ),
            Self::HostReplaced { peer, host, forwarded } => write!(
                f,
                "{} is trusted and sends Host {host:?}, but forwards {forwarded:?}; if it replaced \
                 Host, redirections lead to the wrong one: let it pass on Host, or, if it never \
                 passes on a client's own forwarded host, add `.forwarded_host()` to the trust",
                peer_name(*peer)
            ),
            Self::HostNotListed { authority, proxy } => {
                write!(
                    f,
                    "a request for {authority:?}, which is not one of the hosts, is refused with 421; "
                )?;
                if let Some(proxy) = proxy {
                    write!(
                        f,
                        "it came by a trusted proxy ({proxy}): if that replaces Host, let it send the \
                         client's (`proxy_set_header Host $http_host` in nginx); "
                    )?;
                }
                f.write_str(
                    "if it is the name of a site of yours, add it to `RedirectLayer::hosts`; health \
                     checks that ask by address are let in by listing the address or its range there",
                )
            }
            Self::TransportNotDeclared { peer } => write!(
                f,
                "{} asked for https on a connection that is not known to be secure; answered 421; if \
                 this server terminates TLS, {SAY_SECURE}; if a proxy does, {}",
                peer_name(*peer),
                trust_advice(*peer, None)
            ),
            Self::NeverSecure => write!(
                f,
                "many requests were sent to https, and none ever arrived that is known to be secure; \
                 if this server terminates TLS, {SAY_SECURE}; if a proxy does, trust it by \
                 `.trust(Trust::proxies([its addresses])?.x_forwarded())` and let it say the scheme"
            ),
            Self::ClientUnknown => write!(
                f,
                "a bypass or a rule is limited to the addresses of some clients, but no peer address is \
                 known, so it applies to nobody: {MAKE_PEERS_KNOWN}"
            ),
            Self::ClientThroughProxy { peer } => write!(
                f,
                "{} is among the clients of a bypass or of a rule, but forwards for others; if it is \
                 your proxy, {}",
                peer_name(*peer),
                trust_advice(*peer, None)
            ),
            Self::Cycle { policies, locations } => {
                write!(
                    f,
                    "redirections lead in a loop, answered 500: {}, by {}",
                    locations.join(" -> "),
                    policies.join(", ")
                )?;
                let names_hosts = locations.iter().any(|location| !location.starts_with('/'));
                let cure = "; if a policy sends requests to other servers on purpose, set \
                            `.allow_self()` on its redirection";
                f.write_str(if names_hosts { cure } else { "" })
            }
            Self::EndlessRedirections { policies, locations } => write!(
                f,
                "redirections have no end, answered 500: {} -> .., by {}; the policy has to pass requests \
                 for its own target",
                locations.join(" -> "),
                policies.join(", ")
            ),
            Self::ManyPeers { diagnosis } => write!(
                f,
                "{diagnosis} applies to more peers than are reported; the others are not reported for up to \
                 an hour"
            ),
        }
    }
}

const SAY_SECURE: &str = "let its TLS listener put `Transport::Secure` into each request's extensions, or \
                          add `.transport(Transport::Secure)` if only TLS reaches this layer";
