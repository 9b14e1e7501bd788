use std::task::Waker;

use super::source::Source;

/// Wakers and a source to be woken or dropped after unlocking, because they may call back into the body.
///
/// This is done on drop, so that an upload is woken even if a source panics in the meantime. The value
/// has to be created before the lock is taken, so that it is dropped after unlocking.
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
