//! Versions of an API: redirects requests for retired versions, announces when a version ends, and
//! refuses requests for it afterwards.

mod check;
mod header;
mod path;
mod query;
mod retirement;

pub use header::HeaderVersioning;
pub use path::Versioning;
pub use query::QueryVersioning;
pub use retirement::Retirement;
