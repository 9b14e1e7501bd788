//! The bytes that were read from a body, in order.

use bytes::{Bytes, BytesMut};

use super::budget::{ReplayBudget, Reservation};

/// The size in bytes from which a chunk is kept as it is. Smaller chunks are copied into one buffer, so
/// that each of them does not keep its own buffer alive.
const LARGE: usize = 1024;
/// The size in bytes at which gathered chunks become one chunk.
const GATHERED: usize = 8 * 1024;

/// Chunks, and a buffer in which small ones are gathered.
#[derive(Debug, Default)]
pub(super) struct Recording {
    chunks: Vec<Bytes>,
    gathering: BytesMut,
    len: u64,
    reservation: Reservation,
}

impl Recording {
    /// The number of bytes recorded, including those that [`free`](Self::free) has freed.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The number of chunks, without the one that is being gathered.
    pub(super) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    pub(super) fn within(budget: &ReplayBudget) -> Self {
        Self { reservation: Reservation::of(budget), ..Self::default() }
    }

    /// Records a chunk. Returns `false`, and records nothing, if the budget has no room for it.
    pub(super) fn push(&mut self, data: &Bytes) -> bool {
        if !self.reservation.grow(data.len() as u64) {
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

    /// Makes a chunk of the gathered bytes, so that they can be read.
    pub(super) fn seal(&mut self) {
        if !self.gathering.is_empty() {
            self.chunks.push(std::mem::take(&mut self.gathering).freeze());
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<Bytes> {
        self.chunks.get(index).cloned()
    }

    /// Frees a chunk that will not be read again. The others keep their index.
    pub(super) fn free(&mut self, index: usize) {
        if let Some(chunk) = self.chunks.get_mut(index) {
            self.reservation.shrink(std::mem::take(chunk).len() as u64);
        }
    }

    /// Frees all chunks and the reservation.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
