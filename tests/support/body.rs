//! Bodies that the test feeds, and bodies that are read only once.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc;

/// A body of data that the test sends, which ends when its sender is dropped. It holds a value until it is
/// dropped itself.
#[derive(Debug)]
pub struct Fed<T = ()> {
    data: mpsc::UnboundedReceiver<Bytes>,
    held: T,
}

/// A body and its sender.
pub fn fed() -> (mpsc::UnboundedSender<Bytes>, Fed) {
    let (sender, data) = mpsc::unbounded_channel();
    (sender, Fed { data, held: () })
}

impl Fed {
    pub fn holding<T>(self, held: T) -> Fed<T> {
        Fed { data: self.data, held }
    }
}

impl<T: Unpin> Body for Fed<T> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.data.poll_recv(cx).map(|data| data.map(|data| Ok(Frame::data(data))))
    }
}

/// A body that cannot be sent again.
#[cfg(feature = "follow")]
pub struct Once(pub Option<Bytes>);

#[cfg(feature = "follow")]
impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(feature = "follow")]
impl tower_redirect::Replay for Once {
    fn replay(&self) -> Result<Self, tower_redirect::replay::NotReplayable> {
        Err(tower_redirect::replay::NotReplayable::Unsupported)
    }

    fn empty() -> Self {
        Self(None)
    }
}
