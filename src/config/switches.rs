use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::policy::{MaintenanceSwitch, MaintenanceWindow};

/// Switches that keep their state from one [configuration](super) to the next, unless the configured
/// state changes.
///
/// Clones share the switches.
///
/// ```
/// use tower_redirect::config::{Config, Switches};
///
/// let switches = Switches::new();
/// let off: Config = toml::from_str("[maintenance]")?;
/// let on: Config = toml::from_str("[maintenance]\non = true")?;
///
/// off.build(&switches)?;
/// let maintenance = switches.maintenance();
/// assert!(!maintenance.is_on());
/// maintenance.on();
/// off.build(&switches)?;
/// assert!(maintenance.is_on(), "the configuration has not changed");
///
/// on.build(&switches)?;
/// off.build(&switches)?;
/// assert!(!maintenance.is_on(), "the configuration has changed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Switches {
    maintenance: MaintenanceSwitch,
    /// The window that the last configuration gave to `maintenance`.
    configured: Arc<Mutex<Option<MaintenanceWindow>>>,
}

impl Switches {
    /// Creates switches that are off.
    pub fn new() -> Self {
        Self::default()
    }

    /// The switch of the section `maintenance`. It is off until a configuration or the program turns
    /// it on.
    pub fn maintenance(&self) -> MaintenanceSwitch {
        self.maintenance.clone()
    }

    /// Sets the switch of the section `maintenance` to the window of a configuration, if the window
    /// differs from that of the previous configuration.
    pub(super) fn configure_maintenance(&self, window: Option<MaintenanceWindow>) {
        let mut configured = self.configured.lock().unwrap_or_else(PoisonError::into_inner);
        if *configured == window {
            return;
        }
        match window {
            Some(window) => self.maintenance.set(window),
            None => self.maintenance.off(),
        }
        *configured = window;
    }
}

impl fmt::Debug for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Switches(..)")
    }
}
