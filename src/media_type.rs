//! Media types in headers (RFC 9110 §8.3.1), compared case-insensitively.

use http::HeaderValue;

/// Returns whether a `Content-Type` is one of gRPC's, which all begin with `application/grpc`.
pub(crate) fn is_grpc(content_type: &HeaderValue) -> bool {
    let essence = content_type.as_bytes().get(..b"application/grpc".len());
    essence.is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
}

/// Returns whether a line of `Accept` lists this media type or range without refusing it by `q=0`
/// (RFC 9110 §12.4.2).
pub(crate) fn is_named(media_type: &str, accept: &HeaderValue) -> bool {
    verdicts(media_type, accept).any(|is_accepted| is_accepted)
}

/// Returns whether a line of `Accept` lists this media type or range only with `q=0`.
pub(crate) fn is_refused(media_type: &str, accept: &HeaderValue) -> bool {
    let mut verdicts = verdicts(media_type, accept).peekable();
    verdicts.peek().is_some() && !verdicts.any(|is_accepted| is_accepted)
}

/// Returns, for each time that a line lists a media type or range, whether it is accepted.
fn verdicts<'a>(media_type: &'a str, accept: &'a HeaderValue) -> impl Iterator<Item = bool> + 'a {
    accept.as_bytes().split(|byte| *byte == b',').filter_map(move |range| {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let is_listed =
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type.as_bytes()));
        is_listed.then(|| !parts.any(is_refusal))
    })
}

/// Whether a parameter is `q=0`, which may have zeros after a dot.
fn is_refusal(parameter: &[u8]) -> bool {
    let weight = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="));
    weight.is_some_and(|weight| {
        weight.starts_with(b"0") && weight.iter().all(|byte| matches!(byte, b'0' | b'.'))
    })
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
        assert!(is_named("text/event-stream", &accept));
        assert!(!is_named("text/html", &accept));
        assert!(!is_named("text/html", &HeaderValue::from_static("")));
        for (accept, named) in [
            ("a/b, Text/HTML ;charset=utf-8; q=0.9", true),
            ("text/html;q=0, */*", false),
            ("text/html; Q=0.000", false),
            ("text/html;q=0.001", true),
            ("text/html-sandboxed", false),
            ("x-text/html", false),
        ] {
            assert_eq!(is_named("text/html", &HeaderValue::from_static(accept)), named, "{accept}");
        }
    }
}
