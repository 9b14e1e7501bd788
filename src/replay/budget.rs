use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Memory that many bodies share: a cheap handle, all clones are one budget.
///
/// A body whose next chunk does not fit is not recorded any more, and cannot be replayed
/// ([`NotReplayable::BudgetSpent`](super::NotReplayable::BudgetSpent)); it is sent all the same.
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, Full};
/// use tower_redirect::replay::{NotReplayable, Replay, ReplayBody, ReplayBudget};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let budget = ReplayBudget::new(8);
/// let new = || ReplayBody::with_budget(Full::new(Bytes::from("order")), 1024, &budget);
/// let (first, second) = (new(), new());
/// assert_eq!(first.replay()?.collect().await?.to_bytes(), "order");
/// assert_eq!(budget.left(), 3);
/// assert_eq!(second.replay()?.collect().await?.to_bytes(), "order");
/// assert_eq!(second.replay().err(), Some(NotReplayable::BudgetSpent));
/// drop(first);
/// assert_eq!(budget.left(), 8);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ReplayBudget(Arc<AtomicU64>);

impl ReplayBudget {
    /// So many bytes for all.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// Bytes that nobody holds.
    pub fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: u64) -> bool {
        let less = |left: u64| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for ReplayBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayBudget").field("left", &self.left()).finish()
    }
}

/// What one body holds of a budget; given back at the end.
#[derive(Debug, Default)]
pub(super) struct Held {
    budget: Option<ReplayBudget>,
    bytes: u64,
}

impl Held {
    pub(super) fn of(budget: &ReplayBudget) -> Self {
        Self { budget: Some(budget.clone()), bytes: 0 }
    }

    /// Whether there is room for so many bytes more, which are held from now on.
    pub(super) fn take(&mut self, bytes: u64) -> bool {
        let room = self.budget.as_ref().is_none_or(|budget| budget.take(bytes));
        if room {
            self.bytes += bytes;
        }
        room
    }

    pub(super) fn give_back(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        if let Some(budget) = &self.budget {
            budget.give_back(bytes);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}
