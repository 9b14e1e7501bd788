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
    /// Only the digest of the secret is kept. It is compared in constant time, and never printed.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Bypass`](crate::ConfigErrorKind::Bypass) if `name` is not a header name,
    /// or if `secret` is shorter than 16 bytes, is longer than 4096 bytes, or contains a byte that is not
    /// visible ASCII. The error names the header, never the secret.
    pub fn bypass_header(self, name: &str, secret: &str) -> Result<Self, ConfigError> {
        let header_name = HeaderName::try_from(name)
            .map_err(|_| ConfigError::bypass(name, "not a header name"))?;
        let digest = digest_of(name, secret)?;
        Ok(self.bypass(move |head| {
            let mut values = head.header_all(header_name.clone()).take(MAX_CANDIDATES);
            values.any(|value| matches(&digest, value.as_bytes()))
        }))
    }

    /// Lets requests through that have the cookie `name` with the value `secret`: for people in a
    /// browser. The secret is handled as by [`bypass_header`](Self::bypass_header).
    ///
    /// Unlike with Laravel's `down --secret`, no secret URL sets the cookie: the secret would
    /// appear in logs, in the browser's history, in `Referer` and in a `Location`. Set the cookie in
    /// the browser's developer tools, or from a page that is exempt and asks for a password.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Bypass`](crate::ConfigErrorKind::Bypass) in the same cases as
    /// `bypass_header`, and if a cookie cannot hold the secret (RFC 6265 §4.1.1).
    pub fn bypass_cookie(self, name: &str, secret: &str) -> Result<Self, ConfigError> {
        if HeaderName::try_from(name).is_err() {
            return Err(ConfigError::bypass(name, "not the name of a cookie"));
        }
        if secret.contains(['"', ',', ';', '\\']) {
            let reason = "the secret contains a character that a cookie cannot contain";
            return Err(ConfigError::bypass(name, reason));
        }
        let digest = digest_of(name, secret)?;
        let name = name.to_owned();
        Ok(self.bypass(move |head| {
            cookies(head, &name).take(MAX_CANDIDATES).any(|value| matches(&digest, value))
        }))
    }
}

/// The maximum number of values of a header or cookie that are compared. Each is hashed, and the client
/// chooses their number.
const MAX_CANDIDATES: usize = 4;

/// The maximum length of a secret, and of a value that is compared with it, in bytes.
const MAX_LENGTH: usize = 4096;

fn digest_of(name: &str, secret: &str) -> Result<[u8; 32], ConfigError> {
    let refuse = |reason| Err(ConfigError::bypass(name, reason));
    if secret.len() < 16 {
        return refuse("a secret of fewer than 16 bytes can be guessed");
    }
    if secret.len() > MAX_LENGTH {
        return refuse("a secret has at most 4096 bytes");
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse("the secret contains a byte that is not visible ASCII");
    }
    Ok(Sha256::digest(secret).into())
}

fn matches(digest: &[u8; 32], value: &[u8]) -> bool {
    if value.len() > MAX_LENGTH {
        return false;
    }
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
