//! Bodies that can be sent again: recorded, or made anew.

#[path = "../support/mod.rs"]
mod support;

mod body;
mod made;
mod wrapped;
