//! Maintenance: while a switch is on, requests go elsewhere or get 503, and some are let through.

mod bypass;
mod policy;
#[cfg(feature = "bypass")]
mod secret;
mod switch;
mod target;
mod window;

pub use policy::Maintenance;
pub use switch::MaintenanceSwitch;
pub use target::{Page, RedirectTo, Standby, Unavailable};
pub use window::MaintenanceWindow;
