//! Uploads that servers of other makes redirect.
#![allow(missing_docs)]

#[path = "wire/servers.rs"]
mod servers;
mod support;
