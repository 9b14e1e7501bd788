//! Normalizes paths, and finds prefixes of them in any spelling (RFC 3986 §6.2.2).

use std::borrow::Cow;

use percent_encoding::percent_encode_byte;

use super::{PLAIN, is_at_or_below};

/// Returns the normal form of a path (RFC 3986 §6.2.2): escapes of unreserved bytes are decoded, all other
/// escapes are in upper case, and bytes that are not allowed in a path are percent-encoded. `[`, `]`
/// and a `%` that does not begin an escape stay as they are. An escape whose decoded byte would be one of
/// the two bytes after such a `%` is not decoded.
///
/// Slashes are neither added nor removed, so the segments of both forms correspond.
pub(crate) fn normalize(path: &str) -> Cow<'_, str> {
    if path.bytes().all(|byte| byte != b'%' && PLAIN.contains(byte)) {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len() + 8);
    let mut rest = path.as_bytes();
    // The length of `out` after the last `%` that does not begin an escape. Digits decoded after that `%`
    // must not complete an escape, which a second normalization would decode.
    let mut stray_end = None;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, tail) {
            (b'%', [high, low, after @ ..]) => match decode_escape(*high, *low) {
                Some(decoded) => {
                    rest = after;
                    let follows_stray = stray_end.is_some_and(|end| out.len() < end + 2);
                    match is_unreserved(decoded) && !follows_stray {
                        true => out.push(char::from(decoded)),
                        false => out.push_str(percent_encode_byte(decoded)),
                    }
                }
                None => {
                    out.push('%');
                    stray_end = Some(out.len());
                }
            },
            _ if PLAIN.contains(*byte) => out.push(char::from(*byte)),
            _ => out.push_str(percent_encode_byte(*byte)),
        }
    }
    Cow::Owned(out)
}

/// Finds `prefix` at the start of `path`, and returns the number of bytes that it occupies there. `prefix` is
/// in normal form and consists of whole segments; `path` may have any spelling.
pub(crate) fn length_of_prefix(path: &str, prefix: &str) -> Option<usize> {
    if is_at_or_below(path, prefix) {
        return Some(prefix.len());
    }
    // Spellings differ only in escapes: without any, the prefix would have been found above.
    if !path.contains('%') && !prefix.contains('%') {
        return None;
    }
    let slashes = prefix.matches('/').count();
    let end = path.match_indices('/').nth(slashes).map_or(path.len(), |(at, _)| at);
    path.get(..end).filter(|start| *normalize(start) == *prefix).map(str::len)
}

/// The byte that the two digits of an escape represent. `None` if they are not hexadecimal digits.
pub(crate) fn decode_escape(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

/// Whether a byte is unreserved (RFC 3986 §2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
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
            // A `%` that does not begin an escape does not become part of one.
            ("/%%341", "/%%341"),
            ("/%4%31", "/%4%31"),
            ("/%zz%41", "/%zzA"),
            ("/a\\b", "/a%5Cb"),
            ("/%2e%2E", "/.."),
        ] {
            assert_eq!(normalize(path), expected, "{path}");
            assert_eq!(normalize(&normalize(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_prefix_is_found_in_any_spelling() {
        for (path, prefix, length) in [
            ("/a/b", "/a", Some(2)),
            ("/%61/b", "/a", Some(4)),
            ("/%61b", "/a", None),
            ("/b", "/a", None),
            ("/%c3%a4/b", "/%C3%A4", Some(7)),
            ("/\u{e4}/b", "/%C3%A4", Some(3)),
            ("/a|b", "/a%7Cb", Some(4)),
            ("/a|bc", "/a%7Cb", None),
        ] {
            assert_eq!(length_of_prefix(path, prefix), length, "{path} {prefix}");
        }
    }
}
