use std::cell::{Cell, RefCell};

use super::vary::Vary;
use crate::diagnosis::Diagnosis;

/// What the evaluation of one request leaves for its answer. All heads of the request share it: the
/// head as it came, and those that ask about it as it would come back.
#[derive(Default)]
pub(super) struct Notes {
    /// The headers that were read.
    pub(super) vary: RefCell<Vary>,
    /// Whether no cache may store the answer.
    pub(super) no_store: Cell<bool>,
    /// Whether a hook takes diagnoses; without one none are made.
    pub(super) collects_diagnoses: bool,
    pub(super) diagnoses: RefCell<Vec<Diagnosis>>,
}

/// The notes that a head writes to.
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

    pub(super) fn collects_diagnoses(&self) -> bool {
        matches!(self, Self::Own(Notes { collects_diagnoses: true, .. }))
    }

    pub(super) fn diagnose(&self, diagnosis: Diagnosis) {
        if self.collects_diagnoses() {
            self.get().diagnoses.borrow_mut().push(diagnosis);
        }
    }
}
