use std::sync::Arc;
use std::time::SystemTime;

/// The state of a [`Live`](super::Live) layer: the revision that is served, when the layer changed, and
/// why the last update was refused, if it was. All times are read from the system's clock.
#[derive(Clone, Debug)]
pub struct Status {
    started_at: SystemTime,
    changed_at: SystemTime,
    confirmed_at: SystemTime,
    revision: Option<u64>,
    config_hash: Option<u64>,
    rejected: Option<Rejection>,
}

/// An update that was refused. The previous layer is still served.
#[derive(Clone, Debug)]
pub struct Rejection {
    at: SystemTime,
    reason: Arc<str>,
}

/// The effect of a reload on the layer that is served.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reload {
    /// The layer was replaced.
    Changed,
    /// The layer stays, because the source has not changed.
    Confirmed,
    /// The layer stays, because the update was refused.
    Rejected,
}

impl Status {
    pub(super) fn new(config_hash: Option<u64>, now: SystemTime) -> Self {
        Self {
            started_at: now,
            changed_at: now,
            confirmed_at: now,
            revision: None,
            config_hash,
            rejected: None,
        }
    }

    pub(super) fn change(
        &mut self,
        revision: Option<u64>,
        config_hash: Option<u64>,
        now: SystemTime,
    ) {
        *self = Self { started_at: self.started_at, revision, ..Self::new(config_hash, now) };
    }

    pub(super) fn confirm(&mut self, now: SystemTime) {
        self.confirmed_at = now;
        self.rejected = None;
    }

    pub(super) fn reject(&mut self, reason: &str, now: SystemTime) {
        self.rejected = Some(Rejection { at: now, reason: reason.into() });
    }

    /// When the handle was made.
    pub const fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// When the layer was last replaced; at first [`started_at`](Self::started_at).
    pub const fn changed_at(&self) -> SystemTime {
        self.changed_at
    }

    /// The time at which this layer was given to the handle, or at which the source last confirmed it. It
    /// does not change while the source is silent or its updates are refused, so an old time means that the
    /// layer may be stale.
    pub const fn confirmed_at(&self) -> SystemTime {
        self.confirmed_at
    }

    /// The revision that is served; `None` if the layer came from [`Live::new`](super::Live::new),
    /// [`Live::named`](super::Live::named) or [`Live::store`](super::Live::store).
    pub const fn revision(&self) -> Option<u64> {
        self.revision
    }

    /// The hash of the configuration that is served, as
    /// [`RedirectLayer::config_hash`](crate::RedirectLayer::config_hash) returned it.
    pub const fn config_hash(&self) -> Option<u64> {
        self.config_hash
    }

    /// The rejection of the last update; `None` if the update was accepted, if there was none yet, or if
    /// [`Live::store`](super::Live::store) was called after it. [`Update::Same`](super::Update::Same) is
    /// always accepted.
    pub const fn rejection(&self) -> Option<&Rejection> {
        self.rejected.as_ref()
    }
}

impl Rejection {
    /// When the update was refused.
    pub const fn at(&self) -> SystemTime {
        self.at
    }

    /// Why the update was refused.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
