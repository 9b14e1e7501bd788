use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Request;
use http_body::Body;

use super::drain::{Connection, DrainLimit, Upload};

/// Reads uploads in the response future, before it resolves. This is the default of
/// [`RedirectLayer`](crate::RedirectLayer).
#[derive(Clone, Copy, Debug)]
pub struct DrainInline;

/// Reads uploads on an executor, and answers at once: see
/// [`RedirectLayer::drain_on`](crate::RedirectLayer::drain_on).
#[derive(Clone, Copy)]
pub struct DrainOn<F>(F);

impl<F> DrainOn<F> {
    pub(super) fn new(spawn: F) -> Self {
        Self(spawn)
    }
}

/// The future that reads the rest of an upload, up to the limits, handed to the executor of [`DrainOn`].
///
/// It is a type of its own instead of `Pin<Box<dyn Future>>`. With the box, spawning the task of a connection
/// does not compile: rustc cannot prove that the executor accepts the box for every lifetime.
pub struct DrainTask(Pin<Box<dyn Future<Output = Connection> + Send>>);

impl Future for DrainTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // The answer does not wait for this task, so `Connection: close` cannot be added to it.
        self.0.as_mut().poll(cx).map(|_| ())
    }
}

impl fmt::Debug for DrainTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainTask").finish_non_exhaustive()
    }
}

/// Reads the uploads of requests that the layer answers. Sealed: only [`DrainInline`] and [`DrainOn`]
/// implement it.
pub trait Drain<B> {
    /// Takes the body of `request`, and returns the upload that the response future has to read before it
    /// resolves: with [`DrainOn`] a finished one.
    #[doc(hidden)]
    fn start(&self, request: Request<B>, limit: &DrainLimit) -> Upload<B>;
}

impl<B: Body> Drain<B> for DrainInline {
    fn start(&self, request: Request<B>, limit: &DrainLimit) -> Upload<B> {
        Upload::before_answer(request, limit)
    }
}

impl<B, F, R> Drain<B> for DrainOn<F>
where
    B: Body + Send + 'static,
    F: Fn(DrainTask) -> R,
{
    fn start(&self, request: Request<B>, limit: &DrainLimit) -> Upload<B> {
        let upload = Upload::after_answer(request, limit);
        if !upload.is_pending() {
            return upload;
        }
        (self.0)(DrainTask(Box::pin(upload)));
        Upload::finished(Connection::Keep)
    }
}

impl<F> fmt::Debug for DrainOn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DrainOn").field(&std::any::type_name::<F>()).finish()
    }
}
