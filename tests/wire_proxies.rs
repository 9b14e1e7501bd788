//! The proxy rig, until the wire tests are one binary.
#![allow(missing_docs)]

#[path = "wire/proxies.rs"]
mod proxies;
