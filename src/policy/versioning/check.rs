//! Checks the names of versions.

use std::ops::Deref;

use super::retirement::RetiredVersion;
use crate::config_error::ConfigError;

/// Checks that `version` is one path segment of unreserved characters (RFC 3986 §2.3), and is not a dot
/// segment, so that every server reads it alike.
pub(super) fn check_version(version: &str) -> Result<(), ConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if version.is_empty() || matches!(version, "." | "..") || !version.bytes().all(plain) {
        return Err(ConfigError::version(
            version,
            "a version holds letters, digits and `-._~`, and is not `.` or `..`",
        ));
    }
    Ok(())
}

/// Checks that `version` is valid, and neither served nor retired already.
pub(super) fn check_can_be_retired<S: Deref<Target = str>>(
    version: &str,
    served: &[S],
    retired: &[RetiredVersion],
) -> Result<(), ConfigError> {
    check_version(version)?;
    if served.iter().any(|served| **served == *version) {
        return Err(ConfigError::version(version, "a version that is served cannot be retired"));
    }
    if retired.iter().any(|retired| retired.has_name(version)) {
        return Err(ConfigError::version(version, "retired twice"));
    }
    Ok(())
}
