//! Lists whose members may hold quoted strings (RFC 9110 §5.6.4).

use std::ops::Range;

/// The parts between separators which stand outside of quotes, trimmed. The last is an error where a
/// quote does not end.
pub(crate) fn split(text: &str, separator: u8) -> impl Iterator<Item = Result<&str, ()>> {
    let parts = parts(text.as_bytes(), separator);
    parts.map(|part| part.map(|part| text.get(part).unwrap_or_default().trim_matches([' ', '\t'])))
}

/// The same for a field that need not be text.
pub(crate) fn split_bytes(text: &[u8], separator: u8) -> impl Iterator<Item = Result<&[u8], ()>> {
    let parts = parts(text, separator);
    parts.map(|part| part.map(|part| text.get(part).unwrap_or_default().trim_ascii()))
}

/// Where the parts are. Each byte is looked at once.
fn parts(text: &[u8], separator: u8) -> impl Iterator<Item = Result<Range<usize>, ()>> {
    let mut start = Some(0);
    std::iter::from_fn(move || {
        let begin = start.take()?;
        let (mut quoted, mut escaped) = (false, false);
        for (index, byte) in text.iter().copied().enumerate().skip(begin) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if byte == separator && !quoted => {
                    start = Some(index + 1);
                    return Some(Ok(begin..index));
                }
                _ => {}
            }
        }
        Some(if quoted { Err(()) } else { Ok(begin..text.len()) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hide_separators() {
        let parts = |text| split(text, b',').collect::<Vec<_>>();
        assert_eq!(parts(r#"a, "b,c" ,d"#), [Ok("a"), Ok(r#""b,c""#), Ok("d")]);
        assert_eq!(parts(r#""\",",x"#), [Ok(r#""\",""#), Ok("x")]);
        assert_eq!(parts(r#"a,"b,c"#), [Ok("a"), Err(())]);
        assert_eq!(parts(r"a\,b"), [Ok(r"a\"), Ok("b")]);
        assert_eq!(parts(""), [Ok("")]);
        let bytes: Vec<_> = split_bytes(b"\xff, b", b',').collect();
        assert_eq!(bytes, [Ok(b"\xff".as_slice()), Ok(b"b")]);
    }
}
