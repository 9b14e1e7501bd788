//! The answer to a gRPC call during maintenance.
//!
//! gRPC reports errors in `grpc-status` and not in the HTTP status, and its clients follow no redirection.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, header};

use super::unavailable::response_of_type;
use crate::head::RequestHead;
use crate::media_type::is_grpc;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// `UNAVAILABLE`: the client may retry the call.
const UNAVAILABLE: HeaderValue = HeaderValue::from_static("14");

/// Returns whether the request is a gRPC call.
pub(super) fn is_grpc_call(head: &RequestHead<'_>) -> bool {
    head.header(header::CONTENT_TYPE).is_some_and(is_grpc)
}

/// Returns a `Trailers-Only` response with `UNAVAILABLE` (gRPC over HTTP/2, "Responses"): the trailers
/// are sent as headers, and no body follows.
pub(super) fn grpc_unavailable(head: &RequestHead<'_>) -> Response<Bytes> {
    let asked = head.header(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let web = b"application/grpc-web";
    let is_web = asked.get(..web.len()).is_some_and(|start| start.eq_ignore_ascii_case(web));
    let content_type = if is_web { "application/grpc-web" } else { "application/grpc" };

    let mut response = response_of_type(content_type, Bytes::new());
    let headers = response.headers_mut();
    headers.insert(GRPC_STATUS, UNAVAILABLE);
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static("down for maintenance"));
    response
}
