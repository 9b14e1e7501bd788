use std::cell::Cell;

use super::vary::Vary;

/// Notes that policies leave in a head, and that affect the answer. The heads that are
/// [moved](super::RequestHead::moved) from a head share its notes.
#[derive(Default)]
pub(crate) struct Notes {
    /// The headers that were read.
    pub(super) vary: Vary,
    /// Whether the answer is marked `no-store`.
    pub(super) no_store: Cell<bool>,
    /// Whether the layer refuses the request because its redirections have no end.
    pub(crate) is_endless: Cell<bool>,
}

/// The notes of a head.
pub(crate) enum NotesHandle<'a> {
    /// Those of a head that was made without a layer.
    Own(Box<Notes>),
    /// Those that a layer keeps for a request, or those of the head that this one was moved from.
    Shared(&'a Notes),
}

impl NotesHandle<'_> {
    pub(super) fn get(&self) -> &Notes {
        match self {
            Self::Own(notes) => notes,
            Self::Shared(notes) => notes,
        }
    }
}
