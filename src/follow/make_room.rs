use std::collections::HashMap;
use std::hash::Hash;

/// Makes room in a full map. Removes the entries that are not fresh and, unless they were more than a
/// tenth, the tenth that was used longest ago. So a full map is searched only once for many new entries.
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
