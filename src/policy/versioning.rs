use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};

use super::exempt::{is_ambiguous, is_below};
use super::{Decision, RedirectPolicy, text_response};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::redirection::Redirection;

/// Versions in paths: retired ones and unversioned requests are sent to the current one.
///
/// Rules, in order, for a path below the prefix (`/apis` is not below `/api`):
///
/// 1. The next segment is a version if it was declared, or is `v` and digits (`v1`, `v1.2`).
/// 2. The current version passes, and so does one that looks like a version and was not declared:
///    the application answers for it.
/// 3. A retired version gets a 307 to the same path under the current one.
///    [`retire`](Self::retire) is your word that it accepts every old request unchanged; with
///    [`safe_only`](Self::safe_only) only GET and HEAD move, and others get 410 with a `Link` to
///    their successor.
/// 4. Everything else is unversioned: 307 to the current version, `/api` to `/api/v2`.
/// 5. A CORS preflight passes, and so does a path with an empty or dot segment, `%2e`, `%2f`, `%5c`
///    or `\`: what is meant by it is for the application to say.
///
/// Pitfall: versions are compared with case; `V1` is unversioned.
///
/// ```
/// use http::Request;
/// use tower_redirect::{Decision, RedirectPolicy, RequestHead, Versioning};
///
/// let policy = Versioning::new("/api", "v2")?.retire("v1")?;
/// for (path, location) in [
///     ("/api/v1/orders?id=7", Some("/api/v2/orders?id=7")),
///     ("/api/orders", Some("/api/v2/orders")),
///     ("/api/v2/orders", None),
///     ("/apis/v1", None),
/// ] {
///     let request = Request::post(path).body(())?;
///     let head = RequestHead::from(&request);
///     let seen = match policy.decide(&head) {
///         Decision::Redirect(to) => to.location_for(&head),
///         _ => None,
///     };
///     assert_eq!(seen.as_ref().map(|seen| seen.as_bytes()), location.map(str::as_bytes));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Versioning {
    prefix: Box<str>,
    current: Arc<str>,
    /// `/` and the current version, for where none was.
    inserted: Arc<str>,
    retired: Vec<Box<str>>,
    safe_only: bool,
}

/// What a path is under a [`Versioning`].
enum Seen<'a> {
    /// Not ours, the current version, or for the application to judge.
    Other,
    /// A version of ours, and where it stands.
    Version { segment: &'a str, start: usize },
    /// None, and where it would stand.
    Unversioned { at: usize },
}

impl Versioning {
    /// Versions are the first segment below `prefix` (`/api`; `/` for the root); `current` is the
    /// one that serves.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Path`] if `prefix` is no path, [`ConfigError::Version`] if `current` is not
    /// one plain segment.
    pub fn new(prefix: &str, current: &str) -> Result<Self, ConfigError> {
        let trimmed = prefix.strip_suffix('/').unwrap_or(prefix);
        if !prefix.starts_with('/') || prefix.contains(['?', '#']) {
            return Err(ConfigError::path(prefix, "a path starts with `/` and has no query"));
        }
        if !trimmed.is_empty() && is_ambiguous(trimmed) {
            return Err(ConfigError::path(prefix, "an empty or dot segment never matches"));
        }
        segment(current)?;
        Ok(Self {
            prefix: trimmed.into(),
            current: current.into(),
            inserted: format!("/{current}").into(),
            retired: Vec::new(),
            safe_only: false,
        })
    }

    /// Sends requests of this version to the current one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Version`] if it is not one plain segment, or is the current version.
    pub fn retire(mut self, version: &str) -> Result<Self, ConfigError> {
        segment(version)?;
        if *version == *self.current {
            return Err(ConfigError::version(version, "the current version cannot be retired"));
        }
        self.retired.push(version.into());
        Ok(self)
    }

    /// Moves only GET and HEAD of retired versions; other methods get 410 with a `Link` to the
    /// successor, since nobody vouches for their bodies.
    pub fn safe_only(mut self) -> Self {
        self.safe_only = true;
        self
    }

    fn see<'a>(&self, path: &'a str) -> Seen<'a> {
        let at = self.prefix.len();
        let Some(rest) = path.get(at..).filter(|_| is_below(path, &self.prefix)) else {
            return Seen::Other;
        };
        let rest = rest.get(1..).unwrap_or_default();
        let end = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        let segment = rest.get(..end).unwrap_or_default();
        if *segment == *self.current {
            return Seen::Other;
        }
        // One trailing slash is an empty last segment that everyone reads alike.
        let judged = path.strip_suffix('/').unwrap_or(path);
        if !judged.is_empty() && is_ambiguous(judged) {
            return Seen::Other;
        }
        let declared = self.retired.iter().any(|version| **version == *segment);
        if declared || is_version_shaped(segment) {
            Seen::Version { segment, start: at + 1 }
        } else {
            Seen::Unversioned { at }
        }
    }

    fn gone(&self, head: &RequestHead<'_>, to: &Redirection) -> Response<Bytes> {
        let mut response = text_response(StatusCode::GONE, "this version was retired\n");
        let link = to.location_for(head).and_then(|location| {
            let target = location.to_str().ok()?;
            HeaderValue::try_from(format!("<{target}>; rel=\"successor-version\"")).ok()
        });
        if let Some(link) = link {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

impl RedirectPolicy for Versioning {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if head.is_preflight() {
            return Decision::Pass;
        }
        match self.see(head.path()) {
            Seen::Version { segment, start } => {
                if !self.retired.iter().any(|version| **version == *segment) {
                    return Decision::Pass;
                }
                let end = start + segment.len();
                let to = Redirection::new().splice_path(start, end, self.current.clone());
                if self.safe_only && !matches!(*head.method(), Method::GET | Method::HEAD) {
                    return Decision::Respond(self.gone(head, &to));
                }
                Decision::Redirect(to)
            }
            Seen::Unversioned { at } => {
                Decision::Redirect(Redirection::new().splice_path(at, at, self.inserted.clone()))
            }
            Seen::Other => Decision::Pass,
        }
    }
}

/// `v`, digits, and more digits after dots.
fn is_version_shaped(segment: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    segment.strip_prefix('v').is_some_and(|numbers| numbers.split('.').all(digits))
}

/// One segment that reads the same everywhere: unreserved characters (RFC 3986 §2.3), no dot
/// segment.
fn segment(version: &str) -> Result<(), ConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if version.is_empty() || matches!(version, "." | "..") || !version.bytes().all(plain) {
        return Err(ConfigError::version(version, "a version is one plain path segment"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[track_caller]
    fn assert_location(policy: &Versioning, path: &str, expected: Option<&str>) {
        let request = Request::get(path).body(()).expect(path);
        let head = RequestHead::from(&request);
        let location = match policy.decide(&head) {
            Decision::Redirect(to) => to.location_for(&head),
            _ => None,
        };
        assert_eq!(location.as_ref().map(|l| l.to_str().expect("ascii")), expected, "{path}");
    }

    #[test]
    fn paths() {
        let policy = Versioning::new("/api", "v2").and_then(|p| p.retire("v1")).expect("valid");
        let policy = policy.retire("beta").expect("valid");
        for (path, expected) in [
            ("/", None),
            ("/apis", None),
            ("/apis/v1", None),
            ("/api", Some("/api/v2")),
            ("/api?q", Some("/api/v2?q")),
            ("/api/", Some("/api/v2/")),
            ("/api/vendors", Some("/api/v2/vendors")),
            ("/api/v", Some("/api/v2/v")),
            ("/api/v1", Some("/api/v2")),
            ("/api/v1/", Some("/api/v2/")),
            ("/api/v1/x?a=/api/v1", Some("/api/v2/x?a=/api/v1")),
            ("/api/beta/x", Some("/api/v2/x")),
            ("/api/v10/x", None),
            ("/api/v9/x", None),
            ("/api/v1.2/x", None),
            ("/api/v2/x", None),
            ("/api/v2", None),
            ("/api/V1/x", Some("/api/v2/V1/x")),
            ("/api//v1/x", None),
            ("/api/v1//x", None),
            ("/api/../v1", None),
            ("/api/v1/../x", None),
            ("/api/%2e%2e/x", None),
            ("/api/v1%2fx", None),
            ("//api/v1", None),
            ("/x/api/v1", None),
        ] {
            assert_location(&policy, path, expected);
        }
    }

    #[test]
    fn at_the_root() {
        let policy = Versioning::new("/", "v2").and_then(|p| p.retire("v1")).expect("valid");
        assert_location(&policy, "/v1/x", Some("/v2/x"));
        assert_location(&policy, "/x", Some("/v2/x"));
        assert_location(&policy, "/", Some("/v2/"));
        assert_location(&policy, "/v2", None);
        assert_location(&policy, "//evil.example/x", None);
    }

    #[test]
    fn bad_configuration_is_refused() {
        for prefix in ["", "api", "//", "/a/../b", "/a?b", "/a//b"] {
            assert!(Versioning::new(prefix, "v2").is_err(), "{prefix}");
        }
        for version in ["", ".", "..", "v1/x", "v 1", "v%31", "v1?"] {
            assert!(Versioning::new("/api", version).is_err(), "{version}");
        }
        let policy = Versioning::new("/api", "v2").expect("valid");
        assert!(policy.clone().retire("v2").is_err());
        assert!(policy.retire("v1").is_ok());
    }

    #[test]
    fn safe_only_names_the_successor() {
        let policy = Versioning::new("/api", "v2").and_then(|p| p.retire("v1")).expect("valid");
        let policy = policy.safe_only();
        let request = Request::post("/api/v1/orders?a").body(()).expect("valid");
        let Decision::Respond(response) = policy.decide(&RequestHead::from(&request)) else {
            panic!("moved");
        };
        assert_eq!(response.status(), StatusCode::GONE);
        let link = "</api/v2/orders?a>; rel=\"successor-version\"";
        assert_eq!(response.headers()[header::LINK], link);
        assert_location(&policy, "/api/v1/orders", Some("/api/v2/orders"));
    }
}
