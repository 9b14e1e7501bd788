mod decided;
mod decider;
mod diagnose;
mod effective;
mod host;
mod notes;
mod parts;
mod request_head;
mod trace;
mod vary;

pub(crate) use decider::Decider;
pub(crate) use host::Refusal;
pub(crate) use notes::{Notes, NotesHandle};
pub use request_head::RequestHead;
pub use trace::{Outcome, Step};
pub(crate) use trace::{Trace, write_steps};
