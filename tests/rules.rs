//! Tables of rules.
#![allow(missing_docs)]

mod support;

#[path = "server/rules/mod.rs"]
mod rules;
