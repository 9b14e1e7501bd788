mod cure;
#[allow(clippy::module_inception)]
mod diagnosis;

pub use diagnosis::Diagnosis;
