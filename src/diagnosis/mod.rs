mod cure;
#[allow(clippy::module_inception)]
mod diagnosis;
mod shorten;

pub use diagnosis::Diagnosis;
