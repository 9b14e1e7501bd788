//! Who is speaking, and to which host: what a request's own words are worth.
//!
//! Rules for the *effective* scheme, in the order in which they apply:
//!
//! 1. A transport fixed by [`Trust::transport`] decides whether a request is secure.
//! 2. Where the peer is a trusted proxy, the scheme that its field carries counts, in both
//!    directions: TLS from a proxy does not make a plaintext visitor secure. Without the field the
//!    request is plain, and a diagnosis says so.
//! 3. Where it is not, the [`Transport`] that the acceptor put into the request's extensions counts.
//! 4. Otherwise the request is plain. An absolute-form `https://` target, an HTTP/2 `:scheme` and a
//!    field from a peer that is not trusted prove nothing.
//!
//! And for the fields of trusted proxies:
//!
//! 5. The peer's address comes from a [`Peer`] extension, or from [`Trust::peer_from`]. Where none
//!    is known, nobody is trusted.
//! 6. `X-Forwarded-For` and `Forwarded` are read from the right, past trusted addresses only, and no
//!    further than the [hop limit](TrustedProxies::hop_limit). What stands to the left is the
//!    client's own affair. `unknown` and `_hidden` end the walk.
//! 7. `X-Forwarded-Proto` with one value is that value; with as many as `X-Forwarded-For`, the one at
//!    the walk's last hop. Anything else, and whatever is read and malformed, is answered 400. The
//!    addresses are read where somebody asks for the client, or for a scheme out of a list.
//!
//! Pitfalls: behind a proxy that terminates TLS every request looks plain until the proxy is trusted.
//! Trust addresses that only your proxies can have. `X-Forwarded-Host` and `-Port` are believed only
//! [by name](Trust::forwarded_host), since many proxies pass a client's own.
//!
//! ```
//! use http::Request;
//! use tower_redirect::{RequestHead, Scheme, Trust, trust::Peer};
//!
//! let trust = Trust::proxies(["10.0.0.0/8"])?.x_forwarded();
//! let mut request = Request::get("/")
//!     .header("x-forwarded-for", "spoofed, 192.0.2.7")
//!     .header("x-forwarded-proto", "https")
//!     .body(())?;
//! assert_eq!(RequestHead::with_trust(&request, &trust).scheme(), Scheme::Http);
//!
//! request.extensions_mut().insert(Peer::Ip([10, 1, 2, 3].into()));
//! let head = RequestHead::with_trust(&request, &trust);
//! assert_eq!(head.scheme(), Scheme::Https);
//! assert_eq!(head.client_ip(), Some([192, 0, 2, 7].into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod forwarded;
mod node;
mod peer;
mod proxies;
mod ranges;
mod transport;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::{Extensions, HeaderMap, HeaderName, header};

use crate::config_error::ConfigError;
use crate::uri::Scheme;
use forwarded::{Reading, Said};
pub use peer::Peer;
pub(crate) use proxies::NO_RANGE;
use proxies::Proxies;
pub(crate) use ranges::Ranges;
pub use transport::Transport;

/// Whose word counts about a request: one value, for every layer that asks.
///
/// [`Trust::nobody`] believes the acceptor's [`Transport`] extension and nothing else. See the
/// [module](self) for the rules.
#[derive(Clone, Default)]
#[must_use]
pub struct Trust {
    transport: Option<Transport>,
    proxies: Option<TrustedProxies>,
    family: Family,
    host: bool,
    port: bool,
    peer_from: Option<Arc<PeerFrom>>,
}

type PeerFrom = dyn Fn(&Extensions) -> Option<Peer> + Send + Sync;

/// Peers whose word counts; which of their words, is said by [`x_forwarded`](Self::x_forwarded) or
/// [`forwarded`](Self::forwarded).
#[derive(Clone, Debug)]
#[must_use]
pub struct TrustedProxies {
    proxies: Proxies,
    hops: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum Family {
    #[default]
    XForwarded,
    Forwarded,
}

impl TrustedProxies {
    /// Trusts whoever connects by a Unix socket, too.
    pub fn unix_sockets(mut self) -> Self {
        self.proxies.unix = true;
        self
    }

    /// How many entries of a forwarded list are read at most: 8 unless set.
    pub fn hop_limit(mut self, entries: usize) -> Self {
        self.hops = entries;
        self
    }

    /// Reads `X-Forwarded-For` and `X-Forwarded-Proto`.
    pub fn x_forwarded(self) -> Trust {
        Trust { proxies: Some(self), ..Trust::nobody() }
    }

    /// Reads `Forwarded` (RFC 7239).
    pub fn forwarded(self) -> Trust {
        Trust { proxies: Some(self), family: Family::Forwarded, ..Trust::nobody() }
    }
}

impl Trust {
    /// Believes no field from anyone.
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
    /// [`ConfigErrorKind::Proxy`](crate::ConfigErrorKind::Proxy) for what is neither.
    pub fn proxies<I>(ranges: I) -> Result<TrustedProxies, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Ok(TrustedProxies { proxies: Proxies::parse(ranges)?, hops: 8 })
    }

    /// Fixes the transport of every request, whatever an extension or a field says.
    pub const fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Believes the host that a trusted proxy forwards: `X-Forwarded-Host`, or `host` of `Forwarded`.
    /// Only where the proxy sets it itself: many pass on what a client sent.
    pub const fn forwarded_host(mut self) -> Self {
        self.host = true;
        self
    }

    /// Believes `X-Forwarded-Port` of a trusted proxy; with the same caution.
    pub const fn forwarded_port(mut self) -> Self {
        self.port = true;
        self
    }

    /// Where the peer's address is found, for servers that set no [`Peer`] extension.
    pub fn peer_from(
        mut self,
        peer: impl Fn(&Extensions) -> Option<Peer> + Send + Sync + 'static,
    ) -> Self {
        self.peer_from = Some(Arc::new(peer));
        self
    }

    pub(crate) const fn fixed_scheme(&self) -> Option<Scheme> {
        match self.transport {
            Some(Transport::Secure) => Some(Scheme::Https),
            Some(Transport::Plain) => Some(Scheme::Http),
            None => None,
        }
    }

    /// Finds peers by `peer`, unless it knows how already.
    pub(crate) fn or_peer_from(self, peer: fn(&Extensions) -> Option<Peer>) -> Self {
        if self.peer_from.is_some() { self } else { self.peer_from(peer) }
    }

    /// The scheme, where only the acceptor has a word.
    pub(crate) fn accepted(extensions: &Extensions) -> Scheme {
        match extensions.get() {
            Some(Transport::Secure) => Scheme::Https,
            _ => Scheme::Http,
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

    pub(crate) const fn forwards_authority(&self) -> bool {
        self.has_proxies() && (self.host || self.port)
    }

    /// The fields of a trusted proxy that are read.
    pub(crate) fn fields(&self) -> impl Iterator<Item = HeaderName> {
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

    /// Who speaks, and how; `Err` says what is wrong with the fields of a trusted proxy.
    pub(crate) fn facts<'a>(
        &self,
        extensions: &Extensions,
        headers: &'a HeaderMap,
    ) -> Result<Facts<'a>, &'static str> {
        let Some(reading) = self.reading(self.peer(extensions)) else {
            let (scheme, said) = (Self::accepted(extensions), Said::default());
            return Ok(Facts { scheme, said, by_proxy: false });
        };
        let said = match self.family {
            Family::XForwarded => reading.x_forwarded(headers)?,
            Family::Forwarded => reading.forwarded(headers)?.0,
        };
        Ok(Facts { scheme: said.scheme.unwrap_or(Scheme::Http), said, by_proxy: true })
    }

    /// The user agent's address, as far as trusted proxies know it. `Err` as above.
    pub(crate) fn client(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Option<IpAddr>, &'static str> {
        let peer = self.peer(extensions);
        let Some(reading) = self.reading(peer) else {
            return Ok(match peer {
                Some(Peer::Ip(address)) => Some(address.to_canonical()),
                _ => None,
            });
        };
        match self.family {
            Family::XForwarded => reading.walk(headers).map(|(client, _)| client),
            Family::Forwarded => reading.forwarded(headers).map(|(_, client)| client),
        }
    }

    /// How to read the fields of this peer; `None` where it is not trusted.
    fn reading(&self, peer: Option<Peer>) -> Option<Reading<'_>> {
        let TrustedProxies { proxies, hops } = self.proxies.as_ref()?;
        let trusted = proxies.trust(peer?);
        trusted.then_some(Reading { proxies, hops: *hops, host: self.host, port: self.port })
    }
}

/// What is known of who speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) said: Said<'a>,
    /// A trusted proxy was asked.
    pub(crate) by_proxy: bool,
}

impl Facts<'_> {
    /// A trusted proxy said nothing of the scheme.
    pub(crate) fn lack_scheme(&self) -> bool {
        self.by_proxy && self.said.scheme.is_none()
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
