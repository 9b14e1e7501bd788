//! A hash table of numbers whose keys are stored elsewhere.

/// Marks the absence of a number.
pub(super) const NONE: u32 = u32::MAX;

/// Finds numbers by the hash of a key; the caller compares the keys. Each number takes 8 bytes, and a third
/// more for free slots.
///
/// Clients choose which keys are looked up, but not which are stored. No key makes a lookup longer than the
/// longest run of slots in use, so the hash needs no secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// A part of the hash, and the number.
    slots: Box<[(u32, u32)]>,
}

impl Slots {
    /// Creates a table of these entries, which must have different keys.
    pub(super) fn new(entries: &[(u64, u32)]) -> Self {
        let room = if entries.is_empty() { 0 } else { entries.len() + entries.len() / 3 + 1 };
        let mut slots = vec![(0, NONE); room].into_boxed_slice();
        for (hash, value) in entries {
            let (start, tag) = place(*hash, room);
            let (before, after) = slots.split_at_mut(start);
            let free = after.iter_mut().chain(before).find(|(_, value)| *value == NONE);
            if let Some(slot) = free {
                *slot = (tag, *value);
            }
        }
        Self { slots }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Returns the first number with this hash that `matches` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut matches: impl FnMut(u32) -> bool) -> Option<u32> {
        let (mut at, tag) = place(hash, self.slots.len());
        // There is a free slot, so the loop ends.
        loop {
            let (other, value) = *self.slots.get(at)?;
            if value == NONE {
                return None;
            }
            if other == tag && matches(value) {
                return Some(value);
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
    }
}

/// The slot where the search for a hash begins, and the part of the hash that is stored.
#[inline]
#[allow(clippy::cast_possible_truncation)] // The upper half picks the slot, the lower is stored.
fn place(hash: u64, room: usize) -> (usize, u32) {
    ((((hash >> 32) * room as u64) >> 32) as usize, hash as u32)
}

/// Hashes a key with a seed, eight bytes at a time.
#[inline]
pub(super) fn hash(key: &[u8], seed: u64) -> u64 {
    let mut state = mix(seed ^ 0x9E37_79B9_7F4A_7C15);
    let mut chunks = key.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.try_into().map_or(0, u64::from_le_bytes);
        state = mix(state ^ word);
    }
    // The last bytes, some of which may have been hashed before: this is faster than byte by byte.
    let last = match (key.last_chunk(), key.first_chunk(), key.last_chunk()) {
        (Some(last), ..) => u64::from_le_bytes(*last),
        (None, Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => key.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    mix(mix(state ^ last) ^ key.len() as u64)
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // Both halves are used.
fn mix(word: u64) -> u64 {
    let product = u128::from(word) * 0xA076_1D64_78BD_642F;
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stored_keys_are_found() {
        for count in [0_u32, 1, 2, 3, 10, 1000] {
            let keys: Vec<String> = (0..count).map(|n| format!("/key/{n}")).collect();
            let entries: Vec<_> =
                keys.iter().zip(0..).map(|(key, n)| (hash(key.as_bytes(), 7), n)).collect();
            let slots = Slots::new(&entries);
            for (key, n) in keys.iter().zip(0..count) {
                let found = slots.find(hash(key.as_bytes(), 7), |value| {
                    keys.get(value as usize).is_some_and(|other| other == key)
                });
                assert_eq!(found, Some(n), "{key}");
            }
            assert_eq!(slots.find(hash(b"/other", 7), |_| false), None);
        }
    }

    #[test]
    fn hashes_spread() {
        let mut seen: Vec<u64> =
            (0..100_000).map(|n| hash(format!("/p/{n}").as_bytes(), 0)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 100_000);
        let upper: std::collections::HashSet<u64> = seen.iter().map(|hash| hash >> 47).collect();
        // A fair hash fills 1 - 1/e^(100 000/131 072) of 131 072 places: 69 954.
        assert!((69_000..71_500).contains(&upper.len()), "{}", upper.len());
    }
}
