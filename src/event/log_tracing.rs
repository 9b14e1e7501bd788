//! Events of `tracing` with target `tower_redirect`. Fields are named as in OpenTelemetry's semantic
//! conventions, if those define them.

use http::Method;
use tracing::{Level, enabled, event};

use super::answered::{AnswerKind, Answered};
use super::escaped::Escaped;
use crate::diagnosis::Diagnosis;

pub(crate) const TARGET: &str = "tower_redirect";

/// Whether a subscriber wants diagnoses.
pub(super) fn wants_diagnoses() -> bool {
    enabled!(target: TARGET, Level::WARN)
}

/// Whether a subscriber wants events about answers. The level of such an event depends on the answer, so
/// events of level `debug` are prepared even if the subscriber wants only `info`.
pub(super) fn wants_answers() -> bool {
    enabled!(target: TARGET, Level::INFO)
}

pub(super) fn diagnosed(diagnosis: &Diagnosis) {
    event!(target: TARGET, Level::WARN, diagnosis = diagnosis.name(), "{diagnosis}");
}

pub(super) fn answered(answered: &Answered<'_>) {
    // `event!` requires a constant level.
    macro_rules! at {
        ($level:expr) => {
            event!(
                target: TARGET,
                $level,
                http.request.method = known_method(&answered.method),
                http.request.method_original = unknown_method(&answered.method).map(tracing::field::display),
                http.response.status_code = answered.status.as_u16(),
                url.scheme = answered.scheme.as_str(),
                url.path = %Escaped(&answered.path),
                server.address = answered.host.as_ref().map(|host| tracing::field::display(Escaped(host))),
                server.port = answered.port,
                client.address = answered.client_ip.map(tracing::field::display),
                redirect.kind = answered.kind.as_str(),
                redirect.policy = answered.policy.as_deref(),
                redirect.rule = answered.rule.as_ref().map(|rule| tracing::field::display(Escaped(rule))),
                redirect.reason = answered.reason.as_ref().map(|reason| tracing::field::display(Escaped(reason))),
                redirect.target_origin = answered.target_origin.as_ref().map(|to| tracing::field::display(Escaped(to))),
                "answered"
            )
        };
    }
    match answered.kind {
        AnswerKind::Redirect => at!(Level::DEBUG),
        _ => at!(Level::INFO),
    }
}

/// Returns the value of `http.request.method`: `_OTHER` for a method that is not in RFC 9110 or RFC 5789,
/// so that clients cannot make up values.
pub(crate) fn known_method(method: &Method) -> &str {
    if is_known(method) { method.as_str() } else { "_OTHER" }
}

/// Returns the value of `http.request.method_original`: the method, if `http.request.method` is `_OTHER`.
pub(crate) fn unknown_method(method: &Method) -> Option<Escaped<&Method>> {
    (!is_known(method)).then_some(Escaped(method))
}

fn is_known(method: &Method) -> bool {
    [
        Method::CONNECT,
        Method::DELETE,
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::POST,
        Method::PUT,
        Method::TRACE,
    ]
    .contains(method)
}
