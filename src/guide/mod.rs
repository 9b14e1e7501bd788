//! Guides: one page for each task, whose examples are compiled and run.

#[doc = include_str!("rules.md")]
pub mod rules {}
