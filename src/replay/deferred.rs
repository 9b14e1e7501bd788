use std::task::Waker;

use super::source::Source;

/// Wakers and sources to wake or drop after unlocking; they may call back into this body.
#[must_use]
pub(super) struct Deferred<B> {
    pub(super) wake: Option<Waker>,
    pub(super) drop_waker: Option<Waker>,
    pub(super) drop_source: Source<B>,
}

impl<B> Deferred<B> {
    pub(super) fn nothing() -> Self {
        Self { wake: None, drop_waker: None, drop_source: Source::Ended }
    }

    pub(super) fn run(self) {
        drop((self.drop_waker, self.drop_source));
        if let Some(waker) = self.wake {
            waker.wake();
        }
    }
}
