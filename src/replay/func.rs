use std::cmp::Ordering;
use std::fmt;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Replay;
use super::attempts::Attempts;
use super::error::{NotReplayable, ReplayError};
use super::sync::{Arc, Mutex, MutexGuard};

pin_project! {
    /// A body that a function creates anew for each attempt, for example by opening a file. Nothing is
    /// recorded, whatever the size.
    ///
    /// As with a [`ReplayBody`](super::ReplayBody), an attempt that is under way ends with
    /// [`ReplayError::Superseded`] as soon as a newer one is made.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::{BodyExt, Full};
    /// use tower_redirect::replay::{Replay, ReplayFn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = std::env::temp_dir().join("tower-redirect-replay-fn");
    /// std::fs::write(&file, "order")?;
    /// let path = file.clone();
    /// let open = move || std::fs::read(&path).map(|bytes| Full::new(Bytes::from(bytes)));
    /// let body = ReplayFn::new(open)?;
    /// let again = body.replay()?;
    /// assert_eq!(again.collect().await?.to_bytes(), "order");
    ///
    /// std::fs::remove_file(&file)?;
    /// assert!(body.replay().is_err(), "the file was removed");
    /// # Ok(())
    /// # }
    /// ```
    pub struct ReplayFn<F, B> {
        // `None` for a body without content.
        make: Option<Arc<F>>,
        #[pin]
        progress: Progress<B>,
        attempts: Arc<Mutex<Attempts>>,
        number: u64,
    }

    impl<F, B> PinnedDrop for ReplayFn<F, B> {
        fn drop(this: Pin<&mut Self>) {
            end(&this.attempts, this.number);
        }
    }
}

pin_project! {
    /// The progress of this attempt.
    #[project = ProgressProj]
    enum Progress<B> {
        Reading { #[pin] body: B },
        // Everything was read.
        Complete,
        // A newer attempt was made or the body was aborted before everything was read, or this is a handle
        // that reads nothing.
        Superseded,
        // The body failed. Frames that it returned afterwards would not be the rest of the content.
        Failed,
    }
}

impl<F, B, E> ReplayFn<F, B>
where
    F: Fn() -> Result<B, E>,
{
    /// Calls `make` for the first body, and again for each [`replay`](Replay::replay). `make` has to return
    /// the same bytes each time.
    ///
    /// [`FollowRedirects`](crate::follow::FollowRedirects) sends replays, and keeps the first body to make
    /// them: `make` is called once more than the body is sent. The first body itself is sent only if it is
    /// empty, if its first replay fails, or if redirections are not followed for the request.
    ///
    /// # Errors
    ///
    /// Returns the error of `make`.
    pub fn new(make: F) -> Result<Self, E> {
        let progress = Progress::Reading { body: make()? };
        Ok(Self { make: Some(Arc::new(make)), progress, attempts: Arc::default(), number: 0 })
    }
}

fn lock(attempts: &Mutex<Attempts>) -> MutexGuard<'_, Attempts> {
    // The lock is poisoned only if a waker panics while it is cloned, which leaves the attempts consistent.
    attempts.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<F, B, E> Replay for ReplayFn<F, B>
where
    F: Fn() -> Result<B, E>,
    B: Body,
{
    fn replay(&self) -> Result<Self, NotReplayable> {
        let Some(make) = &self.make else { return Ok(Self::empty()) };
        let body = make().map_err(|_| NotReplayable::SourceFailed)?;
        let (number, waker) = lock(&self.attempts).supersede();
        waker.into_iter().for_each(Waker::wake);
        let (make, attempts) = (Some(make.clone()), self.attempts.clone());
        Ok(Self { make, progress: Progress::Reading { body }, attempts, number })
    }

    fn empty() -> Self {
        Self { make: None, progress: Progress::Complete, attempts: Arc::default(), number: 0 }
    }

    fn abort_handle(&self) -> Option<Self> {
        let make = Some(self.make.clone()?);
        let number = lock(&self.attempts).add();
        // This handle reads nothing itself.
        Some(Self { make, progress: Progress::Superseded, attempts: self.attempts.clone(), number })
    }

    fn is_uploading(&self) -> bool {
        lock(&self.attempts).is_reading()
    }

    fn abort(&self) {
        let waker = lock(&self.attempts).abort();
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<F, B> Body for ReplayFn<F, B>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = ReplayError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let mut body = match this.progress.as_mut().project() {
            ProgressProj::Reading { body } => body,
            ProgressProj::Complete => return Poll::Ready(None),
            ProgressProj::Superseded => return Poll::Ready(Some(Err(ReplayError::Superseded))),
            ProgressProj::Failed => {
                let error = ReplayError::NotReplayable(NotReplayable::SourceFailed);
                return Poll::Ready(Some(Err(error)));
            }
        };
        let mut attempts = lock(this.attempts);
        if attempts.compare(*this.number) != Ordering::Equal {
            drop(attempts);
            // Frees the resources of the body, such as an open file.
            this.progress.set(Progress::Superseded);
            return Poll::Ready(Some(Err(ReplayError::Superseded)));
        }
        attempts.begin();
        let stale = attempts.register(cx);
        // The body is polled and the replaced waker is dropped after unlocking: both may call back.
        drop(attempts);
        drop(stale);
        let polled = body.as_mut().poll_frame(cx);
        // A complete attempt stays complete, even if a newer one is made.
        let ended = match &polled {
            Poll::Ready(None) => Some(Progress::Complete),
            Poll::Ready(Some(Ok(_))) => body.is_end_stream().then_some(Progress::Complete),
            Poll::Ready(Some(Err(_))) => Some(Progress::Failed),
            Poll::Pending => None,
        };
        if let Some(progress) = ended {
            this.progress.set(progress);
            end(this.attempts, *this.number);
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(|e| ReplayError::Source(e.into()))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.progress {
            Progress::Reading { body } => {
                lock(&self.attempts).compare(self.number) == Ordering::Equal && body.is_end_stream()
            }
            Progress::Complete => true,
            Progress::Superseded | Progress::Failed => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.progress {
            Progress::Reading { body } => body.size_hint(),
            Progress::Complete => SizeHint::with_exact(0),
            Progress::Superseded | Progress::Failed => SizeHint::default(),
        }
    }
}

/// Notes that the attempt `number` has ended, and drops its waker after unlocking.
fn end(attempts: &Mutex<Attempts>, number: u64) {
    let waker = lock(attempts).end(number);
    drop(waker);
}

impl<F, B> fmt::Debug for ReplayFn<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayFn").field("number", &self.number).finish_non_exhaustive()
    }
}
