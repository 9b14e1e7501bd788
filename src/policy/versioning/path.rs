use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::check::{check_can_be_retired, check_version};
use super::retirement::{RetiredVersion, Retirement};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::policy::clock::Clock;
use crate::policy::{Decision, RedirectPolicy, pass_because};
use crate::redirection::Redirection;
use crate::uri::{
    is_ambiguous, is_well_known, length_of_prefix, normalize, without_trailing_slash,
};

/// Redirects retired and unversioned paths to the current version.
///
/// Paths other than the prefix and those below it pass (`/apis` is not below `/api`). The segment after the
/// prefix is a version if it was declared, if it is `v` and digits (`v1`, `v1.2`), or if the function given
/// to [`recognize`](Self::recognize) returns `true`. Rules, in order:
///
/// 1. A CORS preflight passes, and so does the current version.
/// 2. A path with an empty or dot segment, `%2e`, `%2f`, `%5c` or `\` passes: the application may read
///    it as another path. A slash at the end is allowed.
/// 3. A retired version gets a 307 to the same path under the current version, or the answer of its
///    [`Retirement`]. Use [`retire`](Self::retire) if the current version accepts every old request
///    unchanged. With [`get_and_head_only`](Self::get_and_head_only), only GET and HEAD are redirected,
///    and other methods get 410 with a `Link` to the successor.
/// 4. A version that was not declared passes, and the application answers the request.
/// 5. Every other path is unversioned, and gets a 307 to the current version: `/api` to `/api/v2`. If the
///    prefix is `/`, paths below `/.well-known/` pass (RFC 8615).
///
/// Pitfalls: versions are case-sensitive; `V1` is unversioned. A script of another origin can follow a
/// redirection only if the response carries CORS headers, so the CORS layer has to be the outermost:
/// `.layer(redirects).layer(cors)` on an axum `Router`, `.layer(cors).layer(redirects)` on a
/// `ServiceBuilder`.
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
#[derive(Clone)]
#[must_use]
pub struct Versioning {
    prefix: Box<str>,
    current: Arc<str>,
    /// `/` and the current version, to be inserted into unversioned paths.
    inserted: Arc<str>,
    retired: Vec<RetiredVersion>,
    get_and_head_only: bool,
    recognize: Option<Arc<Recognize>>,
    clock: Clock,
}

type Recognize = dyn Fn(&str) -> bool + Send + Sync;

/// The version in a path, by the rules of a [`Versioning`].
pub(super) enum PathVersion<'a> {
    /// The path is not below the prefix, is ambiguous, or is a well-known URI.
    OutOfScope,
    /// The current version, or one that was not declared.
    Served,
    /// A retired version, at the bytes from `start` to `end` of the path.
    Retired { version: &'a RetiredVersion, start: usize, end: usize },
    /// No version; one can be inserted at byte `at` of the path.
    Unversioned { at: usize },
}

impl Versioning {
    /// Creates a policy for versions in the first segment below `prefix` (`/api`; `/` for the root).
    /// Requests for `current` pass.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) if `prefix` is not a path, holds
    /// `*`, `{` or `}`, or could never match, and one of kind
    /// [`Version`](crate::ConfigErrorKind::Version) if `current` is not valid. A version holds letters,
    /// digits and `-._~`, and is not `.` or `..`.
    pub fn new(prefix: &str, current: &str) -> Result<Self, ConfigError> {
        let refuse = |reason| Err(ConfigError::path(prefix, reason));
        let trimmed = without_trailing_slash(prefix);
        if !prefix.starts_with('/') || prefix.contains(['?', '#']) {
            return refuse("a prefix starts with `/` and has no query and no fragment");
        }
        if prefix.contains(['*', '{', '}']) {
            return refuse("there are no wildcards in a prefix");
        }
        if is_ambiguous(trimmed) {
            return refuse("an empty or dot segment, `%2e`, `%2f`, `%5c` and `\\` never match");
        }
        if !prefix.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("percent-encode spaces, control bytes and non-ASCII characters");
        }
        check_version(current)?;
        Ok(Self {
            prefix: normalize(trimmed).into(),
            current: current.into(),
            inserted: format!("/{current}").into(),
            retired: Vec::new(),
            get_and_head_only: false,
            recognize: None,
            clock: Clock::default(),
        })
    }

    /// Redirects requests for this version to the current one, from now on.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Version`](crate::ConfigErrorKind::Version) if `version` is not valid, is
    /// the current version, or was retired already.
    pub fn retire(mut self, version: &str) -> Result<Self, ConfigError> {
        check_can_be_retired(version, *version == *self.current, &self.retired)?;
        self.retired.push(RetiredVersion::moved(version));
        Ok(self)
    }

    /// Retires this version on the dates of `plan`.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`retire`](Self::retire), and one of kind
    /// [`Dates`](crate::ConfigErrorKind::Dates) if the stages are out of order, if two of them begin at the
    /// same time, or if a date is outside of the years 1970 to 9999.
    pub fn retire_by(mut self, version: &str, plan: Retirement) -> Result<Self, ConfigError> {
        check_can_be_retired(version, *version == *self.current, &self.retired)?;
        self.retired.push(RetiredVersion::by_plan(version, plan)?);
        Ok(self)
    }

    /// Recognizes further segments as versions, such as dates or code names, in addition to `v` and
    /// digits.
    ///
    /// A version that is recognized and was not declared passes, and the application answers the request.
    pub fn recognize(mut self, is_version: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.recognize = Some(Arc::new(is_version));
        self
    }

    /// Replaces the system's clock, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// Redirects only GET and HEAD of retired versions. Other methods get 410 with a `Link` to the
    /// successor, for versions whose bodies the successor may not accept.
    pub fn get_and_head_only(mut self) -> Self {
        self.get_and_head_only = true;
        self
    }

    /// Finds the version in `path`.
    pub(super) fn locate(&self, path: &str) -> PathVersion<'_> {
        let Some(at) = length_of_prefix(path, &self.prefix) else {
            return PathVersion::OutOfScope;
        };
        let rest = path.get(at + 1..).unwrap_or_default();
        let length = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        let segment = rest.get(..length).unwrap_or_default();
        if *segment == *self.current {
            return PathVersion::Served;
        }
        if is_ambiguous(without_trailing_slash(path)) {
            return PathVersion::OutOfScope;
        }
        // `v%31` is `v1` (RFC 3986 §6.2.2.2).
        let segment = normalize(segment);
        if *segment == *self.current {
            return PathVersion::Served;
        }
        if let Some(version) = self.retired.iter().find(|retired| retired.name() == segment) {
            let start = at + 1;
            return PathVersion::Retired { version, start, end: start + length };
        }
        let is_recognized = || self.recognize.as_ref().is_some_and(|recognize| recognize(&segment));
        if is_v_and_digits(&segment) || !segment.is_empty() && is_recognized() {
            PathVersion::Served
        } else if is_well_known(path) && self.prefix.is_empty() {
            PathVersion::OutOfScope
        } else {
            PathVersion::Unversioned { at }
        }
    }

    /// Returns the redirection to the same path with the current version inserted.
    pub(super) fn insert(&self, at: usize) -> Redirection {
        Redirection::new().splice_path(at, at, self.inserted.clone())
    }
}

impl RedirectPolicy for Versioning {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if head.is_preflight() {
            return Decision::Pass;
        }
        match self.locate(head.path()) {
            PathVersion::Retired { version, start, end } => {
                let to = Redirection::new().splice_path(start, end, self.current.clone());
                version.decide(&self.clock, self.get_and_head_only, head, to)
            }
            PathVersion::Unversioned { at } => {
                head.because("the path names no version");
                Decision::Redirect(self.insert(at))
            }
            PathVersion::Served => pass_because(
                head,
                "the path names the current version, or one that was not declared",
            ),
            PathVersion::OutOfScope => pass_because(
                head,
                "its path is not below the prefix, is a well-known uri, or is read differently by servers",
            ),
        }
    }

    fn name(&self) -> Cow<'static, str> {
        "versions".into()
    }
}

impl fmt::Debug for Versioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versioning")
            .field("prefix", &self.prefix)
            .field("current", &self.current)
            .field("retired", &self.retired)
            .field("get_and_head_only", &self.get_and_head_only)
            .field("recognize", &self.recognize.is_some())
            .finish()
    }
}

/// Returns whether `segment` is `v` and numbers with dots between them: `v1`, `v1.2`.
fn is_v_and_digits(segment: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    segment.strip_prefix('v').is_some_and(|numbers| numbers.split('.').all(digits))
}

#[cfg(test)]
mod tests {
    use http::{Request, StatusCode, header};

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
    fn versions_in_paths() {
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
            // The same path in another spelling (RFC 3986 §6.2.2.2).
            ("/%61pi/v%31/x", Some("/%61pi/v2/x")),
            ("/%61pi/x", Some("/%61pi/v2/x")),
            ("/%61pi/v2/x", None),
            ("/%61pis/v1", None),
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
        assert_location(&policy, "/.well-known/acme-challenge/token", None);
        let below = Versioning::new("/.well-known", "v2").expect("valid");
        assert_location(&below, "/.well-known/x", Some("/.well-known/v2/x"));
    }

    #[test]
    fn a_prefix_of_bytes_that_are_percent_encoded() {
        let policy = Versioning::new("/a|b", "v2").and_then(|p| p.retire("v1")).expect("valid");
        assert_location(&policy, "/a|b/v1/x", Some("/a%7Cb/v2/x"));
        assert_location(&policy, "/a%7cb/v1/x", Some("/a%7cb/v2/x"));
        assert_location(&policy, "/a|b/x", Some("/a%7Cb/v2/x"));
        assert_location(&policy, "/a|c/v1/x", None);
    }

    #[test]
    fn bad_configuration_is_refused() {
        for prefix in ["", "api", "//", "/a/../b", "/a?b", "/a//b", "/*", "/{tenant}"] {
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
    fn get_and_head_only_names_the_successor() {
        let policy = Versioning::new("/api", "v2").and_then(|p| p.retire("v1")).expect("valid");
        let policy = policy.get_and_head_only();
        let request = Request::post("/api/v1/orders?a").body(()).expect("valid");
        let Decision::Respond(response) = policy.decide(&RequestHead::from(&request)) else {
            panic!("moved");
        };
        assert_eq!(response.status(), StatusCode::GONE);
        let link = "</api/v2/orders?a>; rel=\"successor-version\"";
        assert_eq!(response.headers()[header::LINK], link);
        assert_location(&policy, "/api/v1/orders", Some("/api/v2/orders"));
        // `%31` is `1`, `%76` is `v`.
        assert_location(&policy, "/api/v%31/orders", Some("/api/v2/orders"));
        assert_location(&policy, "/api/%762/orders", None);
    }
}
