//! What was read, in order.

use bytes::{Bytes, BytesMut};

use super::budget::{Held, ReplayBudget};

/// From here on a chunk is kept as it came; smaller ones are gathered.
const LARGE: usize = 1024;
/// Gathered bytes become a chunk.
const GATHERED: usize = 8 * 1024;

/// Chunks, and small pieces which will be one.
#[derive(Debug, Default)]
pub(super) struct Recording {
    chunks: Vec<Bytes>,
    gathering: BytesMut,
    len: u64,
    held: Held,
}

impl Recording {
    /// Bytes kept.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Chunks kept, without those being gathered.
    pub(super) fn chunks(&self) -> usize {
        self.chunks.len()
    }

    pub(super) fn within(budget: &ReplayBudget) -> Self {
        Self { held: Held::of(budget), ..Self::default() }
    }

    /// `false` where the budget has no room for it: nothing was kept then.
    pub(super) fn push(&mut self, data: &Bytes) -> bool {
        if !self.held.take(data.len() as u64) {
            return false;
        }
        self.len = self.len.saturating_add(data.len() as u64);
        if data.len() >= LARGE {
            self.seal();
            self.chunks.push(data.clone());
        } else {
            self.gathering.extend_from_slice(data);
            if self.gathering.len() >= GATHERED {
                self.seal();
            }
        }
        true
    }

    /// Makes a chunk of what was gathered.
    pub(super) fn seal(&mut self) {
        if !self.gathering.is_empty() {
            self.chunks.push(std::mem::take(&mut self.gathering).freeze());
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Bytes> {
        self.chunks.get(index).cloned()
    }

    /// Frees a chunk which nobody will ask for again.
    pub(super) fn forget(&mut self, index: usize) {
        if let Some(chunk) = self.chunks.get_mut(index) {
            self.held.give_back(std::mem::take(chunk).len() as u64);
        }
    }

    /// Frees everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
