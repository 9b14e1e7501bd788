use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use crate::config_error::ConfigError;

/// When maintenance is: from a start, which is part of it, to an end, which is not.
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
    /// From now on, for as long as it takes.
    pub const fn open() -> Self {
        Self { from: None, to: None }
    }

    /// From now on, up to `end`.
    pub const fn until(end: SystemTime) -> Self {
        Self { from: None, to: Some(end) }
    }

    /// From `start` up to `end`.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Dates`](crate::ConfigErrorKind::Dates) if `end` is not after `start`.
    pub fn between(start: SystemTime, end: SystemTime) -> Result<Self, ConfigError> {
        if end <= start {
            return Err(ConfigError::dates("maintenance", "it ends before it starts"));
        }
        Ok(Self { from: Some(start), to: Some(end) })
    }

    /// When it ends, where that is known.
    pub const fn end(&self) -> Option<SystemTime> {
        self.to
    }

    /// When it starts, where that is a date.
    pub const fn start(&self) -> Option<SystemTime> {
        self.from
    }

    /// Whether `now` is in it.
    pub fn contains(&self, now: SystemTime) -> bool {
        self.from.is_none_or(|from| from <= now) && self.to.is_none_or(|to| now < to)
    }
}

/// Turns a [`Maintenance`](crate::Maintenance) on and off while it serves: a cheap handle, all clones
/// are one switch.
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
pub struct MaintenanceSwitch(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether there is a window: what the many requests look at while there is none.
    is_set: AtomicBool,
    window: RwLock<Option<MaintenanceWindow>>,
    hook: Option<Box<Hook>>,
}

type Hook = dyn Fn() -> Option<MaintenanceWindow> + Send + Sync;

impl MaintenanceSwitch {
    /// A switch that is off.
    pub fn new() -> Self {
        Self::default()
    }

    /// A switch that another system drives: `hook` is asked on every request, and has to answer from
    /// memory (a flag store's cache, a watch channel). It is on when either the hook or what was set
    /// here says so; [`off`](Self::off) takes back the latter alone.
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
    pub fn from_fn(hook: impl Fn() -> Option<MaintenanceWindow> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { hook: Some(Box::new(hook)), ..Shared::default() }))
    }

    /// Maintenance begins: the next request is asked about.
    pub fn on(&self) {
        self.set(MaintenanceWindow::open());
    }

    /// Maintenance is in this window, in place of any set before.
    pub fn set(&self, window: MaintenanceWindow) {
        self.replace(Some(window));
    }

    /// Maintenance ends, or the window that was set is taken back.
    pub fn off(&self) {
        self.replace(None);
    }

    /// Whether it is on now, by the system's clock.
    pub fn is_on(&self) -> bool {
        self.under_way(SystemTime::now).is_some()
    }

    /// The window that is set, over or to come or under way; the hook's, where none is.
    pub fn window(&self) -> Option<MaintenanceWindow> {
        self.set_here().or_else(|| self.hooked())
    }

    /// The window in which `now` is, and that instant: both are looked at once for each request.
    pub(super) fn under_way(
        &self,
        now: impl FnOnce() -> SystemTime,
    ) -> Option<(MaintenanceWindow, SystemTime)> {
        if !self.0.is_set.load(Ordering::Acquire) && self.0.hook.is_none() {
            return None;
        }
        let (set, hooked) = (self.set_here(), self.hooked());
        if set.is_none() && hooked.is_none() {
            return None;
        }
        let now = now();
        let window = [set, hooked].into_iter().flatten().find(|window| window.contains(now))?;
        Some((window, now))
    }

    fn set_here(&self) -> Option<MaintenanceWindow> {
        if !self.0.is_set.load(Ordering::Acquire) {
            return None;
        }
        *self.0.window.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn hooked(&self) -> Option<MaintenanceWindow> {
        self.0.hook.as_ref().and_then(|hook| hook())
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
            .field("hook", &self.0.hook.is_some())
            .finish()
    }
}
