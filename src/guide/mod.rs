//! Guides: one page for each task, whose examples are compiled and run.

#[doc = include_str!("observability.md")]
#[cfg(all(feature = "follow", feature = "live"))]
pub mod observability {}

#[doc = include_str!("rules.md")]
#[cfg(all(feature = "config", feature = "live"))]
pub mod rules {}
