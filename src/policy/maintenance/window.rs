use std::time::SystemTime;

use crate::config_error::ConfigError;

/// The period of a maintenance: it includes its start, and excludes its end.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use tower_redirect::MaintenanceWindow;
///
/// let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
/// let to = from + Duration::from_secs(3600);
/// let window = MaintenanceWindow::between(from, to)?;
/// assert!(window.contains(from));
/// assert!(!window.contains(to));
/// assert!(MaintenanceWindow::between(to, from).is_err());
/// # Ok::<(), tower_redirect::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaintenanceWindow {
    from: Option<SystemTime>,
    to: Option<SystemTime>,
}

impl MaintenanceWindow {
    /// Creates a window without a start or an end, which contains every time.
    pub const fn open() -> Self {
        Self { from: None, to: None }
    }

    /// Creates a window without a start that ends at `end`.
    pub const fn until(end: SystemTime) -> Self {
        Self { from: None, to: Some(end) }
    }

    /// Creates a window from `start` to `end`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Dates`](crate::ConfigErrorKind::Dates) if `end` is not after
    /// `start`.
    pub fn between(start: SystemTime, end: SystemTime) -> Result<Self, ConfigError> {
        if end <= start {
            return Err(ConfigError::dates("maintenance", "the end is not after the start"));
        }
        Ok(Self { from: Some(start), to: Some(end) })
    }

    /// Returns the end, if there is one.
    pub const fn end(&self) -> Option<SystemTime> {
        self.to
    }

    /// Returns the start, if there is one.
    pub const fn start(&self) -> Option<SystemTime> {
        self.from
    }

    /// Returns whether `now` is in the window.
    pub fn contains(&self, now: SystemTime) -> bool {
        self.from.is_none_or(|from| from <= now) && self.to.is_none_or(|to| now < to)
    }
}
