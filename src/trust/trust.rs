use std::fmt;
use std::sync::Arc;

use http::{Extensions, HeaderName, header};

use super::{Peer, Transport, TrustedProxies, forwarded};
use crate::config_error::ConfigError;
use crate::uri::Scheme;

/// Which statements about scheme, host and client a server believes: one value, for every layer
/// that needs it.
///
/// [`Trust::nobody`] believes the acceptor's [`Transport`] extension and nothing else. See the
/// [module](crate::trust) for the rules.
#[derive(Clone, Default)]
#[must_use]
pub struct Trust {
    pub(super) transport: Option<Transport>,
    pub(super) proxies: Option<TrustedProxies>,
    pub(super) family: Family,
    pub(super) host: bool,
    pub(super) port: bool,
    pub(super) peer_from: Option<Arc<PeerFrom>>,
}

type PeerFrom = dyn Fn(&Extensions) -> Option<Peer> + Send + Sync;

/// The family of fields that is read from trusted proxies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Family {
    #[default]
    XForwarded,
    Forwarded,
}

impl Trust {
    /// Trusts no peer: the fields of proxies are not read.
    pub const fn nobody() -> Self {
        Self {
            transport: None,
            proxies: None,
            family: Family::XForwarded,
            host: false,
            port: false,
            peer_from: None,
        }
    }

    /// Trusts peers with these addresses, single or as ranges (`10.0.0.0/8`, `2001:db8::/32`).
    /// `::ffff:10.0.0.1` is 10.0.0.1.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Proxy`](crate::ConfigErrorKind::Proxy) for a text that is neither an address nor a range.
    pub fn proxies<I>(ranges: I) -> Result<TrustedProxies, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        TrustedProxies::parse(ranges)
    }

    pub(super) fn from_proxies(proxies: TrustedProxies, family: Family) -> Self {
        Self { proxies: Some(proxies), family, ..Self::nobody() }
    }

    /// Fixes the transport of every request, whatever an extension or a field says.
    pub const fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Believes the host that a trusted proxy forwards: `X-Forwarded-Host`, or `host` of `Forwarded`.
    /// Enable it only where the proxy sets the value itself: many pass on what a client sent.
    pub const fn forwarded_host(mut self) -> Self {
        self.host = true;
        self
    }

    /// Believes `X-Forwarded-Port` of a trusted proxy. Enable it only where the proxy sets the value
    /// itself.
    pub const fn forwarded_port(mut self) -> Self {
        self.port = true;
        self
    }

    /// Finds the peer's address by `peer`, for servers that set no [`Peer`] extension.
    pub fn peer_from(
        mut self,
        peer: impl Fn(&Extensions) -> Option<Peer> + Send + Sync + 'static,
    ) -> Self {
        self.peer_from = Some(Arc::new(peer));
        self
    }

    /// Finds the peer's address by `peer`, unless [`peer_from`](Self::peer_from) was called.
    pub(crate) fn or_peer_from(self, peer: fn(&Extensions) -> Option<Peer>) -> Self {
        if self.peer_from.is_some() { self } else { self.peer_from(peer) }
    }

    pub(crate) const fn fixed_scheme(&self) -> Option<Scheme> {
        match self.transport {
            Some(Transport::Secure) => Some(Scheme::Https),
            Some(Transport::Plain) => Some(Scheme::Http),
            None => None,
        }
    }

    pub(crate) fn peer(&self, extensions: &Extensions) -> Option<Peer> {
        match &self.peer_from {
            Some(peer_from) => peer_from(extensions),
            None => extensions.get().copied(),
        }
    }

    pub(crate) const fn has_proxies(&self) -> bool {
        self.proxies.is_some()
    }

    /// Whether a trusted proxy may replace the request's host or port.
    pub(crate) const fn forwards_authority(&self) -> bool {
        self.has_proxies() && (self.host || self.port)
    }

    /// The names of the fields that are read from a trusted proxy.
    pub(crate) fn header_names(&self) -> impl Iterator<Item = HeaderName> {
        let names = match self.family {
            Family::XForwarded => [
                Some(forwarded::X_FORWARDED_FOR),
                Some(forwarded::X_FORWARDED_PROTO),
                self.host.then_some(forwarded::X_FORWARDED_HOST),
                self.port.then_some(forwarded::X_FORWARDED_PORT),
            ],
            Family::Forwarded => [Some(header::FORWARDED), None, None, None],
        };
        names.into_iter().flatten()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("transport", &self.transport)
            .field("proxies", &self.proxies)
            .field("family", &self.family)
            .field("forwarded_host", &self.host)
            .field("forwarded_port", &self.port)
            .field("peer_from", &self.peer_from.is_some())
            .finish()
    }
}
