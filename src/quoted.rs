//! Splits lists whose members may hold quoted strings (RFC 9110 §5.6.4).

use std::ops::Range;

/// Splits at each separator outside of quotes, and trims the parts. The last part is an error if its
/// quoted string does not end.
pub(crate) fn split(text: &str, separator: u8) -> impl Iterator<Item = Result<&str, ()>> {
    let parts = parts(text.as_bytes(), separator);
    parts.map(|part| part.map(|part| text.get(part).unwrap_or_default().trim_matches([' ', '\t'])))
}

/// Splits like [`split`], for bytes that need not be UTF-8.
pub(crate) fn split_bytes(text: &[u8], separator: u8) -> impl Iterator<Item = Result<&[u8], ()>> {
    let parts = parts(text, separator);
    parts.map(|part| part.map(|part| text.get(part).unwrap_or_default().trim_ascii()))
}

/// Returns the positions of the parts. Each byte is read once.
fn parts(text: &[u8], separator: u8) -> impl Iterator<Item = Result<Range<usize>, ()>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next.take()?;
        let (mut at, mut is_quoted) = (start, false);
        loop {
            let rest = text.get(at..).unwrap_or_default();
            // Outside of quotes, a backslash is an ordinary byte. Inside of quotes, a separator is one.
            let special = if is_quoted { b'\\' } else { separator };
            let Some(stop) = rest.iter().position(|byte| *byte == special || *byte == b'"') else {
                return Some(if is_quoted { Err(()) } else { Ok(start..text.len()) });
            };
            at += stop + 1;
            match rest.get(stop) {
                Some(b'"') => is_quoted = !is_quoted,
                // The byte after a backslash never ends the string.
                _ if is_quoted => at += 1,
                _ => {
                    next = Some(at);
                    return Some(Ok(start..at - 1));
                }
            }
        }
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
        assert_eq!(parts(r#"a,"b\"#), [Ok("a"), Err(())]);
        assert_eq!(parts(r#"a"b"c,d"#), [Ok(r#"a"b"c"#), Ok("d")]);
        assert_eq!(parts(r"a\,b"), [Ok(r"a\"), Ok("b")]);
        assert_eq!(parts("a,"), [Ok("a"), Ok("")]);
        assert_eq!(parts(""), [Ok("")]);
        let bytes: Vec<_> = split_bytes(b"\xff, b", b',').collect();
        assert_eq!(bytes, [Ok(b"\xff".as_slice()), Ok(b"b")]);
    }
}
