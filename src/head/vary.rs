use std::cell::{Cell, RefCell};

use http::{HeaderName, HeaderValue, header};

use crate::trust::{FieldSet, Trust};

/// The headers that a decision read. If there are more names than slots, `Vary` becomes `*`.
#[derive(Default)]
pub(super) struct Vary {
    /// `None` until a name is noted, so that a request that passes without reading a header initializes
    /// and drops no slots. This saves 15 instructions.
    names: RefCell<Option<[Option<HeaderName>; 6]>>,
    /// The fields of trusted proxies that were read.
    forwarded: Cell<FieldSet>,
    all: Cell<bool>,
}

impl Vary {
    pub(super) fn note(&self, name: HeaderName) {
        // The host is part of every cache's key.
        if name == header::HOST {
            return;
        }
        for slot in self.names.borrow_mut().get_or_insert_default() {
            match slot {
                Some(noted) if *noted == name => return,
                Some(_) => {}
                None => {
                    *slot = Some(name);
                    return;
                }
            }
        }
        self.all.set(true);
    }

    pub(super) fn note_forwarded(&self, fields: FieldSet) {
        self.forwarded.set(self.forwarded.get().with(fields));
    }

    pub(super) fn note_all(&self) {
        self.all.set(true);
    }

    /// The value of `Vary` (RFC 9110 §12.5.5); `None` if nothing was noted.
    pub(super) fn value(&self, trust: &Trust) -> Option<HeaderValue> {
        if self.all.get() {
            return Some(HeaderValue::from_static("*"));
        }
        let mut names: Vec<HeaderName> = self.forwarded.get().names(trust).collect();
        for name in self.names.borrow().iter().flatten().flatten() {
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
