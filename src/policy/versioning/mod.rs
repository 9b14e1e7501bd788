//! Versions of an api: which are served, and how the others end.

mod field;
mod path;
mod retirement;

pub use field::HeaderVersioning;
pub use path::Versioning;
pub use retirement::Retirement;
