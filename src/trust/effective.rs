//! What a [`Trust`] makes of one request.

use std::net::IpAddr;

use http::{Extensions, HeaderMap};

use super::forwarded::ForwardedReader;
use super::trust::Family;
use super::{ForwardedValues, Peer, Transport, Trust};
use crate::uri::Scheme;

/// What the user agent used, as far as the acceptor or a trusted proxy says it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effective<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) forwarded: ForwardedValues<'a>,
    /// Whether the peer is a trusted proxy, so that its fields were read.
    pub(crate) by_proxy: bool,
}

impl Effective<'_> {
    /// Whether a trusted proxy sent no scheme.
    pub(crate) fn lacks_scheme(&self) -> bool {
        self.by_proxy && self.forwarded.scheme.is_none()
    }
}

impl Trust {
    /// The scheme by the acceptor's [`Transport`] alone.
    pub(crate) fn accepted_scheme(extensions: &Extensions) -> Scheme {
        match extensions.get() {
            Some(Transport::Secure) => Scheme::Https,
            _ => Scheme::Http,
        }
    }

    /// The effective values of a request. `Err` says what is wrong with a trusted proxy's fields.
    pub(crate) fn effective<'a>(
        &self,
        extensions: &Extensions,
        headers: &'a HeaderMap,
    ) -> Result<Effective<'a>, &'static str> {
        let Some(reader) = self.reader(self.peer(extensions)) else {
            let (scheme, forwarded) = (Self::accepted_scheme(extensions), Default::default());
            return Ok(Effective { scheme, forwarded, by_proxy: false });
        };
        let forwarded = match self.family {
            Family::XForwarded => reader.x_forwarded(headers)?,
            Family::Forwarded => reader.forwarded(headers)?.0,
        };
        let scheme = forwarded.scheme.unwrap_or(Scheme::Http);
        Ok(Effective { scheme, forwarded, by_proxy: true })
    }

    /// The user agent's address, as far as trusted proxies know it. `Err` says what is wrong with a
    /// trusted proxy's fields.
    pub(crate) fn client_ip(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Option<IpAddr>, &'static str> {
        let peer = self.peer(extensions);
        let Some(reader) = self.reader(peer) else {
            return Ok(match peer {
                Some(Peer::Ip(address)) => Some(address.to_canonical()),
                _ => None,
            });
        };
        match self.family {
            Family::XForwarded => reader.find_client(headers).map(|(client, _)| client),
            Family::Forwarded => reader.forwarded(headers).map(|(_, client)| client),
        }
    }

    /// A reader for the fields of this peer; `None` where the peer is not trusted.
    fn reader(&self, peer: Option<Peer>) -> Option<ForwardedReader<'_>> {
        let proxies = self.proxies.as_ref()?;
        let trusted = proxies.trusts(peer?);
        trusted.then_some(ForwardedReader { proxies, host: self.host, port: self.port })
    }
}
