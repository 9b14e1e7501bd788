use std::collections::HashMap;
use std::hash::Hash;

/// Makes room in a map that holds as many as it may: removes what is not fresh, and, where that is
/// less than a tenth, the tenth that was used longest ago, so that a full map is not searched for each
/// entry.
pub(super) fn make_room<K: Eq + Hash, V>(
    map: &mut HashMap<K, V>,
    most: usize,
    is_fresh: impl Fn(&V) -> bool,
    used: impl Fn(&K, &V) -> u64,
) {
    map.retain(|_, value| is_fresh(value));
    if map.len() < most - most / 10 {
        return;
    }
    let mut uses: Vec<u64> = map.iter().map(|(key, value)| used(key, value)).collect();
    uses.sort_unstable();
    let limit = uses.get(most / 10).copied().unwrap_or(u64::MAX);
    map.retain(|key, value| used(key, value) >= limit);
}
