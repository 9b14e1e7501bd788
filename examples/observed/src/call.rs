//! The spans of one call.

use std::sync::{Arc, Mutex, PoisonError};

use http::Request;
use tracing::field::Empty;
use tracing::{Span, info_span};

/// The state that the attempts of one call share. The follower needs `.keep_extension::<Call>()`, so that
/// requests to other origins have it, too.
#[derive(Clone, Default)]
pub struct Call(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    attempts: u32,
    /// Open until the next attempt, or the end of the call.
    last: Option<Span>,
}

impl Call {
    pub(crate) fn begin<B>(&self, request: &Request<B>) -> Span {
        let span = info_span!(
            "http",
            otel.name = request.method().as_str(),
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = request.method().as_str(),
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            server.address = request.uri().host(),
            server.port = request.uri().port_u16(),
            url.path = request.uri().path(),
            error.type = Empty,
        );
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.attempts > 0 {
            span.record("http.request.resend_count", shared.attempts);
        }
        shared.attempts += 1;
        shared.last = Some(span.clone());
        span
    }

    /// Ends the last span.
    pub(crate) fn end(&self, error_type: Option<&str>) {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).last.take();
        if let (Some(span), Some(error_type)) = (last, error_type) {
            fail(&span, error_type);
        }
    }
}

pub(crate) fn fail(span: &Span, error_type: &str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", error_type);
}
