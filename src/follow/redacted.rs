use std::{fmt, str};

use http::{HeaderValue, Uri};

use super::userinfo;
use crate::event::Escaped;

/// Prints a URI without its userinfo and without the values of its query. The text is cut to 256 bytes,
/// because a server can send a URI of 64 KiB on each hop.
pub(super) struct Redacted<'a>(pub(super) &'a Uri);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(Uncut(self.0)).fmt(f)
    }
}

/// Prints a URI as [`Redacted`] does, but neither escapes nor cuts it.
struct Uncut<'a>(&'a Uri);

impl fmt::Display for Uncut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.0.scheme_str() {
            write!(f, "{scheme}://")?;
        }
        if let Some(authority) = self.0.authority() {
            f.write_str(userinfo::split(authority.as_str()).1)?;
        }
        f.write_str(self.0.path())?;
        let mut separator = '?';
        for pair in self.0.query().into_iter().flat_map(|query| query.split('&')) {
            write!(f, "{separator}")?;
            // A pair without a value may be a token, which ends in `=` if it is padded base64.
            match pair.split_once('=') {
                Some((name, value)) if value.bytes().any(|b| b != b'=') => write!(f, "{name}=…")?,
                _ => f.write_str("…")?,
            }
            separator = '&';
        }
        Ok(())
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The scheme of a `Location` (RFC 3986 §3.1), without the rest, which may be a secret. `None` if the scheme
/// is missing or longer than every registered scheme, or if the value is not UTF-8.
pub(super) fn scheme(location: &HeaderValue) -> Option<&str> {
    let (scheme, _) = str::from_utf8(location.as_bytes()).ok()?.split_once(':')?;
    let scheme = scheme.trim_start();
    let is_scheme = scheme.len() <= 40
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    is_scheme.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_no_secrets() {
        for (uri, shown) in [
            ("/a", "/a"),
            ("a.test:443", "a.test:443"),
            ("http://a.test", "http://a.test/"),
            ("https://u:p@a.test:8443/a?x=1&y=2", "https://a.test:8443/a?x=…&y=…"),
            ("http://a.test/?token", "http://a.test/?…"),
            ("http://a.test/?dG9rZW4=", "http://a.test/?…"),
            ("http://a.test/?dG9rZQ==&a=b", "http://a.test/?…&a=…"),
            ("http://a.test/?a=b=c", "http://a.test/?a=…"),
        ] {
            assert_eq!(Redacted(&uri.parse().expect(uri)).to_string(), shown);
        }
        let long = format!("/{}", "x".repeat(60_000)).parse().expect("a uri");
        assert_eq!(Redacted(&long).to_string().len(), 256 + "…".len());
    }
}
