//! Writes the `Location`, and compares it with the request's own URL.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::{Path, Redirection};
use crate::head::RequestHead;
use crate::uri::{Authority, PLAIN, Scheme};

/// What RFC 3986 allows in no query. `[` and `]` stay, as browsers send them; `%` is taken for an
/// escape that was made already.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
const PATH: &AsciiSet = &QUERY.add(b'?');

/// Scheme, host and port are not touched, so that a path-absolute reference says it all.
pub(super) fn is_reference(redirection: &Redirection, head: &RequestHead<'_>) -> bool {
    keeps_origin(redirection, head) && !looks_like_an_authority(&path(redirection, head))
}

pub(super) fn keeps_origin(redirection: &Redirection, head: &RequestHead<'_>) -> bool {
    redirection.host.is_none()
        && redirection.port.is_none()
        && redirection.scheme.is_none_or(|scheme| scheme == head.scheme())
}

pub(super) fn build(redirection: &Redirection, head: &RequestHead<'_>) -> Option<HeaderValue> {
    let path = path(redirection, head);
    let query = query(redirection, head);
    let origin =
        if is_reference(redirection, head) { None } else { Some(origin(redirection, head)?) };

    let path_len: usize = path.iter().map(str::len).sum();
    let mut digits = [0; 5];
    let port = origin.and_then(|o| o.written_port()).map(|port| decimal(port, &mut digits));
    let length = origin.map_or(0, |o| o.scheme.as_str().len() + 3 + o.host.host().len())
        + port.map_or(0, |port| 1 + port.len())
        + path_len
        + query.map_or(0, |query| 1 + query.len());
    // Exact unless something must be encoded, so that `Bytes` takes the buffer as it is.
    let mut out = Vec::with_capacity(length);
    if let Some(origin) = origin {
        out.extend_from_slice(origin.scheme.as_str().as_bytes());
        out.extend_from_slice(b"://");
        let host = out.len();
        out.extend_from_slice(origin.host.host().as_bytes());
        if let Some(host) = out.get_mut(host..) {
            host.make_ascii_lowercase();
        }
        if let Some(port) = port {
            out.push(b':');
            out.extend_from_slice(port);
        }
    }
    if !path.concat_starts_with_slash() {
        out.push(b'/');
    }
    let plain = path_is_plain(redirection, head);
    for part in path.iter() {
        encode(part, PATH, plain, &mut out);
    }
    if let Some(query) = query {
        out.push(b'?');
        encode(query, QUERY, query_is_plain(redirection, head), &mut out);
    }
    HeaderValue::from_maybe_shared(Bytes::from(out)).ok()
}

pub(super) fn is_same_url(redirection: &Redirection, head: &RequestHead<'_>) -> bool {
    let same_query = || match &redirection.query {
        None => true,
        Some(query) => match (query.as_deref(), head.query()) {
            (None, None) => true,
            (Some(new), Some(old)) => {
                encoded([new].into_iter(), QUERY).eq(encoded([old].into_iter(), QUERY))
            }
            _ => false,
        },
    };
    is_same_path(redirection, head) && same_query() && is_same_origin(redirection, head)
}

pub(super) fn is_same_path(redirection: &Redirection, head: &RequestHead<'_>) -> bool {
    let asked = [head.path()].into_iter();
    redirection.path.is_none()
        || encoded(path(redirection, head).iter(), PATH).eq(encoded(asked, PATH))
}

pub(super) fn is_same_origin(redirection: &Redirection, head: &RequestHead<'_>) -> bool {
    if keeps_origin(redirection, head) {
        return true;
    }
    if redirection.scheme.is_some_and(|scheme| scheme != head.scheme()) {
        return false;
    }
    let (Some(new), Some(old)) = (origin(redirection, head), head.authority()) else {
        return false;
    };
    new.host.same_host(&old) && new.port == old.effective_port(new.scheme)
}

/// Scheme and authority that a redirection leads to, its port among them.
pub(super) fn authority<'r>(
    redirection: &'r Redirection,
    head: &'r RequestHead<'_>,
) -> Option<(Scheme, Authority<'r>)> {
    let origin = origin(redirection, head)?;
    Some((origin.scheme, origin.host.at_port(origin.written_port())))
}

/// Path and query as a `Location` writes them.
pub(super) fn encoded_path<'r>(
    redirection: &'r Redirection,
    head: &'r RequestHead<'_>,
) -> (Cow<'r, str>, Option<Cow<'r, str>>) {
    let pieces = path(redirection, head);
    let path = match pieces.0 {
        [whole, "", ""] if path_is_plain(redirection, head) => whole.into(),
        _ => pieces.iter().flat_map(|piece| percent_encode(piece.as_bytes(), PATH)).collect(),
    };
    let query = query(redirection, head).map(|query| match query_is_plain(redirection, head) {
        true => query.into(),
        false => percent_encode(query.as_bytes(), QUERY).into(),
    });
    (path, query)
}

/// The origin that a redirection leads to.
#[derive(Clone, Copy)]
struct Origin<'a> {
    scheme: Scheme,
    host: Authority<'a>,
    port: u16,
}

impl Origin<'_> {
    fn written_port(&self) -> Option<u16> {
        (self.port != self.scheme.default_port()).then_some(self.port)
    }
}

fn origin<'r>(redirection: &'r Redirection, head: &'r RequestHead<'_>) -> Option<Origin<'r>> {
    let asked = head.scheme();
    let scheme = redirection.scheme.unwrap_or(asked);
    let port = redirection.port.or((scheme != asked).then_some(scheme.default_port()));
    let (host, port) = match (&redirection.host, port) {
        (Some(host), Some(port)) => (host.authority(None), port),
        (host, port) => {
            let asked = head.authority()?;
            let port = port.unwrap_or(asked.effective_port(scheme));
            (host.as_ref().map_or(asked, |host| host.authority(None)), port)
        }
    };
    Some(Origin { scheme, host, port })
}

/// The pieces of a path, in order.
struct Pieces<'a>([&'a str; 3]);

impl<'a> Pieces<'a> {
    fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.0.into_iter()
    }

    fn byte(&self, mut at: usize) -> Option<u8> {
        for piece in self.0 {
            match piece.as_bytes().get(at) {
                Some(byte) => return Some(*byte),
                None => at -= piece.len(),
            }
        }
        None
    }

    fn concat_starts_with_slash(&self) -> bool {
        self.byte(0) == Some(b'/')
    }
}

fn path<'r>(redirection: &'r Redirection, head: &'r RequestHead<'_>) -> Pieces<'r> {
    let asked = head.path();
    match &redirection.path {
        None => Pieces([asked, "", ""]),
        Some(Path::Whole(path)) => Pieces([path, "", ""]),
        Some(Path::Splice { start, end, with }) => Pieces([
            asked.get(..*start).unwrap_or(asked),
            with,
            asked.get(*end..).unwrap_or_default(),
        ]),
    }
}

fn query<'r>(redirection: &'r Redirection, head: &'r RequestHead<'_>) -> Option<&'r str> {
    match &redirection.query {
        None => head.query(),
        Some(query) => query.as_deref(),
    }
}

/// `//x` and `/\x` name a host when a browser reads them as a reference.
fn looks_like_an_authority(path: &Pieces<'_>) -> bool {
    let skip = usize::from(path.concat_starts_with_slash());
    matches!(path.byte(skip), Some(b'/' | b'\\'))
}

/// The digits of a port, without an allocation.
fn decimal(mut port: u16, digits: &mut [u8; 5]) -> &[u8] {
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (port % 10) as u8;
        port /= 10;
        start -= 1;
        if port == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}

fn path_is_plain(redirection: &Redirection, head: &RequestHead<'_>) -> bool {
    match &redirection.path {
        None => head.is_plain(),
        Some(Path::Whole(path)) => PLAIN.contains_all(path),
        Some(Path::Splice { with, .. }) => head.is_plain() && PLAIN.contains_all(with),
    }
}

fn query_is_plain(redirection: &Redirection, head: &RequestHead<'_>) -> bool {
    match &redirection.query {
        None => head.is_plain(),
        Some(query) => query.as_deref().is_none_or(|query| PLAIN.contains_all(query)),
    }
}

fn encode(part: &str, set: &'static AsciiSet, plain: bool, out: &mut Vec<u8>) {
    if plain {
        return out.extend_from_slice(part.as_bytes());
    }
    for chunk in percent_encode(part.as_bytes(), set) {
        out.extend_from_slice(chunk.as_bytes());
    }
}

fn encoded<'a>(
    parts: impl Iterator<Item = &'a str>,
    set: &'static AsciiSet,
) -> impl Iterator<Item = u8> {
    parts.flat_map(move |part| percent_encode(part.as_bytes(), set)).flat_map(str::bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_needs_no_encoding() {
        for byte in 0..=u8::MAX {
            let text = [byte];
            let kept =
                |set| percent_encode(&text, set).eq([str::from_utf8(&text).unwrap_or_default()]);
            // A `?` stays in a query alone, and is looked at twice there.
            assert_eq!(PLAIN.contains(byte), kept(PATH), "{byte:#x}");
            assert!(!PLAIN.contains(byte) || kept(QUERY), "{byte:#x}");
        }
    }
}
