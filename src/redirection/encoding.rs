//! Percent-encoding of paths and queries (RFC 3986 §3.3, §3.4).

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

/// The bytes that a query does not hold. `[` and `]` stay, because browsers send them; `%` stays, because
/// the text is percent-encoded already.
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

/// The bytes that a path does not hold.
pub(super) const PATH: &AsciiSet = &QUERY.add(b'?');

/// Appends `part` to `out`. `plain` text holds no byte of `set` and is copied whole.
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
    fn what_is_plain_needs_no_encoding() {
        for byte in 0..=u8::MAX {
            let text = [byte];
            let kept = |set| {
                percent_encode(&text, set).eq([std::str::from_utf8(&text).unwrap_or_default()])
            };
            // `?` needs no encoding in a query only, and is then encoded byte by byte.
            assert_eq!(PLAIN.contains(byte), kept(PATH), "{byte:#x}");
            assert!(!PLAIN.contains(byte) || kept(QUERY), "{byte:#x}");
        }
    }
}
