//! Checks the names of versions.

use super::retirement::RetiredVersion;
use crate::config_error::ConfigError;

/// Checks that `version` is one path segment of unreserved characters (RFC 3986 §2.3), and no dot
/// segment, so that every server reads it alike.
pub(super) fn check_version(version: &str) -> Result<(), ConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if version.is_empty() || matches!(version, "." | "..") || !version.bytes().all(plain) {
        return Err(ConfigError::version(version, "a version is one plain path segment"));
    }
    Ok(())
}

/// Checks a version that is to be retired.
pub(super) fn check_retired(
    version: &str,
    current: &str,
    retired: &[RetiredVersion],
) -> Result<(), ConfigError> {
    check_version(version)?;
    if version == current {
        return Err(ConfigError::version(version, "the current version cannot be retired"));
    }
    if retired.iter().any(|retired| retired.has_name(version)) {
        return Err(ConfigError::version(version, "retired twice"));
    }
    Ok(())
}
