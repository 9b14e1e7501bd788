//! The target in a rule's `to`: parts of a URL, with captures in path and query.

use super::pattern::{MAX_LENGTH, check_spelling, name_length, starts_with_letter};
use crate::uri::{Authority, Host, Scheme, split_at_first};

/// The parts of the request's URL that a rule changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) origin: OriginChange,
    /// `None` keeps the request's path.
    pub(super) path: Option<Vec<Piece>>,
    /// `None` if the target has no query.
    pub(super) query: Option<Vec<Piece>>,
    /// The fragment, which has no captures.
    pub(super) fragment: Option<Box<str>>,
}

/// The parts of the request's origin that a rule changes.
#[derive(Clone, Debug, Default)]
pub(super) struct OriginChange {
    pub(super) scheme: Option<Scheme>,
    pub(super) host: Option<Host>,
    pub(super) port: Option<u16>,
}

/// A piece of a path or query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Capture(Source),
}

/// The part of a request that a capture copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The segment of the path at this position.
    Segment(u16),
    /// The path from the segment at this position on.
    Rest(u16),
    /// The value of the parameter that the rule's condition at this position names.
    Query(u16),
    /// The group of the rule's regex with this number.
    Group(u16),
}

impl Target {
    /// Parses `https://host/path?query#fragment` or `/path?query#fragment`. `find` returns the source of the
    /// capture with the given name. `Err` is the reason why the target is refused.
    pub(super) fn parse(
        text: &str,
        find: impl Fn(&str) -> Option<Source>,
    ) -> Result<Self, &'static str> {
        if text.len() > MAX_LENGTH {
            return Err("a target is at most 8 KiB long");
        }
        check_spelling(text)?;
        check_variables(text)?;
        let (target, fragment) = split_at_first(text, '#');
        if fragment.is_some_and(|fragment| fragment.contains('#')) {
            return Err("a `#` inside a fragment is written `%23`");
        }
        if fragment.is_some_and(|fragment| names_capture(fragment, &find)) {
            return Err("a fragment has no captures");
        }
        let (origin, rest) = match target.starts_with('/') {
            true if target.starts_with("//") || target.starts_with("/\\") => {
                return Err("not an absolute http or https url, and browsers read a host in it");
            }
            true => (OriginChange::default(), target),
            false => parse_absolute(target)?,
        };
        let (path, query) = split_at_first(rest, '?');
        if path.split('/').any(is_dot_segment) {
            return Err("a dot segment: write the path that it leads to");
        }
        Ok(Self {
            origin,
            path: Some(pieces(if path.is_empty() { "/" } else { path }, &find)?),
            query: query.map(|query| pieces(query, &find)).transpose()?,
            fragment: fragment.map(Box::from),
        })
    }

    /// Whether the target changes nothing at all.
    pub(super) fn is_nothing(&self) -> bool {
        let OriginChange { scheme, host, port } = &self.origin;
        let origin = scheme.is_none() && host.is_none() && port.is_none();
        origin && self.path.is_none() && self.query.is_none()
    }

    /// Whether the target keeps the path, or its own path ends in a byte-for-byte copy of the rest of the
    /// request's path and has no other copy of it.
    pub(super) fn copies_the_rest(&self) -> bool {
        let Some(path) = &self.path else { return true };
        let is_rest = |piece: &Piece| matches!(piece, Piece::Capture(Source::Rest(_)));
        path.split_last().is_some_and(|(last, others)| is_rest(last) && !others.iter().any(is_rest))
    }
}

/// Splits an absolute URL into its origin and the text after it. `Err` is the reason.
fn parse_absolute(target: &str) -> Result<(OriginChange, &str), &'static str> {
    let (scheme, rest) =
        target.split_once("://").ok_or("a target starts with `/`, `http://` or `https://`")?;
    let scheme = Scheme::parse(scheme).ok_or("not an absolute http or https url")?;
    let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err("a target has no user and no password");
    }
    if !authority.is_ascii() {
        return Err("an international name is written in punycode: `xn--..`");
    }
    let parsed = Authority::parse(authority);
    let is_pattern =
        !authority.contains('[') && authority.split(':').skip(1).any(starts_with_letter);
    if authority.contains('*') || parsed.is_err() && is_pattern {
        return Err("a capture never becomes part of a scheme, host or port");
    }
    let authority = parsed?;
    let port = authority.effective_port(scheme);
    let host = Host::try_parse(authority.host())?;
    Ok((OriginChange { scheme: Some(scheme), host: Some(host), port: Some(port) }, rest))
}

/// Refuses the capture and variable syntax of other servers. `Err` is the reason.
fn check_variables(text: &str) -> Result<(), &'static str> {
    // Common variables of nginx that describe a request. Other words may follow a `$`, as in OData's
    // `$filter`.
    const VARIABLES: [&str; 11] = [
        "args",
        "document_uri",
        "host",
        "is_args",
        "query_string",
        "remote_addr",
        "request_uri",
        "scheme",
        "server_name",
        "server_port",
        "uri",
    ];
    let is_group = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    if text.split('$').skip(1).any(is_group) {
        return Err("captures are written `:name`; a literal `$` before a digit is written `%24`");
    }
    if text.split('\\').skip(1).any(is_group) {
        return Err("captures are written `:name`; a literal `\\` is written `%5C`");
    }
    // A variable of nginx for one parameter, cookie or header begins with one of these.
    const FAMILIES: [&str; 3] = ["arg_", "cookie_", "http_"];
    let is_variable = |rest: &str| {
        let name = rest.get(..name_length(rest)).unwrap_or_default();
        VARIABLES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
    };
    if text.split('$').skip(1).any(is_variable) {
        return Err(
            "there are no variables: the query is kept, captures are written `:name`, and a \
             literal `$` is written `%24`",
        );
    }
    Ok(())
}

/// Whether a segment is `.` or `..`, escaped or not (WHATWG URL, "double-dot URL path segment").
fn is_dot_segment(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    matches!(&*dots, "." | "..")
}

/// Whether a text names a capture.
fn names_capture(text: &str, find: impl Fn(&str) -> Option<Source>) -> bool {
    text.split([':', '*']).skip(1).any(|after| {
        let name = after.get(..name_length(after)).unwrap_or_default();
        !name.is_empty() && find(name).is_some()
    })
}

/// Splits a text at its captures: `:name`, `*name`, and `*` for the rest, whatever its name.
fn pieces(text: &str, find: impl Fn(&str) -> Option<Source>) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find([':', '*']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let (mark, after) = from.split_at_checked(1).unwrap_or((from, ""));
        let (name, after) = after.split_at_checked(name_length(after)).unwrap_or(("", after));
        plain.push_str(before);
        rest = after;
        if name.is_empty() && mark == ":" {
            plain.push(':');
            continue;
        }
        // `:name*` is the syntax of Next.js. Read as `:name` and `*`, it would write the rest twice.
        let is_plain_star = after.strip_prefix('*').is_some_and(|rest| !starts_with_letter(rest));
        if !name.is_empty() && is_plain_star {
            return Err("a capture of the rest is written `*name` alone; a literal star is `%2A`");
        }
        let source = find(name).ok_or(
            "a capture that `from` does not name; a literal colon is `%3A`, a literal star `%2A`",
        )?;
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Capture(source));
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    if pieces.len() > usize::from(u8::MAX) {
        return Err("a path or query has at most 255 pieces: captures, and the texts around them");
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Option<Source> {
        match name {
            "id" => Some(Source::Segment(1)),
            "id_2" => Some(Source::Segment(2)),
            "rest" | "" => Some(Source::Rest(3)),
            _ => None,
        }
    }

    #[test]
    fn pieces_of_a_target() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let capture = Piece::Capture;
        for (target, path, query) in [
            ("/b", vec![text("/b")], None),
            ("/b?", vec![text("/b")], Some(vec![text("")])),
            (
                "/x-:id.html/:id_2/*rest?q=:id&r=1:2",
                vec![
                    text("/x-"),
                    capture(Source::Segment(1)),
                    text(".html/"),
                    capture(Source::Segment(2)),
                    text("/"),
                    capture(Source::Rest(3)),
                ],
                Some(vec![text("q="), capture(Source::Segment(1)), text("&r=1:2")]),
            ),
            ("https://a.test:8443", vec![text("/")], None),
            ("https://a.test/*", vec![text("/"), capture(Source::Rest(3))], None),
            ("https://a.test?q", vec![text("/")], Some(vec![text("q")])),
            ("https://a.test#x:y*", vec![text("/")], None),
            ("/$metadata?$filter=$x", vec![text("/$metadata")], Some(vec![text("$filter=$x")])),
            ("/b?q#/:other", vec![text("/b")], Some(vec![text("q")])),
        ] {
            let parsed = Target::parse(target, find).expect(target);
            assert_eq!((parsed.path, parsed.query), (Some(path), query), "{target}");
        }
    }

    #[test]
    fn invalid_targets_are_refused() {
        for target in [
            "",
            "b",
            "//evil.example",
            "/\\evil.example",
            "/a b",
            "/:missing",
            "/Talk:Main",
            "/a/../b",
            "/a/%2E./b",
            "ftp://a.test/",
            "https://:id.a.test/",
            "https://a.test::id/",
            "https://*rest/",
            "https://*.a.test/",
            "https://a@b.test/",
            "https://a~b.test/",
            "https://a$b.test/",
            "https://a.test,b.test/",
            "https://$host/",
            "https://a.test$request_uri",
            "/b$is_args$args",
            "/items/$arg_id",
            "/:id*",
            "/b/:rest*",
            "/b?q=:rest*",
            "#top",
            "/b/\\1",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "https://",
            "/a#:id",
            "/a#b#c",
        ] {
            assert!(Target::parse(target, find).is_err(), "{target}");
        }
    }
}
