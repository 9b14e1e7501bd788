//! The form in which paths and query parameters are compared.

use std::borrow::Cow;

use crate::uri::{ByteSet, PLAIN};

/// Bytes of a path that is in normal form without a look at escapes.
static SIMPLE: ByteSet = ByteSet::of(b"!$&'()*+,-./:;=@[]_~");

/// Whether a path is in normal form, and all its segments are read alike: most are, which one look
/// at each byte shows.
#[inline]
pub(super) fn is_simple(path: &str) -> bool {
    // Without a branch for each byte, which saves half of the instructions.
    let (is_simple, _) = path.bytes().fold((true, false), |(is_simple, follows_slash), byte| {
        let is_slash = byte == b'/';
        let is_odd = follows_slash & (is_slash | (byte == b'.'));
        (is_simple & !is_odd & SIMPLE.contains(byte), is_slash)
    });
    is_simple
}

/// A segment, and what follows the slash behind it.
#[inline]
pub(super) fn next_segment(path: &str) -> (&str, Option<&str>) {
    match path.bytes().position(|byte| byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..)),
        None => (path, None),
    }
}

/// The normal form of a path (RFC 3986 §6.2.2): escapes of unreserved bytes decoded, all other
/// escapes in upper case, and bytes that a path may not hold percent-encoded.
///
/// Slashes are neither added nor removed, so the segments of both forms correspond.
pub(in crate::policy) fn normal(path: &str) -> Cow<'_, str> {
    if path.bytes().all(|byte| byte != b'%' && PLAIN.contains(byte)) {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len() + 8);
    let mut rest = path.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, tail) {
            (b'%', [high, low, after @ ..]) => match escape(*high, *low) {
                Some(decoded) => {
                    rest = after;
                    match is_unreserved(decoded) {
                        true => out.push(char::from(decoded)),
                        false => push_escaped(&mut out, decoded),
                    }
                }
                None => out.push('%'),
            },
            _ if PLAIN.contains(*byte) => out.push(char::from(*byte)),
            _ => push_escaped(&mut out, *byte),
        }
    }
    Cow::Owned(out)
}

/// How many segments of a request's path may be compared with a pattern: all, unless one is empty
/// (but the last), a dot segment, or holds `%2e`, `%2f`, `%5c` or `\`, which applications read in
/// different ways.
pub(super) fn plain_segments(path: &str) -> usize {
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let last = segments.clone().count() - 1;
    let odd = |(at, segment): (usize, &str)| is_odd(segment) && !(segment.is_empty() && at == last);
    segments.enumerate().position(odd).unwrap_or(usize::MAX)
}

/// A segment that servers, caches and browsers do not read alike.
pub(super) fn is_odd(segment: &str) -> bool {
    if matches!(segment, "" | "." | "..") {
        return true;
    }
    segment.bytes().enumerate().any(|(at, byte)| match byte {
        b'\\' => true,
        b'%' => matches!(
            segment.as_bytes().get(at + 1..at + 3),
            Some([b'2', b'e' | b'E' | b'f' | b'F'] | [b'5', b'c' | b'C'])
        ),
        _ => false,
    })
}

/// A name or value of a query, as a form's reader decodes it: `+` is a blank.
pub(super) fn form_decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text.as_bytes());
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_encoding::percent_decode_str(&spaced).collect())
}

/// The parameters of a query, still encoded; a parameter without `=` has an empty value.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// The first value of the parameter `name`, still encoded. `name` is decoded.
pub(super) fn parameter<'q>(query: &'q str, name: &[u8]) -> Option<&'q str> {
    parameters(query).find(|(key, _)| *form_decoded(key) == *name).map(|(_, value)| value)
}

pub(super) fn escape(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

pub(super) fn push_escaped(out: &mut String, byte: u8) {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0').to_ascii_uppercase();
    out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_forms() {
        for (path, expected) in [
            ("/a/b", "/a/b"),
            ("/%61%2D%7e", "/a-~"),
            ("/%c3%a4", "/%C3%A4"),
            ("/ä", "/%C3%A4"),
            ("/a%2fb", "/a%2Fb"),
            ("/a:b%3a", "/a:b%3A"),
            ("/%2561", "/%2561"),
            ("/%", "/%"),
            ("/%4", "/%4"),
            ("/%zz", "/%zz"),
            ("/a\\b", "/a%5Cb"),
            ("/%2e%2E", "/.."),
        ] {
            assert_eq!(normal(path), expected, "{path}");
            assert_eq!(normal(&normal(path)), expected, "{path}");
        }
    }

    #[test]
    fn segments_that_are_read_alike() {
        for (path, expected) in [
            ("/", usize::MAX),
            ("/a/", usize::MAX),
            ("/a/b.c", usize::MAX),
            ("//a", 0),
            ("/a//b", 1),
            ("/a//", 1),
            ("/a/./b", 1),
            ("/a/b/..", 2),
            ("/a/%2e", 1),
            ("/a/x%2Fb", 1),
            ("/a\\b/c", 0),
            ("/a/%5c", 1),
        ] {
            assert_eq!(plain_segments(path), expected, "{path}");
            let is_simple = is_simple(path);
            assert!(!is_simple || expected == usize::MAX && normal(path) == path, "{path}");
        }
    }

    #[test]
    fn parameters_are_found_decoded() {
        let query = "a=1&&b=x%20y+z&c&a=2&%64=3";
        for (name, value) in [
            ("a", Some("1")),
            ("b", Some("x%20y+z")),
            ("c", Some("")),
            ("d", Some("3")),
            ("e", None),
        ] {
            assert_eq!(parameter(query, name.as_bytes()), value, "{name}");
        }
        assert_eq!(*form_decoded("x%20y+z"), *b"x y z");
    }
}
