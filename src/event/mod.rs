//! Reports each [`Diagnosis`](crate::Diagnosis) to the hook of a layer and, with feature `tracing`,
//! as an event: at most once for each peer in an hour.

mod hook;
#[cfg(not(feature = "tracing"))]
#[path = "silent.rs"]
mod output;
#[cfg(feature = "tracing")]
#[path = "tracing.rs"]
mod output;
mod reports;

pub(crate) use hook::DiagnosisHook;
