use std::any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use http::Request;
use tower_layer::Layer;

use super::count;
use super::service::LiveRedirect;
use super::status::{Reload, Status};
use crate::head::Step;
use crate::policy::RedirectPolicy;
use crate::server::drain_on::DrainInline;
use crate::server::explain::Explanation;
use crate::server::layer::RedirectLayer;
use crate::system_clock;

/// A handle that holds a [`RedirectLayer`], and is a layer itself: see the [module](super).
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
/// assert!(live.status().rejection().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Live<P, D = DrainInline>(Arc<Shared<P, D>>);

pub(super) struct Shared<P, D> {
    layer: ArcSwap<RedirectLayer<P, D>>,
    /// Locked to store a layer, and to read or change the status, never to serve a request.
    status: Mutex<Status>,
    /// The name in metrics.
    name: Option<Box<str>>,
}

impl<P, D> Live<P, D> {
    /// Creates a handle that serves `layer` until another one is stored.
    pub fn new(layer: RedirectLayer<P, D>) -> Self {
        Self::with_name(None, layer)
    }

    /// Creates a handle whose reloads are counted under this name (feature `metrics`).
    ///
    /// ```
    /// use tower_redirect::server::live::Live;
    /// use tower_redirect::{HttpsOnly, RedirectLayer};
    ///
    /// let live = Live::named("shop", RedirectLayer::new(HttpsOnly::new()));
    /// assert!(live.status().rejection().is_none());
    /// ```
    pub fn named(name: &str, layer: RedirectLayer<P, D>) -> Self {
        let live = Self::with_name(Some(name), layer);
        count::start(name, &live.status());
        live
    }

    fn with_name(name: Option<&str>, layer: RedirectLayer<P, D>) -> Self {
        let status = Mutex::new(Status::new(layer.config_hash(), system_clock::now()));
        let (layer, name) = (ArcSwap::from_pointee(layer), name.map(Into::into));
        Self(Arc::new(Shared { layer, status, name }))
    }

    /// Returns the layer that is served now.
    pub fn current(&self) -> Arc<RedirectLayer<P, D>> {
        self.0.layer.load_full()
    }

    /// Serves `layer` from the next request on. It has no revision, so [`follow`](Self::follow) then accepts
    /// any revision.
    pub fn store(&self, layer: RedirectLayer<P, D>) {
        drop(self.with_status(|status| self.replace(None, layer, status)));
    }

    /// Explains how the layer that is served now answers a request: see [`RedirectLayer::explain`].
    pub fn explain<B>(&self, request: &Request<B>) -> Explanation
    where
        P: RedirectPolicy,
    {
        let (layer, revision) =
            self.with_status(|status| (self.0.layer.load_full(), status.revision()));
        let mut explanation = layer.explain(request);
        if let Some(revision) = revision {
            explanation.steps.insert(0, Step::noted("revision", revision));
        }
        explanation
    }

    /// Returns which revision is served, since when, and what was refused.
    pub fn status(&self) -> Status {
        self.with_status(|status| status.clone())
    }

    /// Serves `layer` as this revision. If the revision is not newer than the served one, returns the
    /// served one as `Err`.
    pub(super) fn store_revision(
        &self,
        revision: u64,
        layer: RedirectLayer<P, D>,
    ) -> Result<(), u64> {
        let outcome = self.with_status(|status| {
            match status.revision().filter(|current| revision <= *current) {
                Some(current) => Err((current, layer)),
                None => Ok(self.replace(Some(revision), layer, status)),
            }
        });
        // Drops the previous or the refused layer only now that the status is unlocked.
        outcome.map(drop).map_err(|(current, _)| current)
    }

    /// Replaces the layer. Returns the previous one, which must be dropped after unlocking: the `Drop` of its
    /// policy may use this handle, and would deadlock.
    #[must_use]
    fn replace(
        &self,
        revision: Option<u64>,
        layer: RedirectLayer<P, D>,
        status: &mut Status,
    ) -> Arc<RedirectLayer<P, D>> {
        let hash = layer.config_hash();
        let before = self.0.layer.swap(Arc::new(layer));
        status.change(revision, hash, system_clock::now());
        self.count(Reload::Changed, status);
        before
    }

    /// Records that the source has confirmed the layer.
    pub(super) fn confirm(&self) {
        self.with_status(|status| {
            status.confirm(system_clock::now());
            self.count(Reload::Confirmed, status);
        });
    }

    /// Records that an update was refused.
    pub(super) fn reject(&self, reason: &str) {
        self.with_status(|status| {
            status.reject(reason, system_clock::now());
            self.count(Reload::Rejected, status);
        });
    }

    fn count(&self, reload: Reload, status: &Status) {
        if let Some(name) = &self.0.name {
            count::reloaded(name, reload, status);
        }
    }

    /// Calls `f` with the locked status. A layer is stored under the same lock, so that the status is
    /// always that of the layer that is served.
    fn with_status<T>(&self, f: impl FnOnce(&mut Status) -> T) -> T {
        f(&mut self.0.status.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the layer that is served now.
    #[inline]
    pub(super) fn load(&self) -> arc_swap::Guard<Arc<RedirectLayer<P, D>>> {
        self.0.layer.load()
    }
}

impl<S, P: RedirectPolicy, D> Layer<S> for Live<P, D> {
    type Service = LiveRedirect<S, P, D>;

    fn layer(&self, inner: S) -> Self::Service {
        let layer = self.load();
        layer.settings.start_counting(&*layer.policy);
        LiveRedirect::new(inner, self.clone())
    }
}

/// Clones share the layer.
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
