//! The headers of a request, saved for the requests that follow it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers of one request, with all values in one buffer.
///
/// Saving takes two allocations for any number of headers, and at most one more for each name that is not
/// a constant of `http`: the first clone of such a name may allocate.
pub(super) struct SavedHeaders {
    values: Bytes,
    headers: Vec<SavedHeader>,
    map: CachedMap,
}

/// The map of the headers, which later hops clone. Cloning a map is faster than making one, but most
/// chains have one hop and would never use the clone, so the map is kept from the second hop on.
enum CachedMap {
    NotMade,
    MadeOnce,
    Kept(Box<HeaderMap>),
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
        Self { values: values.into(), headers, map: CachedMap::NotMade }
    }

    /// Whether one of the headers has a sensitive value or a sensitive name.
    pub(super) fn any_sensitive(&self, is_sensitive: impl Fn(&HeaderName) -> bool) -> bool {
        self.headers.iter().any(|header| header.sensitive || is_sensitive(&header.name))
    }

    /// Returns the headers as a map, for the next request.
    pub(super) fn next_map(&mut self) -> HeaderMap {
        match &self.map {
            CachedMap::NotMade => {
                self.map = CachedMap::MadeOnce;
                self.make_map()
            }
            CachedMap::MadeOnce => {
                let map = self.make_map();
                self.map = CachedMap::Kept(Box::new(map.clone()));
                map
            }
            CachedMap::Kept(map) => HeaderMap::clone(map),
        }
    }

    fn make_map(&self) -> HeaderMap {
        // Fails if there are more values than a map can have names. The map then grows as needed.
        let mut map = HeaderMap::try_with_capacity(self.headers.len()).unwrap_or_default();
        for header in &self.headers {
            let bytes = self.values.slice(header.start..header.end);
            // Never fails: these bytes were copied out of a `HeaderValue`.
            if let Ok(mut value) = HeaderValue::from_maybe_shared(bytes) {
                value.set_sensitive(header.sensitive);
                // Never fails: the map that was saved had these names, too.
                let _ = map.try_append(header.name.clone(), value);
            }
        }
        map
    }

    pub(super) fn len(&self) -> usize {
        self.headers.len()
    }

    /// Returns the first value of the header `name`.
    pub(super) fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.iter().find(|(n, _, _)| *n == name).map(|(_, value, _)| value)
    }

    /// Iterates over the names and values of the headers, and whether each value is marked as sensitive.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8], bool)> {
        self.headers.iter().map(|header| {
            let value = self.values.get(header.start..header.end).unwrap_or_default();
            (&header.name, value, header.sensitive)
        })
    }

    /// Replaces the values of the header `name`.
    pub(super) fn replace(&mut self, name: &HeaderName, new: &[u8]) {
        if self.iter().all(|(n, value, _)| n != name || value == new) {
            return;
        }
        self.forget_map();
        let start = self.values.len();
        self.values = [&*self.values, new].concat().into();
        for header in self.headers.iter_mut().filter(|header| header.name == *name) {
            (header.start, header.end) = (start, start + new.len());
        }
    }

    /// Drops the cached map, because the headers have changed.
    fn forget_map(&mut self) {
        if let CachedMap::Kept(_) = self.map {
            self.map = CachedMap::MadeOnce;
        }
    }

    /// Removes the headers for which `keeps` returns `false`. Adds each removed name to `dropped`
    /// once.
    pub(super) fn retain(
        &mut self,
        dropped: &mut Vec<HeaderName>,
        mut keeps: impl FnMut(&HeaderName, &[u8], bool) -> bool,
    ) {
        let len = self.len();
        let values = &self.values;
        self.headers.retain(|header| {
            let value = values.get(header.start..header.end).unwrap_or_default();
            let kept = keeps(&header.name, value, header.sensitive);
            // All values of one name are adjacent.
            if !kept && dropped.last() != Some(&header.name) {
                dropped.push(header.name.clone());
            }
            kept
        });
        if self.len() < len {
            self.forget_map();
        }
    }
}
