//! Maintenance: while a switch is on, requests are redirected or get 503 (gRPC calls `UNAVAILABLE`), unless
//! they pass by rule 2 of [`Maintenance`].

mod bypass;
mod grpc;
mod policy;
#[cfg(feature = "bypass")]
mod secret;
mod switch;
mod target;
mod unavailable;
mod window;

pub use policy::Maintenance;
pub use switch::MaintenanceSwitch;
pub use target::{Page, RedirectTo, Standby, Unavailable};
pub use window::MaintenanceWindow;
