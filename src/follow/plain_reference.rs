//! Resolves the usual forms of `Location` without the URL parser.
//!
//! A reference is plain if one look at each byte shows that the parser would change none of them. A relative
//! path may also start with dot segments. If the path of the base becomes part of the result, that path has
//! to be plain, too. For all other references, the functions in this module return `None`, and the parser is
//! used. A property test compares their results with those of the parser.

use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use http::uri::PathAndQuery;

use super::location::{Base, MAX_URI_LEN, Target};
use crate::uri::{ByteSet, Origin, Scheme};

impl Base<'_> {
    /// Resolves a plain reference. `None` unless the base has a plain origin or no authority.
    pub(super) fn resolve_plain(&self, location: &[u8]) -> Option<Target> {
        if let [b'/', ..] = location {
            return self.absolute_path(location);
        }
        if let Some(path) = self.after_origin(location) {
            return self.absolute_path(path);
        }
        match location.strip_prefix(b"http://").or_else(|| location.strip_prefix(b"https://")) {
            Some(after_scheme) => self.other_origin(location, after_scheme),
            None => self.relative(location),
        }
    }

    /// Returns the part of `location` after the scheme and the authority of the base, if `location` begins
    /// with them and a slash follows.
    fn after_origin<'l>(&self, location: &'l [u8]) -> Option<&'l [u8]> {
        let rest =
            location.strip_prefix(self.uri.scheme_str()?.as_bytes())?.strip_prefix(b"://")?;
        let path = rest.strip_prefix(self.uri.authority()?.as_str().as_bytes())?;
        path.starts_with(b"/").then_some(path)
    }

    /// Resolves a reference that begins with a path from the root.
    fn absolute_path(&self, reference: &[u8]) -> Option<Target> {
        let (path, rest) = split(reference, 0)?;
        self.with_path(PathAndQuery::try_from(path).ok()?, rest)
    }

    /// Resolves an absolute URL whose origin is not written like that of the base.
    fn other_origin(&self, location: &[u8], after_scheme: &[u8]) -> Option<Target> {
        let slash = after_scheme.iter().position(|byte| *byte == b'/')?;
        let (authority, reference) = after_scheme.split_at(slash);
        // `http::Uri` would end the authority at `?` and `#`, too.
        if authority.iter().any(|byte| matches!(byte, b'?' | b'#')) {
            return None;
        }
        let (_, rest) = split(reference, 0)?;
        let uri = Uri::try_from(location.strip_suffix(rest)?).ok()?;
        let (new, old) = (Origin::plain(&uri)?, Origin::plain(self.uri)?);
        let cross_origin = new != old;
        let downgrade = old.scheme() == Scheme::Https && new.scheme() == Scheme::Http;
        let fragment = fragment(rest);
        let target = Target::new(uri);
        Some(Target { cross_origin, downgrade, fragment, plain_origin: true, ..target })
    }

    /// Resolves a reference that depends on the path of the base.
    fn relative(&self, reference: &[u8]) -> Option<Target> {
        let base = self.uri.path_and_query()?;
        if !matches!(split(base.as_str().as_bytes(), 0), Some((_, []))) {
            return None;
        }
        match reference {
            // An empty reference keeps the query of the base.
            [] | [b'#', ..] => {
                let (_, rest) = split(reference, 0)?;
                self.with_path(base.clone(), rest)
            }
            [b'?', ..] => self.joined(base.path(), reference),
            _ => {
                let (directory, reference) = ascend(base.path(), reference);
                // A colon in the first segment may end a scheme.
                let mut segment =
                    reference.iter().take_while(|byte| !matches!(byte, b'/' | b'?' | b'#'));
                if segment.any(|byte| *byte == b':') {
                    return None;
                }
                self.joined(directory, reference)
            }
        }
    }

    /// Appends a reference to the path of the base, or to one of its directories.
    fn joined(&self, path: &str, reference: &[u8]) -> Option<Target> {
        // `path` ends with a slash, or else `reference` begins with `?`.
        let (reference, rest) = split(reference, b'/')?;
        let joined = Bytes::from([path.as_bytes(), reference].concat());
        self.with_path(PathAndQuery::from_maybe_shared(joined).ok()?, rest)
    }

    /// Replaces path and query of the base. `rest` begins with the `#` of a fragment, or is empty.
    fn with_path(&self, path: PathAndQuery, rest: &[u8]) -> Option<Target> {
        let mut parts = http::uri::Parts::default();
        let authority = self.uri.authority();
        let mut length = path.as_str().len();
        if let Some(authority) = authority {
            let scheme = self.uri.scheme()?;
            length += scheme.as_str().len() + "://".len() + authority.as_str().len();
            // The origin is copied only if it is plain: the parser may change any other.
            if !self.plain_origin {
                Origin::plain(self.uri)?;
            }
            parts.scheme = Some(scheme.clone());
            parts.authority = Some(authority.clone());
        }
        // Not all versions of `http` check the length.
        if length > MAX_URI_LEN {
            return None;
        }
        parts.path_and_query = Some(path);
        let uri = Uri::from_parts(parts).ok()?;
        let (fragment, plain_origin) = (fragment(rest), authority.is_some());
        Some(Target { fragment, plain_origin, ..Target::new(uri) })
    }
}

/// Applies the dot segments at the start of a reference to the base's path (RFC 3986 §5.2.4).
/// Returns the directory that they lead to, which ends with a slash, and the rest of the reference.
fn ascend<'p, 'r>(path: &'p str, mut reference: &'r [u8]) -> (&'p str, &'r [u8]) {
    let mut directory = parent(path);
    loop {
        let is_up = reference.starts_with(b"..");
        reference = match reference {
            [b'.'] | [b'.', b'.'] => &[],
            [b'.', b'/', rest @ ..] | [b'.', b'.', b'/', rest @ ..] => rest,
            _ => return (directory, reference),
        };
        if is_up {
            directory = parent(directory.strip_suffix('/').unwrap_or_default());
        }
    }
}

/// Returns a path up to its last slash. The parent of the root is the root (RFC 3986 §5.2.4).
fn parent(path: &str) -> &str {
    path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or("/")
}

/// Splits a reference, which has no scheme and no authority, before the `#` of its fragment. `None` if the
/// parser may change one of its bytes. `previous` is the byte before the reference, or 0.
fn split(reference: &[u8], mut previous: u8) -> Option<(&[u8], &[u8])> {
    let mut in_query = false;
    let end = reference.iter().copied().position(|byte| {
        let plain = PLAIN_PATH.contains(byte)
            || match byte {
                // After a slash, `/` may begin an authority, and `.` or `%2e` a dot segment.
                b'/' | b'.' | b'%' => in_query || previous != b'/',
                b'?' => {
                    in_query = true;
                    true
                }
                // The parser encodes `'` in a query, but not in a path.
                b'\'' => !in_query,
                _ => false,
            };
        previous = byte;
        !plain
    });
    let (path, rest) = reference.split_at_checked(end.unwrap_or(reference.len()))?;
    match rest {
        [] => Some((path, rest)),
        [b'#', fragment @ ..] if fragment.iter().all(|byte| PLAIN_FRAGMENT.contains(*byte)) => {
            Some((path, rest))
        }
        _ => None,
    }
}

/// Returns the fragment without its `#`, from the second part that `split` returns.
fn fragment(rest: &[u8]) -> Option<Arc<str>> {
    std::str::from_utf8(rest.strip_prefix(b"#")?).ok().map(Arc::from)
}

/// Letters, digits and other bytes that the parser changes neither in paths nor in queries.
static PLAIN_PATH: ByteSet = ByteSet::alphanumeric_and(b"-_~!$&()*+,;=:@");

/// Letters, digits and other bytes that the parser does not change in fragments.
static PLAIN_FRAGMENT: ByteSet = ByteSet::alphanumeric_and(b"-_~!$&()*+,;=:@/?.%'");
