//! Escapes text from requests and responses for logs.

use std::fmt::{self, Display, Write};

/// The maximum length of escaped text in bytes, without the `…` that ends shortened text.
const LONGEST: usize = 256;

/// Writes text in one line. Control characters, and characters that end a line or change the direction of
/// text, are escaped, so no request can begin a new line in a log or colour a terminal.
pub(crate) struct OneLine<T>(pub(crate) T);

impl<T: Display> Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0, usize::MAX)
    }
}

/// Writes text as [`OneLine`] does. After 256 bytes it ends in `…`.
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.0, LONGEST)
    }
}

fn write_escaped(to: &mut fmt::Formatter<'_>, text: &impl Display, left: usize) -> fmt::Result {
    let mut writer = Writer { to, left, is_full: false };
    let written = write!(writer, "{text}");
    // A full writer returns an error only to stop the formatting.
    if writer.is_full { Ok(()) } else { written }
}

impl<T: Display> fmt::Debug for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

struct Writer<'w, 'f> {
    to: &'w mut fmt::Formatter<'f>,
    left: usize,
    is_full: bool,
}

impl Write for Writer<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let is_escaped = character.is_control() || is_bidirectional_or_separator(character);
            let length = match is_escaped {
                true => character.escape_unicode().len(),
                false => character.len_utf8(),
            };
            if length > self.left {
                self.to.write_char('…')?;
                self.is_full = true;
                return Err(fmt::Error);
            }
            self.left -= length;
            match is_escaped {
                true => write!(self.to, "{}", character.escape_unicode())?,
                false => self.to.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Whether a character ends a line, or changes the direction of the text after it.
fn is_bidirectional_or_separator(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_of_bounded_length() {
        for (text, written) in [
            ("a b/ä", "a b/ä".to_owned()),
            ("a\r\nb", "a\\u{d}\\u{a}b".to_owned()),
            ("\u{1b}[31m", "\\u{1b}[31m".to_owned()),
            ("\u{202e}x\u{2028}\u{61c}", "\\u{202e}x\\u{2028}\\u{61c}".to_owned()),
            (&"x".repeat(256), "x".repeat(256)),
            (&"x".repeat(257), "x".repeat(256) + "…"),
            (&("x".repeat(255) + "ä"), "x".repeat(255) + "…"),
        ] {
            assert_eq!(Escaped(text).to_string(), written);
        }
        let long = "x".repeat(300);
        assert_eq!(OneLine(format!("{long}\n")).to_string(), long + "\\u{a}");
    }
}
