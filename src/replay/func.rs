use std::fmt;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Replay;
use super::error::{NotReplayable, ReplayError};
use super::sync::{Arc, Mutex, MutexGuard};

pin_project! {
    /// A body that is made anew for each attempt, as a file is opened again: nothing is kept,
    /// whatever its size.
    ///
    /// As with a [`ReplayBody`](super::ReplayBody), the newest attempt counts: an older one that is
    /// under way ends with [`ReplayError::Superseded`] as soon as the newer one is made.
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
    /// assert!(body.replay().is_err(), "there is no file any more");
    /// # Ok(())
    /// # }
    /// ```
    pub struct ReplayFn<F, B> {
        // Nothing, in the body of a GET.
        make: Option<Arc<F>>,
        #[pin]
        part: Part<B>,
        shared: Arc<Mutex<Current>>,
        number: u64,
    }

    impl<F, B> PinnedDrop for ReplayFn<F, B> {
        fn drop(this: Pin<&mut Self>) {
            finish(&this.shared, this.number);
        }
    }
}

pin_project! {
    /// How far this attempt has come.
    #[project = PartProj]
    enum Part<B> {
        Reading { #[pin] body: B },
        // All was read.
        Whole,
        // Superseded before that.
        Cut,
    }
}

/// The attempt that counts.
#[derive(Debug, Default)]
struct Current {
    number: u64,
    under_way: bool,
    waker: Option<Waker>,
}

impl Current {
    /// Ends the attempt under way; whom to wake, once the lock is released.
    fn supersede(&mut self) -> Option<Waker> {
        self.number += 1;
        self.under_way = false;
        self.waker.take()
    }
}

impl<F, B, E> ReplayFn<F, B>
where
    F: Fn() -> Result<B, E>,
{
    /// Makes the first body, and keeps `make` for others: it is called once for each attempt, and
    /// has to give the same bytes.
    ///
    /// # Errors
    ///
    /// That of `make`.
    pub fn new(make: F) -> Result<Self, E> {
        let part = Part::Reading { body: make()? };
        Ok(Self { make: Some(Arc::new(make)), part, shared: Arc::default(), number: 0 })
    }
}

impl<F, B> ReplayFn<F, B> {
    fn lock(&self) -> MutexGuard<'_, Current> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Current>) -> MutexGuard<'_, Current> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<F, B, E> Replay for ReplayFn<F, B>
where
    F: Fn() -> Result<B, E>,
    B: Body,
{
    fn replay(&self) -> Result<Self, NotReplayable> {
        let Some(make) = &self.make else { return Ok(Self::empty()) };
        let body = make().map_err(|_| NotReplayable::SourceFailed)?;
        let (waker, number) = {
            let mut current = self.lock();
            (current.supersede(), current.number)
        };
        waker.into_iter().for_each(Waker::wake);
        let (make, shared) = (Some(make.clone()), self.shared.clone());
        Ok(Self { make, part: Part::Reading { body }, shared, number })
    }

    fn empty() -> Self {
        Self { make: None, part: Part::Whole, shared: Arc::default(), number: 0 }
    }

    fn is_uploading(&self) -> bool {
        self.lock().under_way
    }

    fn abort(&self) {
        let waker = self.lock().supersede();
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
        let PartProj::Reading { mut body } = this.part.as_mut().project() else {
            return Poll::Ready(match *this.part {
                Part::Cut => Some(Err(ReplayError::Superseded)),
                _ => None,
            });
        };
        let mut current = lock(this.shared);
        if current.number != *this.number {
            drop(current);
            // What it holds, a file perhaps, is of no use any more.
            this.part.set(Part::Cut);
            return Poll::Ready(Some(Err(ReplayError::Superseded)));
        }
        current.under_way = true;
        let stale = current.waker.replace(cx.waker().clone());
        drop(current);
        drop(stale);
        let polled = body.as_mut().poll_frame(cx);
        let ended = match &polled {
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(_))) => body.is_end_stream(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        if ended {
            // Whole, whatever others do from now on.
            this.part.set(Part::Whole);
        }
        if ended || matches!(polled, Poll::Ready(Some(Err(_)))) {
            finish(this.shared, *this.number);
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(|e| ReplayError::Source(e.into()))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.part {
            Part::Reading { body } => self.lock().number == self.number && body.is_end_stream(),
            Part::Whole => true,
            Part::Cut => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.part {
            Part::Reading { body } => body.size_hint(),
            Part::Whole => SizeHint::with_exact(0),
            Part::Cut => SizeHint::default(),
        }
    }
}

/// The attempt `number`, if it is the one that counts, is under way no more.
fn finish(shared: &Mutex<Current>, number: u64) {
    let mut current = lock(shared);
    if current.number == number {
        current.under_way = false;
        let waker = current.waker.take();
        drop(current);
        drop(waker);
    }
}

impl<F, B> fmt::Debug for ReplayFn<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayFn").field("number", &self.number).finish_non_exhaustive()
    }
}
