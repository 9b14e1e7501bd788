use http::{HeaderName, HeaderValue, header};

/// Fields that were read. Beyond the room for names, "all of them" is the honest answer.
#[derive(Default)]
pub(super) struct Reads {
    names: [Option<HeaderName>; 6],
    all: bool,
}

impl Reads {
    pub(super) fn note(&mut self, name: HeaderName) {
        // Every cache keys by it.
        if name == header::HOST {
            return;
        }
        for slot in &mut self.names {
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

    pub(super) fn note_all(&mut self) {
        self.all = true;
    }

    /// Notes what another head noted.
    pub(super) fn absorb(&mut self, other: Self) {
        self.all |= other.all;
        other.names.into_iter().flatten().for_each(|name| self.note(name));
    }

    /// The value of `Vary` (RFC 9110 §12.5.5).
    pub(super) fn vary(&self) -> Option<HeaderValue> {
        if self.all {
            return Some(HeaderValue::from_static("*"));
        }
        let names: Vec<_> = self.names.iter().flatten().map(HeaderName::as_str).collect();
        if names.is_empty() { None } else { HeaderValue::try_from(names.join(", ")).ok() }
    }
}
