use std::collections::HashMap;
use std::hash::Hash;

/// Makes room in a map that holds `capacity` entries. Removes the entries that are not fresh. If these
/// are at most a tenth, also removes the least recently used entries, a tenth of the capacity. So many
/// are removed at once, because each removal searches the whole map.
pub(super) fn make_room<K: Eq + Hash, V>(
    map: &mut HashMap<K, V>,
    capacity: usize,
    is_fresh: impl Fn(&V) -> bool,
    last_use: impl Fn(&K, &V) -> u64,
) {
    map.retain(|_, value| is_fresh(value));
    let removed_at_once = capacity / 10;
    if map.len() < capacity - removed_at_once {
        return;
    }
    let mut uses: Vec<u64> = map.iter().map(|(key, value)| last_use(key, value)).collect();
    uses.sort_unstable();
    let oldest_kept = uses.get(removed_at_once).copied().unwrap_or(u64::MAX);
    map.retain(|key, value| last_use(key, value) >= oldest_kept);
}
