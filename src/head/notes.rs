use std::cell::{Cell, RefCell};

use super::vary::Vary;
use crate::diagnosis::Diagnosis;

/// What policies did with the head of a request, as far as the answer depends on it. The heads that
/// are [moved](super::RequestHead::moved) from that head share its notes.
#[derive(Default)]
pub(super) struct Notes {
    /// The headers that were read.
    pub(super) vary: Vary,
    /// Whether the answer is marked `no-store`.
    pub(super) no_store: Cell<bool>,
    /// The diagnoses made so far. `None` if no hook and no subscriber takes them: then none are
    /// made.
    pub(super) diagnoses: Option<RefCell<Vec<Diagnosis>>>,
}

/// The notes of a head: its own, or those of the head that it was moved from.
#[allow(clippy::large_enum_variant)] // A box would be an allocation on every pass.
pub(super) enum NotesHandle<'a> {
    /// The notes of the request that arrived.
    Own(Notes),
    /// The notes of the head that this one was moved from. A moved head adds no diagnoses, since
    /// its request was never made.
    Shared(&'a Notes),
}

impl NotesHandle<'_> {
    pub(super) fn get(&self) -> &Notes {
        match self {
            Self::Own(notes) => notes,
            Self::Shared(notes) => notes,
        }
    }

    /// The diagnoses, if this head may add to them.
    pub(super) fn diagnoses(&self) -> Option<&RefCell<Vec<Diagnosis>>> {
        match self {
            Self::Own(notes) => notes.diagnoses.as_ref(),
            Self::Shared(_) => None,
        }
    }
}
