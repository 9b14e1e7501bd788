//! A hash table of numbers whose keys are stored elsewhere.

/// Marks the absence of a number.
pub(super) const NONE: u32 = u32::MAX;

/// Converts a number of entries or bytes. A table is refused before it has too many of either.
pub(super) fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}

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
            let (start, tag) = start_and_tag(*hash, room);
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
        let (mut at, tag) = start_and_tag(hash, self.slots.len());
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
fn start_and_tag(hash: u64, room: usize) -> (usize, u32) {
    ((((hash >> 32) * room as u64) >> 32) as usize, hash as u32)
}

/// Hashes a key with a seed, 16 bytes at a time.
#[inline]
pub(super) fn hash(key: &[u8], seed: u64) -> u64 {
    let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
    for chunk in key.chunks_exact(16) {
        state = mixed(chunk, state);
    }
    // A shorter key is hashed only here. Of a longer key, some or all of the last 16 bytes were hashed above:
    // hashing these again is faster than hashing the rest byte by byte.
    let end: &[u8] = key.last_chunk::<16>().map_or(key, |end| end);
    mix(mixed(end, state) ^ key.len() as u64, MIXING)
}

/// Mixes at most 16 bytes into a state.
#[inline]
fn mixed(bytes: &[u8], state: u64) -> u64 {
    let (first, last) = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => {
                (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
            }
            _ => (bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
        },
    };
    mix(first ^ MIXING, last ^ state)
}

const MIXING: u64 = 0xA076_1D64_78BD_642F;

#[inline]
#[allow(clippy::cast_possible_truncation)] // Both halves are used.
fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
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
