//! Events of `tracing` with target `tower_redirect`. A field has the name that OpenTelemetry's semantic
//! conventions give it, if they have one.

use tracing::{Level, enabled, event};

use super::finished::{Finished, Outcome};
use super::followed::Followed;
use crate::event::{Escaped, TARGET, known_method, unknown_method};
use crate::follow::dropped::Dropped;
use crate::follow::redacted::Redacted;

/// Whether a subscriber wants hops.
pub(super) fn wants_hops() -> bool {
    enabled!(target: TARGET, Level::DEBUG)
}

pub(super) fn followed(followed: &Followed<'_>) {
    let hop = followed.hop;
    event!(
        target: TARGET,
        Level::DEBUG,
        http.request.method = known_method(&hop.next_method),
        http.request.method_original = unknown_method(&hop.next_method).map(tracing::field::display),
        http.request.resend_count = followed.number,
        http.response.status_code = hop.status.as_u16(),
        url.scheme = hop.next_uri.scheme_str(),
        url.path = %Escaped(hop.next_uri.path()),
        server.address = hop.next_uri.host().map(|host| tracing::field::display(Escaped(host))),
        server.port = hop.next_uri.port_u16(),
        redirect.from = %Escaped(Redacted(&hop.uri)),
        redirect.dropped = dropped(&hop.dropped),
        redirect.resends_body = followed.resends_body,
        redirect.replayed_bytes = followed.replayed_bytes,
        "followed"
    );
}

pub(super) fn finished(finished: &Finished<'_>) {
    // `event!` requires a constant level.
    macro_rules! at {
        ($level:expr) => {
            event!(
                target: TARGET,
                $level,
                http.response.status_code = finished.status().map(|status| status.as_u16()),
                error.type = finished.error_type(),
                redirect.hops = finished.history.len(),
                redirect.outcome = finished.outcome().as_str(),
                "finished"
            )
        };
    }
    match finished.outcome() {
        Outcome::Error => at!(Level::INFO),
        _ => at!(Level::DEBUG),
    }
}

/// Joins the names of everything that was dropped; `None` if nothing was.
fn dropped(dropped: &[Dropped]) -> Option<String> {
    let names: Vec<_> = dropped.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| Escaped(names.join(", ")).to_string())
}
