//! The client side, without sockets.

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod chains;
mod contract;
mod cookies;
mod economy;
mod events;
#[cfg(feature = "hyper")]
mod expect;
mod fetch;
mod final_uri;
mod guard;
mod hooks;
mod hsts;
mod leaks;
mod limits;
mod location;
mod methods;
mod multiplexed;
mod non_interference;
mod per_request;
mod policy;
mod references;
mod remembered;
mod stops;
mod targets;
