//! Helpers that the tests share: services for both sides, tables, events, foreign programs and properties.
#![allow(dead_code, unused_imports, unused_macros)] // Each test binary uses a part of it.

mod body;
pub mod classes;
#[cfg(feature = "tracing")]
pub mod events;
mod inner;
pub mod program;
pub mod property;
#[cfg(feature = "follow")]
mod script;

#[cfg(feature = "follow")]
pub use body::Once;
pub use body::{Fed, fed};
pub use inner::{Asked, Inner, ask, ask_now, request};
#[cfg(feature = "follow")]
pub(crate) use script::chain;
#[cfg(feature = "follow")]
pub use script::{Answer, Frames, Mark, Script, Seen, redirection};
