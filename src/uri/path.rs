//! Compares and checks paths, byte by byte and without decoding (RFC 3986 §3.3).

/// Whether `path` is `prefix` or something below it, compared per segment. `prefix` has no slash at its end.
pub(crate) fn is_at_or_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether this is the path of a well-known URI (RFC 8615 §3), which must not change: an ACME challenge
/// that is redirected to another path can fail.
pub(crate) fn is_well_known(path: &str) -> bool {
    is_at_or_below(path, "/.well-known")
}

/// Removes one slash at the end of the path, if there is one. Used before [`is_ambiguous`], which takes that
/// slash for an empty segment, and by callers that treat `/a` and `/a/` alike.
pub(crate) fn without_trailing_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Whether some server may read this path as another one: it is [ambiguous](is_ambiguous), or a segment
/// begins with `..`, holds a parameter (`..;/` leads up in servlet containers), or holds an escape
/// that servers [decode differently](is_misread_escape).
pub(crate) fn may_be_misread(path: &str) -> bool {
    let escapes = || path.match_indices('%').filter_map(|(at, _)| path.as_bytes().get(at + 1..));
    is_ambiguous(path)
        || path.contains("/..")
        || path.contains(';')
        || escapes().any(is_misread_escape)
}

/// Whether servers decode an escape differently. `bytes` are those after its `%`.
fn is_misread_escape(bytes: &[u8]) -> bool {
    match bytes {
        // `%`, which may be decoded twice, and NUL, which may end the path.
        [b'2', b'5', ..] | [b'0', b'0', ..] => true,
        // Overlong UTF-8, which lenient decoders take for a dot, a slash or a backslash.
        [b'c' | b'C', b'0' | b'1', ..]
        | [b'e' | b'E', b'0', b'%', b'8' | b'9', ..]
        | [b'f' | b'F', b'0', b'%', b'8', ..]
        // Longer forms, which start with a byte that never occurs in UTF-8.
        | [b'f' | b'F', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => true,
        // Not an escape: `%u002e`, or `%%32e`, which is `%2e` once decoded.
        [high, low, ..] => !(high.is_ascii_hexdigit() && low.is_ascii_hexdigit()),
        _ => true,
    }
}

/// Whether the inner service may read this path as another one: it has an empty segment, even at its end
/// (`/a/`, `/`), a dot segment, a backslash, or an escaped dot, slash or backslash.
pub(crate) fn is_ambiguous(path: &str) -> bool {
    let bytes = path.as_bytes();
    let odd_segment = |segment: Option<&[u8]>| matches!(segment, None | Some(b"" | b"." | b".."));
    // Where the current segment begins; `None` before the first slash.
    let mut start = None;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'/' => {
                if start.is_some_and(|start| odd_segment(bytes.get(start..at))) {
                    return true;
                }
                start = Some(at + 1);
            }
            b'\\' => return true,
            b'%' => {
                if let Some([b'2', b'e' | b'E' | b'f' | b'F'] | [b'5', b'c' | b'C']) =
                    bytes.get(at + 1..at + 3)
                {
                    return true;
                }
            }
            _ => {}
        }
    }
    start.is_some_and(|start| odd_segment(bytes.get(start..)))
}
