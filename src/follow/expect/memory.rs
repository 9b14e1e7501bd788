use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Uri;

use crate::follow::userinfo;
use crate::system_clock::Instant;

/// How long the behavior of an origin is remembered.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The maximum number of origins that are remembered.
const MAX_ORIGINS: usize = 1_000;

/// Remembers how origins handled uploads. Clones share one memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<Mutex<HashMap<OriginKey, Known>>>);

/// The scheme and the authority of a URL, in lower case, without userinfo. The port is kept as it is
/// written: `http://a.test` and `http://a.test:80` are two keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct OriginKey(Box<str>);

impl OriginKey {
    /// `None` for a request in origin-form, about which nothing is remembered.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        let (_, host_and_port) = userinfo::split(authority.as_str());
        let mut key = format!("{scheme}://{host_and_port}");
        key.make_ascii_lowercase();
        Some(Self(key.into()))
    }
}

/// The times at which an origin last did something that is remembered.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// When a body last waited for the origin in vain: the answer came after the wait had timed out, was 417,
    /// or came over HTTP/2.
    useless_wait: Option<Instant>,
    /// When the origin last redirected an upload.
    redirected: Option<Instant>,
}

impl Known {
    fn last(&self) -> Option<Instant> {
        self.useless_wait.max(self.redirected)
    }
}

impl Memory {
    /// Whether waiting for this origin was useless within the last hour.
    pub(super) fn is_waiting_useless(&self, origin: &OriginKey) -> bool {
        self.is_recent(origin, |known| known.useless_wait)
    }

    /// Whether this origin has redirected an upload within the last hour.
    pub(super) fn has_redirected(&self, origin: &OriginKey) -> bool {
        self.is_recent(origin, |known| known.redirected)
    }

    pub(super) fn note_useless_wait(&self, origin: &OriginKey) {
        self.note(origin, |known, now| known.useless_wait = Some(now));
    }

    pub(super) fn note_redirected(&self, origin: &OriginKey) {
        self.note(origin, |known, now| known.redirected = Some(now));
    }

    fn is_recent(&self, origin: &OriginKey, when: impl Fn(&Known) -> Option<Instant>) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let when = known.get(origin).and_then(when);
        when.is_some_and(|when| when.elapsed() < HOUR)
    }

    fn note(&self, origin: &OriginKey, note: impl FnOnce(&mut Known, Instant)) {
        let now = Instant::now();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_ORIGINS && !known.contains_key(origin) {
            let is_recent = |at: Instant| now.duration_since(at) < HOUR;
            known.retain(|_, known| known.last().is_some_and(is_recent));
            if known.len() >= MAX_ORIGINS {
                // All are recent, so the oldest is removed.
                let oldest = known.iter().min_by_key(|(_, known)| known.last());
                if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                    known.remove(&oldest);
                }
            }
        }
        note(known.entry(origin.clone()).or_default(), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> OriginKey {
        let uri = format!("http://H{number}.test/x").parse().expect("a uri");
        OriginKey::of(&uri).expect("an origin")
    }

    #[test]
    fn a_full_memory_forgets_the_oldest_origin() {
        let memory = Memory::default();
        (0..MAX_ORIGINS + 10).for_each(|number| memory.note_useless_wait(&key(number)));
        assert_eq!(memory.0.lock().expect("not poisoned").len(), MAX_ORIGINS);
        assert!(
            !memory.is_waiting_useless(&key(0)) && memory.is_waiting_useless(&key(MAX_ORIGINS + 9))
        );
        assert!(!memory.has_redirected(&key(MAX_ORIGINS)));
        memory.note_redirected(&key(MAX_ORIGINS));
        assert!(
            memory.has_redirected(&key(MAX_ORIGINS))
                && memory.is_waiting_useless(&key(MAX_ORIGINS))
        );
    }

    #[test]
    fn an_origin_key_has_scheme_host_and_port() {
        let key = |uri: &str| OriginKey::of(&uri.parse().expect("a uri"));
        assert_eq!(key("http://A.test/x"), key("HTTP://a.test/y?z"));
        assert_eq!(key("http://user:password@a.test/"), key("http://a.test/"));
        assert_ne!(key("http://a.test/"), key("https://a.test/"));
        assert_ne!(key("http://a.test/"), key("http://a.test:81/"));
        assert_eq!(key("/x"), None);
    }
}
