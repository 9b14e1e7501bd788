//! Reads the fields in which proxies describe a request: `X-Forwarded-*` and `Forwarded` (RFC 7239 §4).
//! `Forwarded` is also accepted in some forms that its grammar does not allow.
//!
//! Each proxy appends an entry, so lists are read from the right, as long as the addresses are trusted.
//! Entries further left may be forged by the client. They are ignored, but a quoted string in `Forwarded`
//! that does not end also makes the entries to its right malformed.

use std::net::IpAddr;
use std::str;

use http::{HeaderMap, HeaderName, header};

use super::node::{self, Node};
use super::{Peer, Trust, TrustedProxies};
use crate::list::members;
use crate::quoted::split_bytes;
use crate::uri::Scheme;

pub(super) static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) static X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
pub(super) static FORWARDED: HeaderName = header::FORWARDED;

/// The client's address, if it is known, and the position of its entry, counted from the right.
pub(super) type Client = (Option<IpAddr>, usize);

/// Reads the fields of a trusted peer. Each `Err` is the text of a 400 response.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForwardedReader<'p> {
    pub(super) trust: &'p Trust,
    pub(super) proxies: &'p TrustedProxies,
}

impl ForwardedReader<'_> {
    /// Returns the client according to `X-Forwarded-For`: from the right, the first address that is not
    /// trusted. If all within the hop limit are trusted, the leftmost of these is the client. The client's
    /// address is not known if there is no entry, or if the search ends at one that is not an address.
    pub(super) fn x_forwarded_for(&self, headers: &HeaderMap) -> Result<Client, &'static str> {
        let mut client = (None, 0);
        let nodes = from_the_right(headers, &X_FORWARDED_FOR);
        for (position, node) in nodes.enumerate().take(self.proxies.hop_limit) {
            match node::parse(node).ok_or("malformed X-Forwarded-For\n")? {
                Node::Address(address) => {
                    client = (Some(address.to_canonical()), position);
                    if !self.proxies.trusts_address(address) {
                        break;
                    }
                }
                Node::Unix if self.proxies.trusts(Peer::Unix) => client = (None, position),
                Node::Unix | Node::Hidden => return Ok((None, position)),
            }
        }
        Ok(client)
    }

    /// Returns the element of `Forwarded` that describes the client's own request, and the client.
    ///
    /// Quoted strings can only be found by reading from the left. So this reads from the left, skips
    /// elements beyond the hop limit, and starts again at each element whose address is not trusted.
    pub(super) fn forwarded<'a>(
        &self,
        headers: &'a HeaderMap,
    ) -> Result<(Element<'a>, Client), &'static str> {
        const MALFORMED: &str = "malformed Forwarded\n";
        let elements = || {
            let lines = headers.get_all(header::FORWARDED).iter();
            let elements = lines.flat_map(|line| split_bytes(line.as_bytes(), b','));
            elements.filter(|element| *element != Ok(b""))
        };
        let skipped = elements().count().saturating_sub(self.proxies.hop_limit);
        let mut found = Ok((Element::default(), (None, 0)));
        for (index, element) in elements().skip(skipped).enumerate() {
            let element = element.ok().and_then(|element| self.element(element));
            let address = element.and_then(|element| element.address());
            let is_trusted = address.is_some_and(|address| self.proxies.trusts_address(address));
            found = match (element, found) {
                (None, _) => Err(MALFORMED),
                (Some(_), found) if is_trusted && index > 0 => {
                    found.map(|(element, (client, position))| (element, (client, position + 1)))
                }
                (Some(element), _) => {
                    Ok((element, (address.map(|address| address.to_canonical()), 0)))
                }
            };
        }
        found
    }

    /// Reads `[ pair ] *( ";" [ pair ] )`. Only `for`, `proto` and, if it is believed, `host` are validated:
    /// some routers send others in forms that the grammar does not allow.
    fn element<'a>(&self, element: &'a [u8]) -> Option<Element<'a>> {
        let (mut node, mut proto, mut host) = (None, None, None);
        for pair in split_bytes(element, b';') {
            let pair = pair.ok()?;
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let name = parts.next()?.trim_ascii();
            let slot = match name.len() {
                3 if name.eq_ignore_ascii_case(b"for") => &mut node,
                5 if name.eq_ignore_ascii_case(b"proto") => &mut proto,
                4 if name.eq_ignore_ascii_case(b"host") && self.trust.believes_host => &mut host,
                _ => continue,
            };
            if slot.replace(unquote(parts.next()?)?).is_some() {
                return None;
            }
        }
        let node = match node {
            Some(node) => Some(node::parse(node)?),
            None => None,
        };
        let scheme = match proto {
            Some(proto) => Some(scheme_of(proto)?),
            None => None,
        };
        Some(Element { node, scheme, host })
    }
}

/// The parameters of an element of `Forwarded` that are used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Element<'a> {
    node: Option<Node>,
    pub(super) scheme: Option<Scheme>,
    pub(super) host: Option<&'a [u8]>,
}

impl Element<'_> {
    fn address(&self) -> Option<IpAddr> {
        match self.node {
            Some(Node::Address(address)) => Some(address),
            _ => None,
        }
    }
}

/// Returns the entries of a list field from the last to the first. Several lines are one list. Empty
/// entries are skipped (RFC 9110 §5.6.1).
pub(super) fn from_the_right<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).into_iter().rev();
    let entries = lines.flat_map(|line| members(line.as_bytes()).rev());
    entries.filter(|entry| !entry.is_empty())
}

/// Returns a value without the quotes of a quoted string. `None` if it has a quote in another place, or an
/// escape, which no value that is read here needs.
fn unquote(value: &[u8]) -> Option<&[u8]> {
    let text = match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.strip_suffix(b"\"")?,
        None => value,
    };
    let is_plain = !text.iter().any(|byte| matches!(byte, b'"' | b'\\'));
    is_plain.then_some(text)
}

/// Parses a scheme. Some proxies send `ws` and `wss` for websockets.
pub(super) fn scheme_of(text: &[u8]) -> Option<Scheme> {
    let is = |name: &[u8]| name.eq_ignore_ascii_case(text);
    match text {
        b"https" => Some(Scheme::Https),
        b"http" => Some(Scheme::Http),
        _ if is(b"https") || is(b"wss") => Some(Scheme::Https),
        _ if is(b"http") || is(b"ws") => Some(Scheme::Http),
        _ => None,
    }
}

pub(super) fn port_of(text: &[u8]) -> Option<u16> {
    let digits = Some(text).filter(|text| text.iter().all(u8::is_ascii_digit))?;
    str::from_utf8(digits).ok()?.parse().ok()
}
