use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Limits how many bytes the recordings of many bodies hold together. Clones share one budget. The memory in
/// use can be larger: see the pitfalls of the [module](super).
///
/// A body whose next chunk does not fit is no longer recorded and cannot be replayed
/// ([`NotReplayable::BudgetSpent`](super::NotReplayable::BudgetSpent)), but it is still sent.
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
    /// Creates a budget of `bytes`.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// Returns the number of bytes that no body has reserved.
    pub fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn reserve(&self, bytes: u64) -> bool {
        let subtract = |left: u64| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract).is_ok()
    }

    fn release(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for ReplayBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayBudget").field("left", &self.left()).finish()
    }
}

/// The bytes of a budget that one body has reserved. They are returned on drop.
#[derive(Debug, Default)]
pub(super) struct Reservation {
    budget: Option<ReplayBudget>,
    bytes: u64,
}

impl Reservation {
    pub(super) fn of(budget: &ReplayBudget) -> Self {
        Self { budget: Some(budget.clone()), bytes: 0 }
    }

    /// Reserves more bytes. Returns `false`, and reserves nothing, if the budget has too few left.
    pub(super) fn grow(&mut self, bytes: u64) -> bool {
        let has_room = self.budget.as_ref().is_none_or(|budget| budget.reserve(bytes));
        if has_room {
            self.bytes += bytes;
        }
        has_room
    }

    pub(super) fn shrink(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        if let Some(budget) = &self.budget {
            budget.release(bytes);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}
