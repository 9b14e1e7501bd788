use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;

use futures_core::Stream;

use super::handle::Live;
use crate::server::layer::RedirectLayer;

/// An item of the stream that [`Live::follow`] reads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Update<L> {
    /// A layer to serve.
    New {
        /// A greater number than the revision that is served. A rollback needs a new revision, too.
        revision: u64,
        /// The layer.
        layer: L,
    },
    /// The source was checked, and still has the layer that is served. Do not send this while the source has
    /// an update that was refused: it clears [`Status::rejection`](super::Status::rejection).
    Same,
}

/// The reason why an update was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateError<E> {
    /// The source failed, or its value is not a valid layer.
    Source(E),
    /// The revision is not newer than the one that is served.
    OldRevision {
        /// The revision of the update.
        revision: u64,
        /// The revision that is served.
        served: u64,
    },
}

impl<E: fmt::Display> fmt::Display for UpdateError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::OldRevision { revision, served } => {
                write!(f, "revision {revision} is not newer than {served}, which is served")
            }
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for UpdateError<E> {}

impl<P, D> Live<P, D> {
    /// Stores each layer that the stream `updates` yields. After the stream has ended, the last layer that
    /// was accepted stays. Spawn the future, or poll it beside the server.
    ///
    /// On an error, and on a revision that is not newer than the one that is served, the layer stays.
    /// `on_error` is then called, and [`status`](Self::status) has the reason until a later update is
    /// accepted, or [`store`](Self::store) is called. [`Update::Same`] is accepted, too.
    ///
    /// ```
    /// use tower_redirect::policy::{Rule, Rules};
    /// use tower_redirect::server::live::{Live, Update};
    /// use tower_redirect::RedirectLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let read = |text: &str| Rules::from_csv(text).map(RedirectLayer::new);
    /// let live = Live::new(read("/a,/b")?);
    /// let updates = tokio_stream::iter([
    ///     read("/a,/c").map(|layer| Update::New { revision: 1, layer }),
    ///     read("/a,/b,999").map(|layer| Update::New { revision: 2, layer }),
    /// ]);
    /// let mut errors = Vec::new();
    /// live.follow(updates, |error| errors.push(error.to_string())).await;
    /// assert_eq!(live.status().revision(), Some(1));
    /// assert_eq!(errors.len(), 1);
    /// assert!(live.status().rejection().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow<U, E, F>(
        &self,
        updates: U,
        mut on_error: F,
    ) -> impl Future<Output = ()> + use<P, D, U, E, F>
    where
        U: Stream<Item = Result<Update<RedirectLayer<P, D>>, E>>,
        E: fmt::Display,
        F: FnMut(UpdateError<E>),
    {
        let live = self.clone();
        async move {
            let mut updates = pin!(updates);
            while let Some(update) = poll_fn(|cx| updates.as_mut().poll_next(cx)).await {
                if let Err(error) = live.apply(update) {
                    live.reject(&error.to_string());
                    on_error(error);
                }
            }
        }
    }

    fn apply<E>(
        &self,
        update: Result<Update<RedirectLayer<P, D>>, E>,
    ) -> Result<(), UpdateError<E>> {
        match update.map_err(UpdateError::Source)? {
            Update::New { revision, layer } => self
                .store_revision(revision, layer)
                .map_err(|served| UpdateError::OldRevision { revision, served }),
            Update::Same => {
                self.confirm();
                Ok(())
            }
        }
    }
}
