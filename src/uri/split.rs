//! Splits texts into the parts of a URL, without checking them (RFC 3986 §3).

/// Splits a URL without a fragment into its scheme, its authority, and the rest. Returns `None` for a text
/// without `://`, and for one that begins with `/`: that is a path, even if it contains a URL.
pub(crate) fn split_origin(url: &str) -> Option<(&str, &str, &str)> {
    if url.starts_with('/') {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    Some((scheme, authority, rest))
}

/// Splits a text at its first `mark`, such as the `?` before a query. The second part is `None` without a mark.
pub(crate) fn split_at_first(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}
