use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

use http_body::Body;

use super::drain::Upload;

/// Uploads are read away by the response's own future, before it answers.
#[derive(Clone, Copy, Debug)]
pub struct DrainInline;

/// Uploads are read away elsewhere: see [`RedirectLayer::drain_on`](crate::RedirectLayer::drain_on).
#[derive(Clone, Copy)]
pub struct DrainOn<F>(F);

impl<F> DrainOn<F> {
    pub(super) fn new(spawn: F) -> Self {
        Self(spawn)
    }
}

/// What reads an upload away.
pub type DrainTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who reads uploads away. Not nameable outside: [`DrainInline`] and [`DrainOn`] do.
pub trait Drain<B> {
    /// What is left to be read before the answer.
    #[doc(hidden)]
    fn begin(&self, upload: Upload<B>) -> Upload<B>;
}

impl<B> Drain<B> for DrainInline {
    fn begin(&self, upload: Upload<B>) -> Upload<B> {
        upload
    }
}

impl<B, F, R> Drain<B> for DrainOn<F>
where
    B: Body + Send + 'static,
    F: Fn(DrainTask) -> R,
{
    fn begin(&self, upload: Upload<B>) -> Upload<B> {
        if !upload.is_pending() {
            return upload;
        }
        (self.0)(Box::pin(async move {
            let mut upload = pin!(upload);
            // The answer is under way: nobody is left to be told how it ended.
            let _ = poll_fn(|cx| upload.as_mut().poll_drained(cx)).await;
        }));
        Upload::nothing()
    }
}

impl<F> fmt::Debug for DrainOn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DrainOn").field(&std::any::type_name::<F>()).finish()
    }
}
