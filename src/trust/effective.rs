//! The effective values that a [`Trust`] finds for one request.

use std::net::IpAddr;

use http::{Extensions, HeaderMap, HeaderName};

use super::field_set::FieldSet;
use super::forwarded::{
    Client, Element, ForwardedReader, X_FORWARDED_HOST, X_FORWARDED_PORT, from_the_right, port_of,
};
use super::scheme_source::SchemeSource;
use super::trust::Family;
use super::{Peer, Transport, Trust};
use crate::uri::Scheme;

/// The scheme, host and port that the user agent used, according to the acceptor or a trusted proxy.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effective<'a> {
    /// `None` if a trusted proxy sent no scheme, unless a missing field means http.
    pub(crate) scheme: Option<Scheme>,
    /// The forwarded host, if it is believed.
    pub(crate) host: Option<&'a [u8]>,
    /// The forwarded port, if it is believed.
    pub(crate) port: Option<u16>,
    /// The fields that were read for these values.
    pub(crate) fields: FieldSet,
}

impl Trust {
    /// The scheme according to the acceptor's [`Transport`]; http if there is none.
    pub(crate) fn accepted_scheme(extensions: &Extensions) -> Scheme {
        match extensions.get() {
            Some(Transport::Secure) => Scheme::Https,
            _ => Scheme::Http,
        }
    }

    /// The effective values of a request. `Err` describes the fault in a trusted proxy's fields.
    pub(crate) fn effective<'a>(
        &self,
        extensions: &Extensions,
        headers: &'a HeaderMap,
    ) -> Result<Effective<'a>, &'static str> {
        let Some(reader) = self.reader(self.peer(extensions)) else {
            let scheme = Some(Self::accepted_scheme(extensions));
            return Ok(Effective { scheme, ..Effective::default() });
        };
        reader.effective(headers)
    }

    /// The address of the client: that of the peer, or, if the peer is a trusted proxy, the one that it
    /// forwards. Also the fields that were read. `Err` describes the fault in a trusted proxy's fields.
    pub(crate) fn client_ip(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<(Option<IpAddr>, FieldSet), &'static str> {
        let peer = self.peer(extensions);
        let Some(reader) = self.reader(peer) else {
            let address = match peer {
                Some(Peer::Ip(address)) => Some(address.to_canonical()),
                _ => None,
            };
            return Ok((address, FieldSet::default()));
        };
        let (client, _) = reader.client(headers)?;
        Ok((client, reader.list_field()))
    }

    /// The host that a trusted proxy forwards, whether or not it is believed. Only for diagnoses.
    pub(crate) fn unproven_host<'a>(
        &self,
        extensions: &Extensions,
        headers: &'a HeaderMap,
    ) -> Option<&'a [u8]> {
        let believing = Self { believes_host: true, ..self.clone() };
        let reader = believing.reader(self.peer(extensions))?;
        reader.effective(headers).ok()?.host
    }

    /// Whether the peer is a trusted proxy.
    pub(crate) fn trusts_peer(&self, extensions: &Extensions) -> bool {
        self.reader(self.peer(extensions)).is_some()
    }

    /// A reader for the fields of this peer; `None` if the peer is not trusted.
    fn reader(&self, peer: Option<Peer>) -> Option<ForwardedReader<'_>> {
        let proxies = self.proxies.as_ref()?;
        proxies.trusts(peer?).then_some(ForwardedReader { trust: self, proxies })
    }
}

impl ForwardedReader<'_> {
    fn effective<'a>(&self, headers: &'a HeaderMap) -> Result<Effective<'a>, &'static str> {
        let mut values = Effective::default();
        let fields = &mut values.fields;
        let is_x_forwarded = matches!(self.trust.family, Family::XForwarded);
        // One element holds all values, unless the scheme is read from another field.
        if !is_x_forwarded {
            let (Element { scheme, host, .. }, _) = self.forwarded(headers)?;
            (values.scheme, values.host) = (scheme, host);
            *fields = FieldSet::FORWARDED;
        }
        let source = &self.trust.scheme_source;
        // With `Forwarded`, the scheme is in the element, unless another field is set for it.
        let has_scheme_field = is_x_forwarded || !matches!(source, SchemeSource::Family);
        if has_scheme_field {
            *fields = fields.with(FieldSet::SCHEME);
            let name = self.trust.scheme_field_name();
            values.scheme = match self.read(headers, name, fields)? {
                Some(value) => Some(source.read(value).ok_or("malformed forwarded scheme\n")?),
                None => source.scheme_if_absent(),
            };
        }
        if self.trust.believes_host && is_x_forwarded {
            *fields = fields.with(FieldSet::HOST);
            values.host = self.read(headers, &X_FORWARDED_HOST, fields)?;
        }
        if self.trust.believes_port && is_x_forwarded {
            *fields = fields.with(FieldSet::PORT);
            if let Some(value) = self.read(headers, &X_FORWARDED_PORT, fields)? {
                values.port = Some(port_of(value).ok_or("malformed X-Forwarded-Port\n")?);
            }
        }
        Ok(values)
    }

    /// Reads the value of a field: in a list, the value at the position of the client, counted from
    /// the right. Each trusted proxy appends to this list and to the list of addresses, so the values that
    /// a client sends are to the left of the proxies' values, and do not change the position. If the
    /// position is needed, adds the field that holds the list of addresses to `fields`.
    fn read<'a>(
        &self,
        headers: &'a HeaderMap,
        name: &HeaderName,
        fields: &mut FieldSet,
    ) -> Result<Option<&'a [u8]>, &'static str> {
        const SHORT: &str = "fewer forwarded values than proxies\n";
        // Most proxies send one plain value. Reading it as a list costs 360 instructions more.
        let mut lines = headers.get_all(name).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        if matches!(line.as_bytes(), b"https" | b"http") && lines.next().is_none() {
            return Ok(Some(line.as_bytes()));
        }
        let mut values = from_the_right(headers, name);
        let Some(last) = values.next() else { return Ok(None) };
        let Some(before) = values.next() else { return Ok(Some(last)) };
        *fields = fields.with(self.list_field());
        let value = match self.client(headers)?.1 {
            0 => last,
            1 => before,
            position => values.nth(position - 2).ok_or(SHORT)?,
        };
        Ok(Some(value))
    }

    /// Reads the client from the list of addresses.
    fn client(&self, headers: &HeaderMap) -> Result<Client, &'static str> {
        match self.trust.family {
            Family::XForwarded => self.x_forwarded_for(headers),
            Family::Forwarded => self.forwarded(headers).map(|(_, client)| client),
        }
    }

    /// The field that holds the list of addresses.
    const fn list_field(&self) -> FieldSet {
        match self.trust.family {
            Family::XForwarded => FieldSet::FOR,
            Family::Forwarded => FieldSet::FORWARDED,
        }
    }
}
