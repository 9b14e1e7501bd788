//! Lets requests with a secret through during maintenance. Only the digest of the secret is kept.

use http::{HeaderName, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Maintenance;
use crate::config_error::ConfigError;
use crate::head::RequestHead;

impl<T> Maintenance<T> {
    /// Lets requests through whose header `name` is `secret`: for programs.
    ///
    /// Only the digest of the secret is kept, compared in constant time, and never printed.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Bypass`](crate::ConfigErrorKind::Bypass) if `name` is no field name, or
    /// `secret` is shorter than 16 bytes or holds what is no visible ASCII. The error names the
    /// field, never the secret.
    pub fn bypass_header(self, name: &str, secret: &str) -> Result<Self, ConfigError> {
        let field = HeaderName::try_from(name)
            .map_err(|_| ConfigError::bypass(name, "not a field name"))?;
        let digest = digest_of(name, secret)?;
        Ok(self.bypass(move |head| {
            head.header_all(field.clone()).any(|value| matches(&digest, value.as_bytes()))
        }))
    }

    /// Lets requests through that have the cookie `name` with the value `secret`: for people in a
    /// browser. Otherwise as [`bypass_header`](Self::bypass_header).
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Bypass`](crate::ConfigErrorKind::Bypass) as there, and for what no cookie
    /// can hold (RFC 6265 §4.1.1).
    pub fn bypass_cookie(self, name: &str, secret: &str) -> Result<Self, ConfigError> {
        if HeaderName::try_from(name).is_err() {
            return Err(ConfigError::bypass(name, "not the name of a cookie"));
        }
        if secret.contains(['"', ',', ';', '\\']) {
            return Err(ConfigError::bypass(name, "the secret holds what no cookie can"));
        }
        let digest = digest_of(name, secret)?;
        let name = name.to_owned();
        Ok(self.bypass(move |head| cookies(head, &name).any(|value| matches(&digest, value))))
    }
}

fn digest_of(name: &str, secret: &str) -> Result<[u8; 32], ConfigError> {
    if secret.len() < 16 {
        return Err(ConfigError::bypass(name, "a secret of fewer than 16 bytes can be guessed"));
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::bypass(name, "the secret holds what is no visible ASCII"));
    }
    Ok(Sha256::digest(secret).into())
}

fn matches(digest: &[u8; 32], value: &[u8]) -> bool {
    let given: [u8; 32] = Sha256::digest(value).into();
    given.ct_eq(digest).into()
}

/// Returns the values of one cookie (RFC 6265 §4.2.1), from all `Cookie` headers.
fn cookies<'a>(head: &RequestHead<'a>, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let pairs =
        head.header_all(header::COOKIE).flat_map(|line| line.as_bytes().split(|b| *b == b';'));
    pairs.filter_map(move |pair| {
        let (key, value) = pair.split_at_checked(pair.iter().position(|byte| *byte == b'=')?)?;
        (key.trim_ascii() == name.as_bytes())
            .then(|| value.get(1..).unwrap_or_default().trim_ascii())
    })
}
