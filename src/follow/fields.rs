//! The fields of a request, kept for the hops that may come.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// All values in one buffer: keeping a request costs two allocations, however many fields it has. A
/// name that is none of the standard ones is shared, which may cost one more.
pub(super) struct Fields {
    values: Bytes,
    entries: Vec<Field>,
}

struct Field {
    name: HeaderName,
    start: usize,
    end: usize,
    sensitive: bool,
}

impl Fields {
    pub(super) fn save(map: &HeaderMap) -> Self {
        let mut values = Vec::with_capacity(map.values().map(HeaderValue::len).sum());
        let mut entries = Vec::with_capacity(map.len());
        for (name, value) in map {
            let start = values.len();
            values.extend_from_slice(value.as_bytes());
            let (name, sensitive) = (name.clone(), value.is_sensitive());
            entries.push(Field { name, start, end: values.len(), sensitive });
        }
        Self { values: values.into(), entries }
    }

    pub(super) fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.entries.len());
        for field in &self.entries {
            let bytes = self.values.slice(field.start..field.end);
            // It was a value before, so it is one now.
            if let Ok(mut value) = HeaderValue::from_maybe_shared(bytes) {
                value.set_sensitive(field.sensitive);
                map.append(field.name.clone(), value);
            }
        }
        map
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The first value of a field.
    pub(super) fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.iter().find(|(n, _, _)| *n == name).map(|(_, value, _)| value)
    }

    /// Name, value, and whether the value is marked sensitive.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8], bool)> {
        self.entries.iter().map(|field| {
            let value = self.values.get(field.start..field.end).unwrap_or_default();
            (&field.name, value, field.sensitive)
        })
    }

    /// Removes for good what `stays` denies; the names removed are added to `dropped`, each once.
    pub(super) fn retain(
        &mut self,
        dropped: &mut Vec<HeaderName>,
        mut stays: impl FnMut(&HeaderName, &[u8], bool) -> bool,
    ) {
        let values = &self.values;
        self.entries.retain(|field| {
            let value = values.get(field.start..field.end).unwrap_or_default();
            let stays = stays(&field.name, value, field.sensitive);
            if !stays && !dropped.contains(&field.name) {
                dropped.push(field.name.clone());
            }
            stays
        });
    }
}
