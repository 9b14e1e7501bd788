//! HTTP redirects as tower middleware, on both ends of the wire.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config_error;
mod diagnosis;
mod head;
pub mod policy;
pub mod redirection;
pub mod server;
pub mod trust;

pub use config_error::ConfigError;
pub use diagnosis::Diagnosis;
pub use head::RequestHead;
pub use policy::{
    Decision, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectPolicy, Versioning, policy_fn,
};
pub use redirection::Redirection;
pub use server::{Redirect, RedirectLayer};
pub use trust::{Scheme, Transport, Trust};
