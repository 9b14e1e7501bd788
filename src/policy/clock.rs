use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::system_clock;

/// The system's clock, or one that a test sets.
#[derive(Clone, Default)]
pub(super) struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    pub(super) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    pub(super) fn now(&self) -> SystemTime {
        self.0.as_ref().map_or_else(system_clock::now, |now| now())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Clock(..)" } else { "Clock(system)" })
    }
}
