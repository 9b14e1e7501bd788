//! What proxies say of a request: `X-Forwarded-*`, and `Forwarded` by its grammar (RFC 7239 §4).
//!
//! Each proxy appends, so that both are read from the right, past trusted addresses only; what
//! stands to the left of the last entry that is read is the client's own affair.

use std::net::IpAddr;
use std::str;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::node::{self, Node};
use super::proxies::Proxies;
use crate::quoted::split;
use crate::uri::Scheme;

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// What the last trusted proxy says. `Err` is what was read and is malformed or contradictory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub(crate) scheme: Option<Scheme>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) port: Option<u16>,
}

/// How far to read, and what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'p> {
    pub(super) proxies: &'p Proxies,
    pub(super) hops: usize,
    pub(super) host: bool,
    pub(super) port: bool,
}

impl Reading<'_> {
    pub(super) fn x_forwarded<'a>(&self, headers: &'a HeaderMap) -> Result<Said<'a>, &'static str> {
        const PROTO: &str = "contradictory or malformed X-Forwarded-Proto\n";
        const HOST: &str = "contradictory X-Forwarded-Host\n";
        const PORT: &str = "contradictory or malformed X-Forwarded-Port\n";
        let scheme = self.value(headers, &X_FORWARDED_PROTO, PROTO)?;
        let scheme = scheme.map(|text| scheme_of(text).ok_or(PROTO)).transpose()?;
        let host = if self.host { self.value(headers, &X_FORWARDED_HOST, HOST)? } else { None };
        let port = if self.port { self.value(headers, &X_FORWARDED_PORT, PORT)? } else { None };
        let port = port.map(|text| port_of(text).ok_or(PORT)).transpose()?;
        Ok(Said { scheme, host, port })
    }

    /// The only value of a field, or of a list as long as that of the addresses the one which
    /// stands where the client does.
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
                let (_, depth) = self.walk(headers)?;
                Ok(values.nth(depth))
            }
            _ => Err(problem),
        }
    }

    /// The client by `X-Forwarded-For`, past trusted addresses, and how many entries from the right
    /// it stands.
    pub(super) fn walk(
        &self,
        headers: &HeaderMap,
    ) -> Result<(Option<IpAddr>, usize), &'static str> {
        let mut reached = (None, 0);
        let nodes = from_the_right(headers, &X_FORWARDED_FOR);
        for (depth, node) in nodes.enumerate().take(self.hops) {
            let node = str::from_utf8(node).ok().and_then(node::parse);
            match node.ok_or("malformed X-Forwarded-For\n")? {
                Node::Address(address) => {
                    reached = (Some(address.to_canonical()), depth);
                    if !self.proxies.trust_address(address) {
                        break;
                    }
                }
                Node::Hidden => return Ok((None, depth)),
            }
        }
        Ok(reached)
    }

    /// What `Forwarded` says, and the client by it.
    pub(super) fn forwarded<'a>(
        &self,
        headers: &'a HeaderMap,
    ) -> Result<(Said<'a>, Option<IpAddr>), &'static str> {
        const MALFORMED: &str = "malformed Forwarded\n";
        let mut said = (Said::default(), None);
        let mut left = self.hops;
        for line in headers.get_all(header::FORWARDED).iter().rev() {
            let line = line.to_str().map_err(|_| MALFORMED)?;
            let elements = split(line, b',').filter(|element| element != &Ok("")).count();
            for index in (0..elements).rev() {
                if left == 0 {
                    return Ok(said);
                }
                left -= 1;
                let mut elements = split(line, b',').filter(|element| element != &Ok(""));
                let element = elements.nth(index).and_then(Result::ok).ok_or(MALFORMED)?;
                // A quote that does not end makes nonsense of all behind it.
                if elements.any(|element| element.is_err()) {
                    return Err(MALFORMED);
                }
                let (node, read) = self.element(element).ok_or(MALFORMED)?;
                let address = match node {
                    Some(Node::Address(address)) => Some(address),
                    _ => None,
                };
                said = (read, address.map(|address| address.to_canonical()));
                if !address.is_some_and(|address| self.proxies.trust_address(address)) {
                    return Ok(said);
                }
            }
        }
        Ok(said)
    }

    /// `[ pair ] *( ";" [ pair ] )`, each parameter at most once.
    fn element<'a>(&self, element: &'a str) -> Option<(Option<Node>, Said<'a>)> {
        let mut said = Said::default();
        let mut node = None;
        for (index, pair) in split(element, b';').enumerate() {
            let pair = pair.ok()?;
            if pair.is_empty() {
                continue;
            }
            let (name, value) = parameter(pair)?;
            // Each is compared with those before it. RFC 7239 has four, and nobody writes so many.
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
                said.scheme = Some(scheme_of(value.as_bytes())?);
            } else if name.eq_ignore_ascii_case("host") && self.host {
                said.host = Some(value.as_bytes());
            }
        }
        Some((node, said))
    }
}

/// The entries of a list field, several lines being one, from the last to the first; empty ones do
/// not count (RFC 9110 §5.6.1).
fn from_the_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> FromTheRight<'a> {
    FromTheRight { lines: headers.get_all(name).into_iter(), line: b"" }
}

struct FromTheRight<'a> {
    lines: header::ValueIter<'a, HeaderValue>,
    /// What is left of the line under way.
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

/// `token "=" ( token / quoted-string )`; none that we read needs an escape.
fn parameter(pair: &str) -> Option<(&str, &str)> {
    let (name, value) = pair.split_once('=')?;
    let token = |text: &str| !text.is_empty() && text.bytes().all(is_token);
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').filter(|text| !text.contains(['"', '\\']))?,
        None => Some(value).filter(|value| token(value))?,
    };
    token(name).then_some((name, value))
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Some proxies name the scheme of a websocket.
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
