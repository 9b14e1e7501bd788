//! What proxies say of a request: `X-Forwarded-*`, and `Forwarded` by its grammar (RFC 7239 §4).
//!
//! Each proxy appends, so that both are read from the right, past trusted addresses only; what
//! stands to the left of the last entry that is read is the client's own affair.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header};

use super::node::{self, Node};
use super::proxies::Proxies;
use crate::trust::Scheme;

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(super) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// What the last trusted proxy says. `Err` is what was read and is malformed or contradictory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said<'a> {
    pub(super) scheme: Option<Scheme>,
    pub(super) client: Option<IpAddr>,
    pub(super) host: Option<&'a str>,
    pub(super) port: Option<u16>,
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
        let mut client = None;
        let mut depth = 0;
        for (index, entry) in from_the_right(headers, &X_FORWARDED_FOR).enumerate().take(self.hops)
        {
            depth = index;
            let node = entry.ok().and_then(node::parse).ok_or("malformed X-Forwarded-For\n")?;
            match node {
                Node::Address(address) => {
                    client = Some(address.to_canonical());
                    if !self.proxies.trust_address(address) {
                        break;
                    }
                }
                Node::Hidden => {
                    client = None;
                    break;
                }
            }
        }
        let at = |name: &HeaderName, problem: &'static str| {
            let mut values = from_the_right(headers, name);
            let Some(last) = values.next() else { return Ok(None) };
            let value = match values.count() {
                0 => Some(last),
                more => {
                    let entries = from_the_right(headers, &X_FORWARDED_FOR).count();
                    let mut values = from_the_right(headers, name);
                    if more + 1 == entries { values.nth(depth) } else { return Err(problem) }
                }
            };
            value.transpose().map_err(|_| problem)
        };
        let scheme = at(&X_FORWARDED_PROTO, "contradictory X-Forwarded-Proto\n")?;
        let scheme = scheme.map(|text| scheme_of(text).ok_or("malformed X-Forwarded-Proto\n"));
        let host = if self.host {
            at(&X_FORWARDED_HOST, "contradictory X-Forwarded-Host\n")?
        } else {
            None
        };
        let port = if self.port {
            at(&X_FORWARDED_PORT, "contradictory X-Forwarded-Port\n")?
        } else {
            None
        };
        let port = port.map(|text| port_of(text).ok_or("malformed X-Forwarded-Port\n"));
        Ok(Said { scheme: scheme.transpose()?, client, host, port: port.transpose()? })
    }

    pub(super) fn forwarded<'a>(&self, headers: &'a HeaderMap) -> Result<Said<'a>, &'static str> {
        const MALFORMED: &str = "malformed Forwarded\n";
        let mut said = Said::default();
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
                said = read;
                match node {
                    Some(Node::Address(address)) if self.proxies.trust_address(address) => {}
                    _ => return Ok(said),
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
            let repeats = split(element, b';').take(index).flatten().filter_map(parameter);
            if repeats.into_iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(name)) {
                return None;
            }
            if name.eq_ignore_ascii_case("for") {
                node = Some(node::parse(value)?);
            } else if name.eq_ignore_ascii_case("proto") {
                said.scheme = Some(scheme_of(value)?);
            } else if name.eq_ignore_ascii_case("host") && self.host {
                said.host = Some(value);
            }
        }
        if let Some(Node::Address(address)) = node {
            said.client = Some(address.to_canonical());
        }
        Some((node, said))
    }
}

/// The entries of a list field, several lines being one, from the last to the first; empty ones do
/// not count (RFC 9110 §5.6.1).
fn from_the_right<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Result<&'a str, ()>> {
    let entries = headers
        .get_all(name)
        .into_iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii));
    entries
        .filter(|entry| !entry.is_empty())
        .map(|entry| std::str::from_utf8(entry).map_err(|_| ()))
}

/// The parts between separators which stand outside of quotes, trimmed. The last is an error where a
/// quote does not end.
fn split(text: &str, separator: u8) -> impl Iterator<Item = Result<&str, ()>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let (mut quoted, mut escaped) = (false, false);
        for (index, byte) in text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if byte == separator && !quoted => {
                    rest = text.get(index + 1..);
                    return text.get(..index).map(|part| Ok(part.trim_matches([' ', '\t'])));
                }
                _ => {}
            }
        }
        Some(if quoted { Err(()) } else { Ok(text.trim_matches([' ', '\t'])) })
    })
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
fn scheme_of(text: &str) -> Option<Scheme> {
    [("http", Scheme::Http), ("https", Scheme::Https), ("ws", Scheme::Http), ("wss", Scheme::Https)]
        .into_iter()
        .find_map(|(name, scheme)| name.eq_ignore_ascii_case(text).then_some(scheme))
}

fn port_of(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
