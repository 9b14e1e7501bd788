//! Maintenance: while a switch is on, requests are redirected or get 503, unless a bypass lets them
//! pass.

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
