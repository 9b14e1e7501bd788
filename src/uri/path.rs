//! Comparisons of paths, byte by byte and without decoding (RFC 3986 §3.3).

/// Whether `path` is `prefix` or something below it, compared per segment.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether the service behind may read this path as another one: it has an empty segment, a dot
/// segment, a backslash, or an escaped dot, slash or backslash.
pub(crate) fn is_ambiguous(path: &str) -> bool {
    let bytes = path.as_bytes();
    let odd_segment = |segment: Option<&[u8]>| matches!(segment, None | Some(b"" | b"." | b".."));
    // Where the current segment begins; `None` before the first slash.
    let mut begin = None;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'/' => {
                if begin.is_some_and(|begin| odd_segment(bytes.get(begin..at))) {
                    return true;
                }
                begin = Some(at + 1);
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
    begin.is_some_and(|begin| odd_segment(bytes.get(begin..)))
}
