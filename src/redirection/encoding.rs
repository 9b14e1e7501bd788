//! Percent-encoding of paths and queries (RFC 3986 §3.3, §3.4).

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

/// The ASCII bytes that are percent-encoded in a query. `[` and `]` stay, because browsers send them; `%`
/// stays, because it may begin an escape. Bytes that are not ASCII are always encoded.
pub(super) const QUERY: &AsciiSet = &CONTROLS
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

/// The ASCII bytes that are percent-encoded in a path.
pub(super) const PATH: &AsciiSet = &QUERY.add(b'?');

/// Appends `part` to `out`, percent-encoded. Text that is `plain` needs no encoding and is copied whole.
pub(super) fn encode(part: &str, set: &'static AsciiSet, plain: bool, out: &mut Vec<u8>) {
    if plain {
        return out.extend_from_slice(part.as_bytes());
    }
    for chunk in percent_encode(part.as_bytes(), set) {
        out.extend_from_slice(chunk.as_bytes());
    }
}

/// The bytes of `parts` after encoding, for a comparison without an allocation.
pub(super) fn encoded<'a>(
    parts: impl Iterator<Item = &'a str>,
    set: &'static AsciiSet,
) -> impl Iterator<Item = u8> {
    parts.flat_map(move |part| percent_encode(part.as_bytes(), set)).flat_map(str::bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uri::PLAIN;

    #[test]
    fn plain_bytes_need_no_encoding() {
        for byte in 0..=u8::MAX {
            let text = [byte];
            let kept = |set| {
                percent_encode(&text, set).eq([std::str::from_utf8(&text).unwrap_or_default()])
            };
            // `?` is not in `PLAIN`, because a path must encode it. A query that a redirection sets is not
            // copied whole if it has a `?`, but comes out of the encoder unchanged.
            assert_eq!(PLAIN.contains(byte), kept(PATH), "{byte:#x}");
            assert!(!PLAIN.contains(byte) || kept(QUERY), "{byte:#x}");
        }
    }
}
