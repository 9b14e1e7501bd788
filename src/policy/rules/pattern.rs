//! The path pattern in a rule's `from`.

use super::normal::is_odd;
use crate::uri::{decode_escape, normalize};

/// The length of the longest path, regex or target that is accepted, in bytes.
pub(super) const MAX_LENGTH: usize = 8 * 1024;
/// The most segments that a pattern may have. An exact path may have more.
const MAX_SEGMENTS: usize = 64;

/// The path of a rule: a path in normal form, which may have captures, or a regex as it was written.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    kind: Kind,
}

/// How a [`Pattern`] is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Exact,
    Segments,
    Regex,
}

/// One segment of a [`Pattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment<'p> {
    Literal(&'p str),
    /// One segment that is not empty.
    Name(&'p str),
    /// The rest of the path, which may be empty. The name is empty for a plain `*`.
    Rest(&'p str),
}

impl Pattern {
    /// Parses a path. `Err` is the reason why it is refused.
    pub(super) fn parse(path: &str) -> Result<Self, &'static str> {
        if !path.starts_with('/') {
            return Err("a path starts with `/`");
        }
        if path.len() > MAX_LENGTH {
            return Err("a path is at most 8 KiB long");
        }
        check_spelling(path)?;
        let text = normalize(path).into_owned();
        if segments(&text).all(is_literal) {
            return Ok(Self { text, kind: Kind::Exact });
        }
        let pattern = Self { text, kind: Kind::Segments };
        pattern.check(path)?;
        Ok(pattern)
    }

    /// Creates the pattern of a regex that has already been compiled.
    #[cfg(feature = "regex")]
    pub(super) fn regex(text: &str) -> Self {
        Self { text: text.to_owned(), kind: Kind::Regex }
    }

    /// Refuses a pattern with an ambiguous segment, an invalid capture or too many segments. `path` is its
    /// text before normalization. `Err` is the reason.
    fn check(&self, path: &str) -> Result<(), &'static str> {
        let count = segments(&self.text).count();
        let mut names = Vec::new();
        for (at, segment) in segments(&self.text).enumerate() {
            let is_last = at + 1 == count;
            match segment {
                Segment::Literal("") if is_last => {}
                // The raw text shows `%2e`, which the normal form decodes.
                Segment::Literal(_) if path.split('/').nth(at + 1).is_none_or(is_odd) => {
                    return Err(
                        "only an exact path may have an empty or dot segment, `%2e`, `%2f`, `%5c` or `\\`",
                    );
                }
                Segment::Literal(literal) if literal.contains('*') => {
                    return Err("`*` is allowed only as the whole last segment");
                }
                Segment::Literal(_) => {}
                Segment::Rest(_) if !is_last => {
                    return Err("`*` is allowed only as the whole last segment");
                }
                Segment::Name(name) | Segment::Rest(name) => {
                    let is_unnamed = segment == Segment::Rest("");
                    if !is_unnamed && !is_name(name) {
                        return Err(
                            "a capture is a whole segment, `:name` or `*name`; its name is a letter, \
                             followed by letters, digits and `_`",
                        );
                    }
                    if names.contains(&name) {
                        return Err("two captures have the same name");
                    }
                    names.push(name);
                }
            }
        }
        if count > MAX_SEGMENTS {
            return Err("a pattern has at most 64 segments");
        }
        Ok(())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is a path with neither captures nor `*`, and not a regex.
    pub(super) fn is_exact(&self) -> bool {
        self.kind == Kind::Exact
    }

    pub(super) fn is_regex(&self) -> bool {
        self.kind == Kind::Regex
    }

    /// The segments of a path; none for a regex.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        segments(&self.text).filter(|_| !self.is_regex())
    }
}

/// The segments of a pattern's text.
pub(super) fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    let text = text.strip_prefix('/').unwrap_or(text);
    text.split('/').map(|segment| match (segment.strip_prefix(':'), segment.strip_prefix('*')) {
        (Some(name), _) if starts_with_letter(name) => Segment::Name(name),
        (_, Some(name)) => Segment::Rest(name),
        _ => Segment::Literal(segment),
    })
}

/// Refuses a path or target with spaces or control bytes, the capture syntax of other routers, or an
/// incomplete escape. `Err` is the reason.
pub(super) fn check_spelling(text: &str) -> Result<(), &'static str> {
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err("percent-encode spaces and control bytes");
    }
    if text.contains(['{', '}', '<', '>']) {
        return Err("captures are written `:name` and `*name`; a literal `{` is written `%7B`");
    }
    let is_escape = |rest: &str| match rest.as_bytes() {
        [high, low, ..] => decode_escape(*high, *low).is_some(),
        _ => false,
    };
    match text.split('%').skip(1).all(is_escape) {
        true => Ok(()),
        false => Err("`%` is followed by two hexadecimal digits; a literal `%` is written `%25`"),
    }
}

fn is_literal(segment: Segment<'_>) -> bool {
    matches!(segment, Segment::Literal(literal) if !literal.contains('*'))
}

/// Whether a text matches `[A-Za-z][0-9A-Za-z_]*`.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && name_length(text) == text.len()
}

/// The length of the capture name that `text` begins with; 0 if there is none.
pub(super) fn name_length(text: &str) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if starts_with_letter(text) { text.bytes().take_while(is_word).count() } else { 0 }
}

/// Whether a text begins with an ASCII letter, as the name of a capture does.
pub(super) fn starts_with_letter(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_segments() {
        use Segment::{Literal, Name, Rest};
        for (path, exact, expected) in [
            ("/", true, vec![Literal("")]),
            ("/a/", true, vec![Literal("a"), Literal("")]),
            ("/a//b/..", true, vec![Literal("a"), Literal(""), Literal("b"), Literal("..")]),
            ("/wiki/Talk:Main", true, vec![Literal("wiki"), Literal("Talk:Main")]),
            ("/12:30/:1", true, vec![Literal("12:30"), Literal(":1")]),
            ("/%61/:id", false, vec![Literal("a"), Name("id")]),
            ("/*", false, vec![Rest("")]),
            ("/:id/:id_2/*rest", false, vec![Name("id"), Name("id_2"), Rest("rest")]),
            ("/:id/", false, vec![Name("id"), Literal("")]),
        ] {
            let pattern = Pattern::parse(path).expect(path);
            assert_eq!(pattern.segments().collect::<Vec<_>>(), expected, "{path}");
            assert_eq!(pattern.is_exact(), exact, "{path}");
        }
    }

    #[test]
    fn invalid_patterns_are_refused() {
        for path in [
            "",
            "a",
            "/a b",
            "/a\n",
            "/*/b",
            "/a*",
            "/*a-b",
            "/:id.html",
            "/:a/:a",
            "/:a/*a",
            "/a//*",
            "/../:x",
            "/%2e/*",
            "/a%2fb/:x",
        ] {
            assert!(Pattern::parse(path).is_err(), "{path}");
        }
        assert!(Pattern::parse(&"/x".repeat(65)).is_ok());
        assert!(Pattern::parse(&format!("{}/:y", "/x".repeat(64))).is_err());
        assert!(Pattern::parse(&"/x".repeat(5000)).is_err());
    }
}
