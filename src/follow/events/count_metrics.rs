//! Counts calls with the `metrics` facade. `guide::observability` lists the names. All keys are made once,
//! so that counting allocates nothing.

use std::sync::LazyLock;

use metrics::{Key, Label, Level, Metadata, with_recorder};

use super::finished::{Finished, Outcome};
use crate::follow::redirect_error::RedirectErrorKind;

const HOPS: &str = "tower_redirect_followed_hops";
const CALLS: &str = "tower_redirect_followed_total";
const BYTES: &str = "tower_redirect_replayed_bytes_total";

static METADATA: Metadata<'static> =
    Metadata::new("tower_redirect", Level::INFO, Some(module_path!()));
static HOPS_KEY: Key = Key::from_static_name(HOPS);
static BYTES_KEY: Key = Key::from_static_name(BYTES);

/// A key for each way in which a call can end: an outcome and an error type. The error type is empty unless
/// the outcome is an error.
static CALLS_KEYS: LazyLock<Vec<((Outcome, &str), Key)>> = LazyLock::new(|| {
    let returned = [(Outcome::Response, ""), (Outcome::Redirection, "")];
    let errors = RedirectErrorKind::NAMES.into_iter().chain(["service"]);
    let ends = returned.into_iter().chain(errors.map(|error_type| (Outcome::Error, error_type)));
    let key = |(outcome, error_type): (Outcome, &'static str)| {
        let outcome = Label::from_static_parts("outcome", outcome.as_str());
        let error_type = Label::from_static_parts("error_type", error_type);
        Key::from_parts(CALLS, vec![outcome, error_type])
    };
    ends.map(|end| (end, key(end))).collect()
});

/// Describes the metrics, and starts the counters at zero.
pub(crate) fn start() {
    with_recorder(|recorder| {
        let hops = "Hops of each call that followed a redirection or ended with a RedirectError.";
        recorder.describe_histogram(HOPS.into(), None, hops.into());
        let calls =
            "Calls that followed a redirection or ended with a RedirectError, by how they ended.";
        recorder.describe_counter(CALLS.into(), None, calls.into());
        let bytes = "Bytes of bodies that were sent again, as far as their length was known.";
        recorder.describe_counter(BYTES.into(), Some(metrics::Unit::Bytes), bytes.into());
        recorder.register_counter(&BYTES_KEY, &METADATA).increment(0);
        for (_, key) in CALLS_KEYS.iter() {
            recorder.register_counter(key, &METADATA).increment(0);
        }
    });
}

pub(super) fn followed(replayed_bytes: u64) {
    if replayed_bytes > 0 {
        with_recorder(|recorder| {
            recorder.register_counter(&BYTES_KEY, &METADATA).increment(replayed_bytes);
        });
    }
}

pub(super) fn finished(finished: &Finished<'_>) {
    let end = (finished.outcome(), finished.error_type().unwrap_or_default());
    with_recorder(|recorder| {
        let hops = u32::try_from(finished.history.len()).unwrap_or(u32::MAX);
        recorder.register_histogram(&HOPS_KEY, &METADATA).record(f64::from(hops));
        if let Some((_, key)) = CALLS_KEYS.iter().find(|(known, _)| *known == end) {
            recorder.register_counter(key, &METADATA).increment(1);
        }
    });
}
