//! Tracks which replay each handle belongs to.

/// The identity of one `ReplayBody` in the shared state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handle {
    /// The number of the attempt. `None` for a clone that was not polled: its first poll makes it the
    /// newest attempt, if it [may begin](Lineage::may_begin) one.
    pub(super) number: Option<u64>,
    /// The number of the replay that this handle is, or was cloned from; 0 for the first body and its
    /// clones.
    pub(super) family: u64,
}

impl Handle {
    /// The first body.
    pub(super) const FIRST: Self = Self { number: Some(0), family: 0 };

    /// The handle of a clone, which is not an attempt yet.
    pub(super) fn for_clone(self) -> Self {
        Self { number: None, ..self }
    }
}

/// The replays whose clones may still begin an attempt: the family of each, and the family that it was made
/// from.
#[derive(Debug, Default)]
pub(super) struct Lineage(Vec<(u64, u64)>);

impl Lineage {
    /// Adds the replay `number` of `handle`, and ends the replays made earlier from the same family. Returns
    /// the handle of the new replay.
    pub(super) fn replace(&mut self, handle: Handle, number: u64) -> Handle {
        self.remove_replays(handle);
        self.0.push((number, handle.family));
        Handle { number: Some(number), family: number }
    }

    /// Ends the replays made from the family of `handle`, and the replays made from those. If a clone of an
    /// ended replay is first polled afterwards, it supersedes nothing.
    pub(super) fn remove_replays(&mut self, handle: Handle) {
        let mut ended = Vec::new();
        // Replays are in the order in which they were made, so each comes after its parent.
        self.0.retain(|(family, parent)| {
            let is_ended = *parent == handle.family || ended.contains(parent);
            if is_ended {
                ended.push(*family);
            }
            !is_ended
        });
    }

    /// Whether a clone with this handle may begin an attempt.
    pub(super) fn may_begin(&self, handle: Handle) -> bool {
        handle.family == 0 || self.0.iter().any(|(family, _)| *family == handle.family)
    }
}
