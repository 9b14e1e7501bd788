//! Events, which go to the hooks of a layer and, with feature `tracing`, to a subscriber. With feature
//! `metrics`, they are counted.
//!
//! A [`Diagnosis`](crate::Diagnosis) is reported at most once for each cause and peer in a period of an hour.

mod answer_hooks;
mod answered;
#[cfg_attr(feature = "metrics", path = "count_metrics.rs")]
#[cfg_attr(not(feature = "metrics"), path = "no_count.rs")]
mod count;
mod escaped;
mod hook;
#[cfg_attr(feature = "tracing", path = "log_tracing.rs")]
#[cfg_attr(not(feature = "tracing"), path = "no_log.rs")]
mod log;
mod reports;

pub(crate) use answer_hooks::AnswerHooks;
pub use answered::{AnswerKind, Answered};
pub(crate) use count::AnswerCounter;
#[cfg(feature = "follow")]
pub(crate) use escaped::Escaped;
pub(crate) use escaped::OneLine;
pub(crate) use hook::DiagnosisHook;
#[cfg(all(feature = "follow", feature = "tracing"))]
pub(crate) use log::{TARGET, known_method, unknown_method};
