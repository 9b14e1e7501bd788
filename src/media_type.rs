//! Media types in headers (RFC 9110 §8.3.1), compared case-insensitively.

use http::HeaderValue;

use crate::list::members;

/// Returns whether a `Content-Type` is one of gRPC's, which all begin with `application/grpc`.
pub(crate) fn is_grpc(content_type: &HeaderValue) -> bool {
    let start = content_type.as_bytes().get(..b"application/grpc".len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
}

/// Returns whether a line of `Accept` lists this media type or range without refusing it by `q=0`
/// (RFC 9110 §12.4.2).
pub(crate) fn is_named(accept: &HeaderValue, media_type: &str) -> bool {
    weight_in(accept, media_type) > Some(0)
}

/// Returns the weight, in thousandths, of the first of `ranges` that a line of `Accept` lists (RFC 9110
/// §12.5.1). `None` if no line lists any of them. `ranges` starts with the most specific.
pub(crate) fn weight(ranges: &[&str], accept: &[&HeaderValue]) -> Option<u16> {
    let of_range = |range: &&str| accept.iter().filter_map(|line| weight_in(line, range)).max();
    ranges.iter().find_map(of_range)
}

/// Returns the weight of a media type or range in one line. The greatest is returned if it is listed more
/// than once.
fn weight_in(accept: &HeaderValue, media_type: &str) -> Option<u16> {
    let weights = members(accept.as_bytes()).filter_map(|range| {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next()?;
        name.eq_ignore_ascii_case(media_type.as_bytes())
            .then(|| parts.find_map(weight_of).unwrap_or(1000))
    });
    weights.max()
}

/// Parses the parameter `q` (RFC 9110 §12.4.2).
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At most 1000.
fn weight_of(parameter: &[u8]) -> Option<u16> {
    let text = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="))?;
    let weight: f32 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some((weight.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_is_a_prefix_and_a_name_may_be_anywhere_in_accept() {
        for (value, grpc) in [
            ("application/grpc", true),
            ("Application/gRPC+proto", true),
            ("application/grpc-web", true),
            ("application/grp", false),
            ("text/application/grpc", false),
        ] {
            assert_eq!(is_grpc(&HeaderValue::from_static(value)), grpc, "{value}");
        }
        let accept = HeaderValue::from_static("application/json, Text/Event-Stream;q=0.5");
        assert!(is_named(&accept, "text/event-stream"));
        assert!(!is_named(&accept, "text/html"));
        assert!(!is_named(&HeaderValue::from_static(""), "text/html"));
        for (accept, named) in [
            ("a/b, Text/HTML ;charset=utf-8; q=0.9", true),
            ("text/html;q=0, */*", false),
            ("text/html; Q=0.000", false),
            ("text/html;q=0.001", true),
            ("text/html-sandboxed", false),
            ("x-text/html", false),
        ] {
            assert_eq!(is_named(&HeaderValue::from_static(accept), "text/html"), named, "{accept}");
        }
        let html = ["text/html", "text/*", "*/*"];
        for (accept, expected) in [
            ("text/html;q=0.5, */*", Some(500)),
            ("text/*;q=0, */*", Some(0)),
            ("*/*;q=0.1, */*;q=0.2", Some(200)),
            ("text/html;q=x", Some(1000)),
            ("text/html;q=7", Some(1000)),
            ("a/b", None),
        ] {
            assert_eq!(weight(&html, &[&HeaderValue::from_static(accept)]), expected, "{accept}");
        }
    }
}
