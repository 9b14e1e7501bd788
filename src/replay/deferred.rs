use std::task::Waker;

use super::source::Source;

/// Wakers and sources to wake or drop after unlocking; they may call back into this body.
///
/// It is done on drop, so that an upload is woken even if a source panics meanwhile. The value has to
/// be made before the lock is taken, so that it is dropped after unlocking.
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
}

impl<B> Drop for Deferred<B> {
    fn drop(&mut self) {
        // The fields are dropped after this.
        if let Some(waker) = self.wake.take() {
            waker.wake();
        }
    }
}
