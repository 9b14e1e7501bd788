//! Media types in headers (RFC 9110 §8.3.1), compared without case.

use http::HeaderValue;

/// Returns whether a `Content-Type` is one of gRPC's, which all begin with `application/grpc`.
pub(crate) fn is_grpc(content_type: &HeaderValue) -> bool {
    let essence = content_type.as_bytes().get(..b"application/grpc".len());
    essence.is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
}

/// Returns whether an `Accept` names `media_type`, whatever its weight.
pub(crate) fn is_named(media_type: &str, accept: &HeaderValue) -> bool {
    let mut windows = accept.as_bytes().windows(media_type.len());
    windows.any(|window| window.eq_ignore_ascii_case(media_type.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_is_a_prefix_and_names_may_stand_anywhere() {
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
    }
}
