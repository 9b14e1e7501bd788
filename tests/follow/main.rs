//! The client side, without sockets.

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod contract;
mod economy;
mod fetch;
mod leaks;
mod limits;
mod location;
mod methods;
mod non_interference;
mod policy;
mod references;
