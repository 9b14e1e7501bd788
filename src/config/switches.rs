use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::policy::{MaintenanceSwitch, MaintenanceWindow};

/// Keeps the switches of a [configuration](super), so that the next one finds them as they are.
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
pub struct Switches(Arc<Mutex<HashMap<String, Named>>>);

#[derive(Default)]
struct Named {
    switch: MaintenanceSwitch,
    /// The window that the last configuration gave it.
    configured: Option<MaintenanceWindow>,
}

impl Switches {
    /// Creates a collection without switches.
    pub fn new() -> Self {
        Self::default()
    }

    /// The switch of the section `maintenance`. It is off until a configuration or somebody else
    /// turns it on.
    pub fn maintenance(&self) -> MaintenanceSwitch {
        self.named("maintenance")
    }

    /// The switch of this name.
    fn named(&self, name: &str) -> MaintenanceSwitch {
        self.change(name, |named| named.switch.clone())
    }

    /// Sets the switch of the section `maintenance` to the window of a configuration, if that has
    /// changed.
    pub(super) fn configure_maintenance(&self, window: Option<MaintenanceWindow>) {
        self.change("maintenance", |named| {
            if named.configured != window {
                match window {
                    Some(window) => named.switch.set(window),
                    None => named.switch.off(),
                }
                named.configured = window;
            }
        });
    }

    fn change<T>(&self, name: &str, change: impl FnOnce(&mut Named) -> T) -> T {
        let mut switches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(switches.entry(name.to_owned()).or_default())
    }
}

impl fmt::Debug for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Switches(..)")
    }
}
