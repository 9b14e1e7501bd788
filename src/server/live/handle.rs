use std::any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use http::Request;
use tower_layer::Layer;

use super::service::LiveRedirect;
use super::status::Status;
use crate::head::Step;
use crate::policy::RedirectPolicy;
use crate::server::drain_on::DrainInline;
use crate::server::explain::Explanation;
use crate::server::layer::RedirectLayer;

/// A [`RedirectLayer`] in a handle, itself a layer: see the [module](super).
///
/// ```
/// use tower_redirect::policy::{Rule, Rules};
/// use tower_redirect::server::live::Live;
/// use tower_redirect::RedirectLayer;
///
/// let live = Live::new(RedirectLayer::new(Rules::new([Rule::new("/a")?.to("/b")?])?));
/// assert_eq!(live.status().revision(), None);
///
/// live.store(RedirectLayer::new(Rules::new([])?));
/// assert!(live.status().changed_at() >= live.status().started_at());
/// assert!(live.status().rejected().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Live<P, D = DrainInline>(Arc<Shared<P, D>>);

pub(super) struct Shared<P, D> {
    layer: ArcSwap<RedirectLayer<P, D>>,
    /// Locked by stores and by those who ask for it, never by a request.
    status: Mutex<Status>,
}

impl<P, D> Live<P, D> {
    /// Creates a handle that serves `layer` until another one is stored.
    pub fn new(layer: RedirectLayer<P, D>) -> Self {
        let status = Mutex::new(Status::new(SystemTime::now()));
        Self(Arc::new(Shared { layer: ArcSwap::from_pointee(layer), status }))
    }

    /// Serves `layer` from the next request on.
    pub fn store(&self, layer: RedirectLayer<P, D>) {
        self.change(|status| {
            self.0.layer.store(Arc::new(layer));
            status.changed(None, SystemTime::now());
        });
    }

    /// Explains the answer to a request by the layer that is served now: see
    /// [`RedirectLayer::explain`].
    pub fn explain<B>(&self, request: &Request<B>) -> Explanation
    where
        P: RedirectPolicy,
    {
        let (layer, revision) = self.change(|status| (self.0.layer.load_full(), status.revision()));
        let explanation = layer.explain(request);
        match revision {
            Some(revision) => explanation.starting_with(Step::noted("revision", revision)),
            None => explanation,
        }
    }

    /// Returns which revision is served, since when, and what was refused.
    pub fn status(&self) -> Status {
        self.change(|status| status.clone())
    }

    /// Serves `layer` as this revision, unless a newer one is served. `Err` is that one.
    pub(super) fn store_revision(
        &self,
        revision: u64,
        layer: RedirectLayer<P, D>,
    ) -> Result<(), u64> {
        self.change(|status| {
            if let Some(current) = status.revision().filter(|current| revision <= *current) {
                return Err(current);
            }
            self.0.layer.store(Arc::new(layer));
            status.changed(Some(revision), SystemTime::now());
            Ok(())
        })
    }

    /// Runs `change` under the lock, so that of two stores the later one is served and named.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Status) -> T) -> T {
        change(&mut self.0.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The layer that is served now.
    #[inline]
    pub(super) fn load(&self) -> arc_swap::Guard<Arc<RedirectLayer<P, D>>> {
        self.0.layer.load()
    }
}

impl<S, P, D> Layer<S> for Live<P, D> {
    type Service = LiveRedirect<S, P, D>;

    fn layer(&self, inner: S) -> Self::Service {
        LiveRedirect::new(inner, self.clone())
    }
}

/// A clone shares the layer.
impl<P, D> Clone for Live<P, D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P, D> fmt::Debug for Live<P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("policy", &any::type_name::<P>())
            .field("status", &self.status())
            .finish()
    }
}
