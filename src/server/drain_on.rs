use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

use http_body::Body;

use super::drain::{Connection, Upload};

/// Reads uploads in the response future, before it answers. The default of
/// [`RedirectLayer`](crate::RedirectLayer).
#[derive(Clone, Copy, Debug)]
pub struct DrainInline;

/// Reads uploads on an executor, after the answer: see
/// [`RedirectLayer::drain_on`](crate::RedirectLayer::drain_on).
#[derive(Clone, Copy)]
pub struct DrainOn<F>(F);

impl<F> DrainOn<F> {
    pub(super) fn new(spawn: F) -> Self {
        Self(spawn)
    }
}

/// The future that reads an upload to its end, handed to the executor of [`DrainOn`].
pub type DrainTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Reads uploads of requests that are answered. Sealed: only [`DrainInline`] and [`DrainOn`]
/// implement it.
pub trait Drain<B> {
    /// Starts to read `upload`, and returns what the response future has to read before it answers.
    #[doc(hidden)]
    fn start(&self, upload: Upload<B>) -> Upload<B>;
}

impl<B> Drain<B> for DrainInline {
    fn start(&self, upload: Upload<B>) -> Upload<B> {
        upload
    }
}

impl<B, F, R> Drain<B> for DrainOn<F>
where
    B: Body + Send + 'static,
    F: Fn(DrainTask) -> R,
{
    fn start(&self, upload: Upload<B>) -> Upload<B> {
        if !upload.is_pending() {
            return upload;
        }
        (self.0)(Box::pin(async move {
            let mut upload = pin!(upload);
            // The outcome is of no use: the answer was sent without waiting for it.
            let _ = poll_fn(|cx| upload.as_mut().poll_drained(cx)).await;
        }));
        Upload::finished(Connection::Keep)
    }
}

impl<F> fmt::Debug for DrainOn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DrainOn").field(&std::any::type_name::<F>()).finish()
    }
}
