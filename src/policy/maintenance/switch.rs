use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use super::MaintenanceWindow;
use crate::system_clock;

/// Turns a [`Maintenance`](crate::Maintenance) on and off while the server runs.
///
/// Clones are cheap, and share one switch.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use tower_redirect::{MaintenanceSwitch, MaintenanceWindow};
///
/// let switch = MaintenanceSwitch::new();
/// let elsewhere = switch.clone();
/// assert!(!switch.is_on());
/// elsewhere.on();
/// assert!(switch.is_on());
/// elsewhere.off();
/// assert!(!switch.is_on());
///
/// let tonight = SystemTime::now() + Duration::from_secs(3600);
/// switch.set(MaintenanceWindow::between(tonight, tonight + Duration::from_secs(600))?);
/// assert!(!switch.is_on());
/// assert!(switch.window().is_some());
/// # Ok::<(), tower_redirect::ConfigError>(())
/// ```
#[derive(Clone, Default)]
#[doc(alias("maintenance mode"))]
pub struct MaintenanceSwitch(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether `window` is set. Requests take the lock only if it is.
    is_set: AtomicBool,
    window: RwLock<Option<MaintenanceWindow>>,
    source: Option<Box<WindowFn>>,
}

type WindowFn = dyn Fn() -> Option<MaintenanceWindow> + Send + Sync;

impl MaintenanceSwitch {
    /// Creates a switch that is off.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a switch that asks `source` on every request, so that another system can control it.
    ///
    /// `source` has to answer from memory, such as a flag store's cache or a watch channel. The switch is
    /// on during the window of the source and during the window given to [`set`](Self::set);
    /// [`off`](Self::off) removes only the latter.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use tower_redirect::{MaintenanceSwitch, MaintenanceWindow};
    ///
    /// let flag = Arc::new(AtomicBool::new(false));
    /// let seen = flag.clone();
    /// let switch =
    ///     MaintenanceSwitch::from_fn(move || seen.load(Ordering::Relaxed).then(MaintenanceWindow::open));
    /// assert!(!switch.is_on());
    /// flag.store(true, Ordering::Relaxed);
    /// assert!(switch.is_on());
    /// ```
    pub fn from_fn(source: impl Fn() -> Option<MaintenanceWindow> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { source: Some(Box::new(source)), ..Shared::default() }))
    }

    /// Begins maintenance with the next request, without an end.
    pub fn on(&self) {
        self.set(MaintenanceWindow::open());
    }

    /// Sets the window of the maintenance, in place of one that was set before.
    pub fn set(&self, window: MaintenanceWindow) {
        self.replace(Some(window));
    }

    /// Removes the window that was set. This ends maintenance, unless a source still returns a window.
    pub fn off(&self) {
        self.replace(None);
    }

    /// Returns whether maintenance is on now, by the system's clock.
    pub fn is_on(&self) -> bool {
        self.active_window(system_clock::now).is_some()
    }

    /// Returns the window that was set, whether it is past, current or future. If none was set, returns
    /// the window of the source.
    pub fn window(&self) -> Option<MaintenanceWindow> {
        self.stored_window().or_else(|| self.source_window())
    }

    /// Returns a window that contains the current time, and that time. If the window that was set and that of
    /// the source both do, returns the one that ends last. The clock is read only if there is a window.
    pub(super) fn active_window(
        &self,
        now: impl FnOnce() -> SystemTime,
    ) -> Option<(MaintenanceWindow, SystemTime)> {
        if !self.0.is_set.load(Ordering::Acquire) && self.0.source.is_none() {
            return None;
        }
        let (stored, sourced) = (self.stored_window(), self.source_window());
        if stored.is_none() && sourced.is_none() {
            return None;
        }
        let now = now();
        let open = [stored, sourced].into_iter().flatten().filter(|window| window.contains(now));
        let window = open.max_by_key(|window| (window.end().is_none(), window.end()))?;
        Some((window, now))
    }

    fn stored_window(&self) -> Option<MaintenanceWindow> {
        if !self.0.is_set.load(Ordering::Acquire) {
            return None;
        }
        *self.0.window.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn source_window(&self) -> Option<MaintenanceWindow> {
        self.0.source.as_ref().and_then(|source| source())
    }

    fn replace(&self, new: Option<MaintenanceWindow>) {
        let mut window = self.0.window.write().unwrap_or_else(PoisonError::into_inner);
        *window = new;
        self.0.is_set.store(new.is_some(), Ordering::Release);
    }
}

impl fmt::Debug for MaintenanceSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaintenanceSwitch")
            .field("window", &self.window())
            .field("source", &self.0.source.is_some())
            .finish()
    }
}
