//! Checks the names of versions.

use super::retirement::RetiredVersion;
use crate::config_error::ConfigError;

/// Checks that `version` is one path segment of unreserved characters (RFC 3986 §2.3), and is not a dot
/// segment, so that every server reads it alike.
pub(super) fn check_version(version: &str) -> Result<(), ConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if version.is_empty() || matches!(version, "." | "..") || !version.bytes().all(plain) {
        let reason = "a version holds letters, digits and `-._~`, and is not `.` or `..`";
        return Err(ConfigError::version(version, reason));
    }
    Ok(())
}

/// Checks that `version` is valid, and neither served nor retired already.
pub(super) fn check_can_be_retired(
    version: &str,
    is_served: bool,
    retired: &[RetiredVersion],
) -> Result<(), ConfigError> {
    check_version(version)?;
    if is_served {
        return Err(ConfigError::version(version, "a version that is served cannot be retired"));
    }
    if retired.iter().any(|retired| retired.name() == version) {
        return Err(ConfigError::version(version, "retired twice"));
    }
    Ok(())
}
