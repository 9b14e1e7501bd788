//! Reads the fields in which proxies describe a request: `X-Forwarded-*`, and `Forwarded` by its
//! grammar (RFC 7239 §4).
//!
//! Each proxy appends an entry, so that lists are read from the right, past trusted addresses only.
//! A client can put anything to the left of the last entry that is read: it is not even validated.

use std::net::IpAddr;
use std::str;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::TrustedProxies;
use super::node::{self, Node};
use crate::quoted::split;
use crate::uri::Scheme;

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// Scheme, host and port that trusted proxies forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ForwardedValues<'a> {
    pub(crate) scheme: Option<Scheme>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) port: Option<u16>,
}

/// Reads the fields of a trusted peer. Each `Err` says what is malformed or contradictory.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForwardedReader<'p> {
    pub(super) proxies: &'p TrustedProxies,
    /// Whether the forwarded host is believed.
    pub(super) host: bool,
    /// Whether the forwarded port is believed.
    pub(super) port: bool,
}

impl ForwardedReader<'_> {
    /// The values of the `X-Forwarded-*` fields.
    pub(super) fn x_forwarded<'a>(
        &self,
        headers: &'a HeaderMap,
    ) -> Result<ForwardedValues<'a>, &'static str> {
        const PROTO: &str = "contradictory or malformed X-Forwarded-Proto\n";
        const HOST: &str = "contradictory X-Forwarded-Host\n";
        const PORT: &str = "contradictory or malformed X-Forwarded-Port\n";
        let scheme = self.value(headers, &X_FORWARDED_PROTO, PROTO)?;
        let scheme = scheme.map(|text| scheme_of(text).ok_or(PROTO)).transpose()?;
        let host = if self.host { self.value(headers, &X_FORWARDED_HOST, HOST)? } else { None };
        let port = if self.port { self.value(headers, &X_FORWARDED_PORT, PORT)? } else { None };
        let port = port.map(|text| port_of(text).ok_or(PORT)).transpose()?;
        Ok(ForwardedValues { scheme, host, port })
    }

    /// The value of a field that has one. Of a list as long as `X-Forwarded-For`, the value at the
    /// position of the client: each proxy appends to both.
    fn value<'a>(
        &self,
        headers: &'a HeaderMap,
        name: &HeaderName,
        problem: &'static str,
    ) -> Result<Option<&'a [u8]>, &'static str> {
        let mut lines = headers.get_all(name).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        let only = line.as_bytes().trim_ascii();
        if lines.next().is_none() && !only.is_empty() && !only.contains(&b',') {
            return Ok(Some(only));
        }
        let count = |name| from_the_right(headers, name).count();
        let mut values = from_the_right(headers, name);
        match count(name) {
            0 | 1 => Ok(values.next()),
            several if several == count(&X_FORWARDED_FOR) => {
                let (_, depth) = self.find_client(headers)?;
                Ok(values.nth(depth))
            }
            _ => Err(problem),
        }
    }

    /// The client's address by `X-Forwarded-For`, and its position from the right: the first address
    /// that is not trusted, or the last one within the hop limit.
    pub(super) fn find_client(
        &self,
        headers: &HeaderMap,
    ) -> Result<(Option<IpAddr>, usize), &'static str> {
        let mut reached = (None, 0);
        let nodes = from_the_right(headers, &X_FORWARDED_FOR);
        for (depth, node) in nodes.enumerate().take(self.proxies.entries()) {
            let node = str::from_utf8(node).ok().and_then(node::parse);
            match node.ok_or("malformed X-Forwarded-For\n")? {
                Node::Address(address) => {
                    reached = (Some(address.to_canonical()), depth);
                    if !self.proxies.trusts_address(address) {
                        break;
                    }
                }
                Node::Hidden => return Ok((None, depth)),
            }
        }
        Ok(reached)
    }

    /// The values of `Forwarded`, and the client's address by it.
    pub(super) fn forwarded<'a>(
        &self,
        headers: &'a HeaderMap,
    ) -> Result<(ForwardedValues<'a>, Option<IpAddr>), &'static str> {
        const MALFORMED: &str = "malformed Forwarded\n";
        let mut forwarded = (ForwardedValues::default(), None);
        let mut left = self.proxies.entries();
        for line in headers.get_all(header::FORWARDED).iter().rev() {
            let line = line.to_str().map_err(|_| MALFORMED)?;
            let elements = split(line, b',').filter(|element| element != &Ok("")).count();
            for index in (0..elements).rev() {
                if left == 0 {
                    return Ok(forwarded);
                }
                left -= 1;
                let mut elements = split(line, b',').filter(|element| element != &Ok(""));
                let element = elements.nth(index).and_then(Result::ok).ok_or(MALFORMED)?;
                // A quote that does not end swallows the elements behind it.
                if elements.any(|element| element.is_err()) {
                    return Err(MALFORMED);
                }
                let (node, values) = self.element(element).ok_or(MALFORMED)?;
                let address = match node {
                    Some(Node::Address(address)) => Some(address),
                    _ => None,
                };
                forwarded = (values, address.map(|address| address.to_canonical()));
                if !address.is_some_and(|address| self.proxies.trusts_address(address)) {
                    return Ok(forwarded);
                }
            }
        }
        Ok(forwarded)
    }

    /// Reads `[ pair ] *( ";" [ pair ] )`, each parameter at most once.
    fn element<'a>(&self, element: &'a str) -> Option<(Option<Node>, ForwardedValues<'a>)> {
        let mut values = ForwardedValues::default();
        let mut node = None;
        for (index, pair) in split(element, b';').enumerate() {
            let pair = pair.ok()?;
            if pair.is_empty() {
                continue;
            }
            let (name, value) = parameter(pair)?;
            // Each parameter is compared with all before it. RFC 7239 defines four, so that a limit
            // costs nothing and keeps the work linear in the field's length.
            if index >= 16 {
                return None;
            }
            let repeats = split(element, b';').take(index).flatten().filter_map(parameter);
            if repeats.into_iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(name)) {
                return None;
            }
            if name.eq_ignore_ascii_case("for") {
                node = Some(node::parse(value)?);
            } else if name.eq_ignore_ascii_case("proto") {
                values.scheme = Some(scheme_of(value.as_bytes())?);
            } else if name.eq_ignore_ascii_case("host") && self.host {
                values.host = Some(value.as_bytes());
            }
        }
        Some((node, values))
    }
}

/// The entries of a list field, several lines being one, from the last to the first; empty ones do
/// not count (RFC 9110 §5.6.1).
fn from_the_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> FromTheRight<'a> {
    FromTheRight { lines: headers.get_all(name).into_iter(), line: b"" }
}

struct FromTheRight<'a> {
    lines: header::ValueIter<'a, HeaderValue>,
    /// The part of the current line that is not read yet.
    line: &'a [u8],
}

impl<'a> Iterator for FromTheRight<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.line.is_empty() {
                self.line = self.lines.next_back()?.as_bytes();
            }
            let start = self.line.iter().rposition(|byte| *byte == b',');
            let (rest, entry) = match start.and_then(|comma| self.line.split_at_checked(comma)) {
                Some((rest, entry)) => (rest, entry.get(1..).unwrap_or_default()),
                None => (b"".as_slice(), self.line),
            };
            self.line = rest;
            let entry = entry.trim_ascii();
            if !entry.is_empty() {
                return Some(entry);
            }
        }
    }
}

/// Splits `token "=" ( token / quoted-string )`. A quoted string with an escape is refused: no value
/// that is read here needs one.
fn parameter(pair: &str) -> Option<(&str, &str)> {
    let (name, value) = pair.split_once('=')?;
    let token = |text: &str| !text.is_empty() && text.bytes().all(is_token);
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').filter(|text| !text.contains(['"', '\\']))?,
        None => Some(value).filter(|value| token(value))?,
    };
    token(name).then_some((name, value))
}

/// Whether the byte belongs to a token (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The scheme by its name; some proxies send `ws` and `wss` for websockets.
fn scheme_of(text: &[u8]) -> Option<Scheme> {
    let is = |name: &[u8]| name.eq_ignore_ascii_case(text);
    match text {
        b"https" => Some(Scheme::Https),
        b"http" => Some(Scheme::Http),
        _ if is(b"https") || is(b"wss") => Some(Scheme::Https),
        _ if is(b"http") || is(b"ws") => Some(Scheme::Http),
        _ => None,
    }
}

fn port_of(text: &[u8]) -> Option<u16> {
    let digits = Some(text).filter(|text| text.iter().all(u8::is_ascii_digit))?;
    str::from_utf8(digits).ok()?.parse().ok()
}
