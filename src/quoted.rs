//! Splits lists whose members may hold quoted strings (RFC 9110 §5.6.4).

/// Splits at each separator outside of quotes, and trims the parts. The last part is an error if a
/// quote does not end.
pub(crate) fn split(text: &str, separator: u8) -> impl Iterator<Item = Result<&str, ()>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let (mut quoted, mut escaped) = (false, false);
        for (index, byte) in text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if byte == separator && !quoted => {
                    rest = text.get(index + 1..);
                    return text.get(..index).map(|part| Ok(part.trim_matches([' ', '\t'])));
                }
                _ => {}
            }
        }
        Some(if quoted { Err(()) } else { Ok(text.trim_matches([' ', '\t'])) })
    })
}
