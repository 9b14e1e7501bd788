use std::fmt;
use std::sync::Arc;

use http::{Extensions, HeaderName};

use super::forwarded::{FORWARDED, X_FORWARDED_PROTO};
use super::scheme_source::SchemeSource;
use super::{Peer, Transport, TrustedProxies};
use crate::axum;
use crate::config_error::ConfigError;
use crate::uri::Scheme;

/// Decides which statements about the scheme, host and client of a request are believed. One value can
/// be cloned for every layer that needs it.
///
/// [`Trust::nobody`] believes the acceptor's [`Transport`] extension and nothing else. See the
/// [module](crate::trust) for the rules.
///
/// Pitfalls: list addresses that only your proxies can have. Each proxy has to set or append
/// the headers that are read; otherwise it passes on those of the client. The peer's address has to be
/// known: with axum through feature `axum` and `into_make_service_with_connect_info`, otherwise through
/// a [`Peer`] extension.
///
/// ```
/// use http::Request;
/// use tower_redirect::{RequestHead, Scheme, Trust, trust::Peer};
///
/// let trust = Trust::proxies(["10.0.0.0/8"])?.x_forwarded();
/// for (peer, scheme) in [([10, 0, 0, 1], Scheme::Https), ([203, 0, 113, 9], Scheme::Http)] {
///     let request = Request::get("/").header("x-forwarded-proto", "https");
///     let request = request.extension(Peer::Ip(peer.into())).body(())?;
///     assert_eq!(RequestHead::with_trust(&request, &trust).scheme(), scheme, "{peer:?}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Trust {
    pub(super) transport: Option<Transport>,
    pub(super) proxies: Option<TrustedProxies>,
    pub(super) family: Family,
    pub(super) scheme_source: SchemeSource,
    pub(super) believes_host: bool,
    pub(super) believes_port: bool,
    pub(super) peer_from: Option<Arc<PeerFrom>>,
}

type PeerFrom = dyn Fn(&Extensions) -> Option<Peer> + Send + Sync;

/// The family of fields that are read from trusted proxies.
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
            scheme_source: SchemeSource::Family,
            believes_host: false,
            believes_port: false,
            peer_from: None,
        }
    }

    /// Trusts peers with these addresses, single or as ranges (`10.0.0.0/8`, `2001:db8::/32`).
    /// `::ffff:10.0.0.1` is the same as 10.0.0.1, and `::/0` contains no IPv4 address.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Proxy`](crate::ConfigErrorKind::Proxy) if an entry is neither an address
    /// nor a range, or if there is no entry.
    pub fn proxies<I>(ranges: I) -> Result<TrustedProxies, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        TrustedProxies::parse(ranges)
    }

    /// Trusts every peer that connects through a Unix socket, and no other. To trust such peers in addition
    /// to proxies with an address, use [`TrustedProxies::unix_sockets`].
    ///
    /// The server has to put [`Peer::Unix`] into the extensions of the requests of these connections. With
    /// axum, serve `app.layer(axum::Extension(Peer::Unix))` on the `UnixListener`, and `app` on others.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::{RequestHead, Trust, trust::Peer};
    ///
    /// let trust = Trust::unix_sockets().x_forwarded();
    /// for (peer, is_secure) in [(Peer::Unix, true), (Peer::Ip([127, 0, 0, 1].into()), false)] {
    ///     let request = Request::get("/").header("x-forwarded-proto", "https").extension(peer);
    ///     let request = request.body(())?;
    ///     assert_eq!(RequestHead::with_trust(&request, &trust).is_secure(), is_secure, "{peer}");
    /// }
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn unix_sockets() -> TrustedProxies {
        TrustedProxies::on_unix_sockets()
    }

    pub(super) fn from_proxies(proxies: TrustedProxies, family: Family) -> Self {
        Self { proxies: Some(proxies), family, ..Self::nobody() }
    }

    /// Reads the scheme of a trusted proxy's request from the field `name`, such as
    /// `CloudFront-Forwarded-Proto` or `X-Forwarded-Scheme`, instead of `X-Forwarded-Proto` or `Forwarded`.
    /// In a list, the scheme is the value at the client's position, as for `X-Forwarded-Proto`.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::{RequestHead, Trust, trust::Peer};
    ///
    /// let trust = Trust::proxies(["10.0.0.0/8"])?.x_forwarded();
    /// let trust = trust.scheme_field("CloudFront-Forwarded-Proto")?;
    /// let mut request = Request::get("/").header("cloudfront-forwarded-proto", "https").body(())?;
    /// assert!(!RequestHead::with_trust(&request, &trust).is_secure());
    /// request.extensions_mut().insert(Peer::Ip([10, 1, 2, 3].into()));
    /// assert!(RequestHead::with_trust(&request, &trust).is_secure());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if `name` is not a header name.
    pub fn scheme_field(mut self, name: &str) -> Result<Self, ConfigError> {
        self.scheme_source = SchemeSource::Named(header_name(name)?);
        Ok(self)
    }

    /// Reads the scheme of a trusted proxy's request from a field that is `on` for https, and `off`
    /// or absent for http, such as `X-Forwarded-Ssl` or `Front-End-Https`. The proxy has to remove the
    /// field if a client sends it.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] if `name` is not a header name.
    pub fn scheme_on(mut self, name: &str) -> Result<Self, ConfigError> {
        self.scheme_source = SchemeSource::Switch(header_name(name)?);
        Ok(self)
    }

    /// Fixes the transport of every request, regardless of extensions and fields.
    pub const fn transport(mut self, transport: Transport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Believes the host that a trusted proxy forwards: `X-Forwarded-Host`, or `host` of `Forwarded`.
    /// Enable it only if the proxy sets the value itself: many proxies pass on that of the client.
    pub const fn forwarded_host(mut self) -> Self {
        self.believes_host = true;
        self
    }

    /// Believes `X-Forwarded-Port` of a trusted proxy. Enable it only if the proxy sets the value
    /// itself. It has no effect if `Forwarded` is read, whose `host` includes the port.
    pub const fn forwarded_port(mut self) -> Self {
        self.believes_port = true;
        self
    }

    /// Finds the peer only with this function, for servers that set no [`Peer`] extension.
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

    pub(crate) fn peer(&self, extensions: &Extensions) -> Option<Peer> {
        match &self.peer_from {
            Some(peer_from) => peer_from(extensions),
            None => {
                extensions.get().copied().or_else(|| axum::connect_info(extensions).map(Peer::from))
            }
        }
    }

    pub(crate) const fn has_proxies(&self) -> bool {
        self.proxies.is_some()
    }

    /// Whether a trusted proxy may replace the request's host or port.
    pub(crate) const fn forwards_authority(&self) -> bool {
        self.has_proxies() && (self.believes_host || self.believes_port)
    }

    /// The name of the field that the scheme is read from.
    pub(crate) fn scheme_field_name(&self) -> &HeaderName {
        match (&self.scheme_source, self.family) {
            (SchemeSource::Named(name) | SchemeSource::Switch(name), _) => name,
            (SchemeSource::Family, Family::XForwarded) => &X_FORWARDED_PROTO,
            (SchemeSource::Family, Family::Forwarded) => &FORWARDED,
        }
    }

    /// Whether the forwarded host is believed.
    pub(crate) const fn believes_host(&self) -> bool {
        self.believes_host
    }
}

fn header_name(name: &str) -> Result<HeaderName, ConfigError> {
    name.parse().map_err(|_| ConfigError::header_name(name, "not a header name"))
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("transport", &self.transport)
            .field("proxies", &self.proxies)
            .field("family", &self.family)
            .field("scheme_source", &self.scheme_source)
            .field("forwarded_host", &self.believes_host)
            .field("forwarded_port", &self.believes_port)
            .field("peer_from", &self.peer_from.is_some())
            .finish()
    }
}
