use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use http::{HeaderName, HeaderValue};

use super::check::{check_can_be_retired, check_version};
use super::retirement::{RetiredVersion, Retirement, Stage};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::policy::clock::Clock;
use crate::policy::{Annotation, Decision, RedirectPolicy, pass_because};
use crate::redirection::Redirection;

/// Redirects retired versions in the query to the current one: `?api-version=1` to `?api-version=2`.
///
/// Rules, in order:
///
/// 1. CORS preflights pass. So does a request without the parameter, and one that has it more than once:
///    the application answers them.
/// 2. The current version passes, and so does one that was not declared.
/// 3. A retired version gets a 307 to the same URL with the current version in its place, or the answer
///    of its [`Retirement`]. With [`get_and_head_only`](Self::get_and_head_only) only GET and HEAD are
///    redirected, and other methods get 410 with a `Link` to the successor.
///
/// Pitfalls: the names of the parameter and of versions are compared as they are written: they are
/// case-sensitive and not decoded. Use [`when`](RedirectPolicy::when) to limit the policy to the paths of
/// an API.
///
/// ```
/// use http::Request;
/// use tower_redirect::{Decision, QueryVersioning, RedirectPolicy, RequestHead};
///
/// let policy = QueryVersioning::new("api-version", "2")?.retire("1")?;
/// for (uri, location) in [
///     ("/orders?api-version=1&id=7", Some("/orders?api-version=2&id=7")),
///     ("/orders?api-version=2", None),
///     ("/orders", None),
/// ] {
///     let request = Request::post(uri).body(())?;
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
pub struct QueryVersioning {
    parameter: Box<str>,
    current: Arc<str>,
    retired: Vec<RetiredVersion>,
    get_and_head_only: bool,
    report_versions: bool,
    clock: Clock,
}

impl QueryVersioning {
    /// Creates a policy for versions in the query parameter `parameter`. Requests for `current` pass.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Version`](crate::ConfigErrorKind::Version) if `parameter` or
    /// `current` is empty, is `.` or `..`, or holds a character other than letters, digits and `-._~`.
    pub fn new(parameter: &str, current: &str) -> Result<Self, ConfigError> {
        if check_version(parameter).is_err() {
            let reason = "a parameter's name holds letters, digits and `-._~`";
            return Err(ConfigError::version(parameter, reason));
        }
        check_version(current)?;
        Ok(Self {
            parameter: parameter.into(),
            current: current.into(),
            retired: Vec::new(),
            get_and_head_only: false,
            report_versions: false,
            clock: Clock::default(),
        })
    }

    /// Redirects requests for this version to the current one, from now on.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Version`](crate::ConfigErrorKind::Version) if `version` is not
    /// valid, is the current one, or was retired already.
    pub fn retire(mut self, version: &str) -> Result<Self, ConfigError> {
        check_can_be_retired(version, *version == *self.current, &self.retired)?;
        self.retired.push(RetiredVersion::moved(version));
        Ok(self)
    }

    /// Retires this version on the dates of `plan`.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Versioning::retire_by`](crate::Versioning::retire_by).
    pub fn retire_by(mut self, version: &str, plan: Retirement) -> Result<Self, ConfigError> {
        check_can_be_retired(version, *version == *self.current, &self.retired)?;
        self.retired.push(RetiredVersion::by_plan(version, plan)?);
        Ok(self)
    }

    /// Redirects only GET and HEAD. Other methods of a version that moved get 410.
    pub fn get_and_head_only(mut self) -> Self {
        self.get_and_head_only = true;
        self
    }

    /// Adds `api-supported-versions` to every answer but a refusal because of the host or the forwarded
    /// headers, and `api-deprecated-versions` if a version is deprecated, as ASP.NET's API versioning does.
    /// A deprecated version is named only in the latter.
    pub fn report_versions(mut self) -> Self {
        self.report_versions = true;
        self
    }

    /// Replaces the system's clock, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// Returns the retired version that the query names, and the query with the current version in its place.
    fn replace(&self, query: &str) -> Option<(&RetiredVersion, String)> {
        let pairs = query.split('&');
        let mut versions =
            pairs.clone().filter_map(|pair| pair.strip_prefix(&*self.parameter)?.strip_prefix('='));
        let (Some(version), None) = (versions.next(), versions.next()) else { return None };
        let retired = self.retired.iter().find(|retired| retired.name() == version)?;
        let old = format!("{}={version}", self.parameter);
        let new = format!("{}={}", self.parameter, self.current);
        let pairs: Vec<&str> = pairs.map(|pair| if pair == old { &new } else { pair }).collect();
        Some((retired, pairs.join("&")))
    }
}

impl RedirectPolicy for QueryVersioning {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if head.is_preflight() {
            return Decision::Pass;
        }
        match head.query().and_then(|query| self.replace(query)) {
            Some((version, query)) => {
                let to = Redirection::new().query(query);
                version.decide(&self.clock, self.get_and_head_only, head, to)
            }
            None => pass_because(
                head,
                "its query names no retired version, or has the parameter more than once",
            ),
        }
    }

    fn annotate(&self, _: &RequestHead<'_>) -> Option<Annotation> {
        if !self.report_versions {
            return None;
        }
        let (mut supported, mut deprecated) = (Vec::new(), Vec::new());
        for retired in &self.retired {
            match retired.stage(&self.clock) {
                Stage::Served => supported.push(retired.name()),
                Stage::Deprecated => deprecated.push(retired.name()),
                Stage::Moved | Stage::MovedPermanently(_) | Stage::Gone => {}
            }
        }
        supported.push(&self.current);
        let value = |versions: Vec<&str>| HeaderValue::try_from(versions.join(", ")).ok();
        let annotation = Annotation::new(SUPPORTED, value(supported)?);
        if deprecated.is_empty() {
            return Some(annotation);
        }
        Some(annotation.and(Annotation::new(DEPRECATED, value(deprecated)?)))
    }

    fn name(&self) -> Cow<'static, str> {
        "query-versions".into()
    }
}

const SUPPORTED: HeaderName = HeaderName::from_static("api-supported-versions");
const DEPRECATED: HeaderName = HeaderName::from_static("api-deprecated-versions");
