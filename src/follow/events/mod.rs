//! Events of a follower: each hop, and the end of a call. They are passed to hooks, to `tracing` and to
//! `metrics`.

#[cfg_attr(feature = "metrics", path = "count_metrics.rs")]
#[cfg_attr(not(feature = "metrics"), path = "no_count.rs")]
mod count;
mod finished;
mod followed;
mod hooks;
#[cfg_attr(feature = "tracing", path = "log_tracing.rs")]
#[cfg_attr(not(feature = "tracing"), path = "no_log.rs")]
mod log;

pub(super) use count::start as start_counting;
pub(super) use finished::End;
pub use finished::{Finished, Outcome};
pub use followed::Followed;
pub(super) use hooks::EventHooks;
