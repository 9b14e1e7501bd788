use http::{HeaderName, HeaderValue, header};

use crate::trust::Trust;

/// Fields that were read. Beyond the room for names, "all of them" is the honest answer.
#[derive(Default)]
pub(super) struct Reads {
    /// Nothing to make or drop, where nothing was read.
    names: Option<[Option<HeaderName>; 6]>,
    /// Those of trusted proxies.
    forwarded: bool,
    all: bool,
}

impl Reads {
    pub(super) fn note(&mut self, name: HeaderName) {
        // Every cache keys by it.
        if name == header::HOST {
            return;
        }
        for slot in self.names.get_or_insert_default() {
            match slot {
                Some(noted) if *noted == name => return,
                Some(_) => {}
                None => {
                    *slot = Some(name);
                    return;
                }
            }
        }
        self.all = true;
    }

    pub(super) fn note_forwarded(&mut self) {
        self.forwarded = true;
    }

    pub(super) fn note_all(&mut self) {
        self.all = true;
    }

    /// Notes what another head noted.
    pub(super) fn absorb(&mut self, other: Self) {
        self.all |= other.all;
        self.forwarded |= other.forwarded;
        if let Some(names) = other.names {
            names.into_iter().flatten().for_each(|name| self.note(name));
        }
    }

    /// The value of `Vary` (RFC 9110 §12.5.5).
    pub(super) fn vary(&self, trust: &Trust) -> Option<HeaderValue> {
        if self.all {
            return Some(HeaderValue::from_static("*"));
        }
        let forwarded = self.forwarded.then(|| trust.fields()).into_iter().flatten();
        let mut names: Vec<HeaderName> = forwarded.collect();
        for name in self.names.iter().flatten().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        if names.is_empty() {
            return None;
        }
        let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
        HeaderValue::try_from(names.join(", ")).ok()
    }
}
