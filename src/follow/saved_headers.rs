//! The headers of a request, saved for the requests that follow it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers of one request, with all values in one buffer.
///
/// Saving takes two allocations, however many headers there are. A name that is not one of `http`'s
/// constants is shared with the request, which may take one more.
pub(super) struct SavedHeaders {
    values: Bytes,
    headers: Vec<SavedHeader>,
}

/// One header. Its value is `values[start..end]`.
struct SavedHeader {
    name: HeaderName,
    start: usize,
    end: usize,
    sensitive: bool,
}

impl SavedHeaders {
    pub(super) fn save(map: &HeaderMap) -> Self {
        let mut values = Vec::with_capacity(map.values().map(HeaderValue::len).sum());
        let mut headers = Vec::with_capacity(map.len());
        for (name, value) in map {
            let start = values.len();
            values.extend_from_slice(value.as_bytes());
            let (name, sensitive) = (name.clone(), value.is_sensitive());
            headers.push(SavedHeader { name, start, end: values.len(), sensitive });
        }
        Self { values: values.into(), headers }
    }

    pub(super) fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.headers.len());
        for header in &self.headers {
            let bytes = self.values.slice(header.start..header.end);
            // Never fails: these bytes were copied out of a `HeaderValue`.
            if let Ok(mut value) = HeaderValue::from_maybe_shared(bytes) {
                value.set_sensitive(header.sensitive);
                map.append(header.name.clone(), value);
            }
        }
        map
    }

    pub(super) fn len(&self) -> usize {
        self.headers.len()
    }

    /// The first value of the header `name`.
    pub(super) fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.iter().find(|(n, _, _)| *n == name).map(|(_, value, _)| value)
    }

    /// Each header's name, value, and whether the value is marked as sensitive.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8], bool)> {
        self.headers.iter().map(|header| {
            let value = self.values.get(header.start..header.end).unwrap_or_default();
            (&header.name, value, header.sensitive)
        })
    }

    /// Removes the headers for which `keeps` returns `false`. Adds each removed name to `dropped`
    /// once.
    pub(super) fn retain(
        &mut self,
        dropped: &mut Vec<HeaderName>,
        mut keeps: impl FnMut(&HeaderName, &[u8], bool) -> bool,
    ) {
        let values = &self.values;
        self.headers.retain(|header| {
            let value = values.get(header.start..header.end).unwrap_or_default();
            let kept = keeps(&header.name, value, header.sensitive);
            if !kept && !dropped.contains(&header.name) {
                dropped.push(header.name.clone());
            }
            kept
        });
    }
}
