//! The client before servers of other makes, and inside of another client's types.
#![allow(missing_docs)]

#[path = "wire/reqwest_adapter.rs"]
mod reqwest_adapter;
#[path = "wire/servers.rs"]
mod servers;
mod support;
