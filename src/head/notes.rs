use std::cell::{Cell, RefCell};

use super::vary::Vary;
use crate::diagnosis::Diagnosis;

/// What the evaluation of one request leaves for its answer. All heads of the request share it: the
/// head as it came, and those that ask about it as it would come back.
#[derive(Default)]
pub(super) struct Notes {
    /// The headers that were read.
    pub(super) vary: Vary,
    /// Whether no cache may store the answer.
    pub(super) no_store: Cell<bool>,
    /// `None` where no hook takes diagnoses: then none are made.
    pub(super) diagnoses: Option<RefCell<Vec<Diagnosis>>>,
}

/// The notes that a head writes to.
#[allow(clippy::large_enum_variant)] // A box would be an allocation on every pass.
pub(super) enum NotesHandle<'a> {
    /// Those of the request as it came.
    Own(Notes),
    /// Those of the head that this one was moved from. It adds no diagnoses: the request that they
    /// would be about was not made.
    Shared(&'a Notes),
}

impl NotesHandle<'_> {
    pub(super) fn get(&self) -> &Notes {
        match self {
            Self::Own(notes) => notes,
            Self::Shared(notes) => notes,
        }
    }

    /// The diagnoses, where this head adds to them.
    pub(super) fn diagnoses(&self) -> Option<&RefCell<Vec<Diagnosis>>> {
        match self {
            Self::Own(notes) => notes.diagnoses.as_ref(),
            Self::Shared(_) => None,
        }
    }
}
