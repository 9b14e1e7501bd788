//! The form in which paths and query parameters are compared.

use std::borrow::Cow;

use crate::uri::ByteSet;

/// The bytes of a simple path. `%` is not one of them.
static SIMPLE: ByteSet = ByteSet::alphanumeric_and(b"!$&'()*+,-./:;=@[]_~");

/// Whether one look at each byte shows that a path is in normal form and has only [plain](plain_segments)
/// segments.
/// Most paths are simple. A path with a segment that begins with a dot is not.
#[inline]
pub(super) fn is_simple(path: &str) -> bool {
    // There is no branch for each byte, which saves half of the instructions.
    let (is_simple, _) = path.bytes().fold((true, false), |(is_simple, follows_slash), byte| {
        let is_slash = byte == b'/';
        let is_odd = follows_slash & (is_slash | (byte == b'.'));
        (is_simple & !is_odd & SIMPLE.contains(byte), is_slash)
    });
    is_simple
}

/// Splits a path at its first slash: into a segment and the text after the slash.
#[inline]
pub(super) fn next_segment(path: &str) -> (&str, Option<&str>) {
    match path.bytes().position(|byte| byte == b'/') {
        Some(slash) => (path.get(..slash).unwrap_or_default(), path.get(slash + 1..)),
        None => (path, None),
    }
}

/// How many segments of a request's path may be compared with a pattern: those before the first that
/// servers read differently, or `usize::MAX` if there is none. The last segment may be empty.
pub(super) fn plain_segments(path: &str) -> usize {
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let last = segments.clone().count() - 1;
    let odd = |(at, segment): (usize, &str)| is_odd(segment) && !(segment.is_empty() && at == last);
    segments.enumerate().position(odd).unwrap_or(usize::MAX)
}

/// Whether servers, caches and browsers read a segment differently: it is empty or a dot segment, or
/// contains `%2e`, `%2f`, `%5c` or `\`.
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

/// Decodes a name or value of a query as form data: `+` is a space.
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

/// The first value of the parameter `name`, still encoded. `name` is in decoded form.
pub(super) fn parameter<'q>(query: &'q str, name: &[u8]) -> Option<&'q str> {
    parameters(query).find(|(key, _)| *form_decoded(key) == *name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uri::normalize;

    #[test]
    fn plain_segments_end_before_the_first_odd_segment() {
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
            assert!(!is_simple || expected == usize::MAX && normalize(path) == path, "{path}");
        }
    }

    #[test]
    fn parameters_are_found_by_their_decoded_names() {
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
