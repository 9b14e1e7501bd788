//! HTTP redirects as tower middleware, on both ends of the wire.
#![forbid(unsafe_code)]
#![warn(unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config_error;
mod diagnosis;
#[cfg(feature = "follow")]
pub mod follow;
mod head;
pub mod policy;
pub mod redirection;
#[cfg(feature = "follow")]
pub mod replay;
pub mod server;
pub mod trust;

pub use config_error::ConfigError;
pub use diagnosis::Diagnosis;
#[cfg(feature = "follow")]
pub use follow::{
    FollowError, FollowRedirects, FollowRedirectsLayer, MethodRewrite, RedirectError,
    RedirectHistory,
};
pub use head::RequestHead;
pub use policy::{
    Decision, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectPolicy, Versioning, policy_fn,
};
pub use redirection::Redirection;
#[cfg(feature = "follow")]
pub use replay::{Replay, ReplayBody, ReplayBodyLayer};
pub use server::{Redirect, RedirectLayer};
pub use trust::{Scheme, Transport, Trust};
