//! Versions of an API: redirects requests for retired versions, announces their end, and refuses
//! them afterwards.

mod header;
mod path;
mod retirement;

pub use header::HeaderVersioning;
pub use path::Versioning;
pub use retirement::Retirement;
