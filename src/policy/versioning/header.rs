use std::borrow::Cow;
use std::time::SystemTime;

use http::{HeaderName, StatusCode, header};

use super::check::{check_can_be_retired, check_version};
use super::path::{PathVersion, Versioning};
use super::retirement::{RetiredVersion, Retirement, Stage};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::policy::clock::Clock;
use crate::policy::{Decision, RedirectPolicy, pass_because};
use crate::quoted::split;

/// Retires versions that a header names: `Api-Version: 1`, or `Accept: application/vnd.shop.v1+json`.
///
/// A `Location` cannot change a header, so a retired version is served until it is refused. Requests
/// for it can be redirected only to a path that carries the version: see [`in_path`](Self::in_path).
///
/// Rules, in order:
///
/// 1. A request passes if it lacks the header, if the header lacks the configured media type, if
///    [`in_path`](Self::in_path) is set and the path carries a version, or if the request is a CORS
///    preflight.
/// 2. A served version passes. The answer for a retired one depends on the stage of its [`Retirement`]:
///    headers are added for a deprecated version, then 307 or 308 is sent, then 410. In the stages that
///    redirect, a request whose path cannot carry the version passes, with the headers of a deprecated
///    version.
/// 3. `Accept` is a list of alternatives. The request passes if one of them is served, names no version, or
///    is another media type. Otherwise the retired version at the earliest stage determines the answer, with
///    406 in place of 410, because the client can ask for another media type (RFC 9110 §15.5.7).
/// 4. A version that was not declared gets 400, and so does a header with several values. In `Accept`,
///    undeclared versions get 406 if nothing else is offered.
///
/// Pitfalls: the layer sets `Vary` on its own answers. If the application's answer depends on the
/// header, the application has to set `Vary` itself. With [`accept`](Self::accept), every media type
/// that continues the configured one with a dot names a version: for `application/vnd.shop`,
/// `application/vnd.shop.invoice+json` asks for the version `invoice`, and gets 406.
///
/// ```
/// use std::time::SystemTime;
///
/// use http::Request;
/// use tower_redirect::{Decision, HeaderVersioning, RedirectPolicy, RequestHead, Retirement};
///
/// let ended = Retirement::new().gone(SystemTime::UNIX_EPOCH);
/// let policy = HeaderVersioning::header("api-version", ["2"])?.retire_by("1", ended)?;
/// for (version, status) in [("2", None), ("1", Some(410)), ("7", Some(400))] {
///     let request = Request::get("/orders").header("api-version", version).body(())?;
///     let seen = match policy.decide(&RequestHead::from(&request)) {
///         Decision::Respond(response) => Some(response.status().as_u16()),
///         _ => None,
///     };
///     assert_eq!(seen, status);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HeaderVersioning {
    source: Source,
    served: Vec<Box<str>>,
    retired: Vec<RetiredVersion>,
    /// The paths that retired versions are redirected to.
    in_path: Option<Versioning>,
    clock: Clock,
}

/// The header that carries the version.
#[derive(Clone, Debug)]
enum Source {
    Header(HeaderName),
    /// `type/subtype`, in lower case.
    Accept(Box<str>),
}

/// The version in a request's header.
enum HeaderVersion<'a> {
    /// A version that is served, no version, or another media type.
    ServedOrNone,
    Retired(&'a RetiredVersion),
    /// Not declared, not readable, or several.
    Unknown,
}

impl HeaderVersioning {
    /// Creates a policy for versions in the header `name`. Requests for the versions in `served` pass.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`HeaderName`](crate::ConfigErrorKind::HeaderName) if `name` is not
    /// a header name, and one of kind [`Version`](crate::ConfigErrorKind::Version) if `served` is empty or
    /// holds an invalid version. A version holds letters, digits and `-._~`, and is not `.` or `..`.
    pub fn header<I>(name: &str, served: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let name = HeaderName::try_from(name)
            .map_err(|_| ConfigError::header_name(name, "not a header name"))?;
        Self::new(Source::Header(name), served)
    }

    /// Creates a policy for versions in a media type of `Accept`. Requests for the versions in `served` pass.
    ///
    /// For `application/vnd.shop`, the version is the `v2` of `application/vnd.shop.v2+json`, or the `2`
    /// of `application/vnd.shop+json; version=2`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Version`](crate::ConfigErrorKind::Version) if `media_type` is not of the
    /// form `type/subtype`, or has a `*` or a suffix such as `+json`, or if `served` is empty or holds an
    /// invalid version. A version holds letters, digits and `-._~`, and is not `.` or `..`.
    pub fn accept<I>(media_type: &str, served: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let token = |part: &str| HeaderName::try_from(part).is_ok() && !part.contains(['*', '+']);
        if !media_type.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub)) {
            let reason = "a media type is written `type/subtype`, without a suffix such as `+json`";
            return Err(ConfigError::version(media_type, reason));
        }
        Self::new(Source::Accept(media_type.to_ascii_lowercase().into()), served)
    }

    fn new<I>(source: Source, served: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let served: Vec<Box<str>> =
            served.into_iter().map(|version| version.as_ref().into()).collect();
        if served.is_empty() {
            return Err(ConfigError::version("", "at least one version has to be served"));
        }
        served.iter().try_for_each(|version| check_version(version))?;
        let clock = Clock::default();
        Ok(Self { source, served, retired: Vec::new(), in_path: None, clock })
    }

    /// Redirects requests for retired versions to paths that carry `version`: from `/api/orders` to
    /// `/api/v2/orders`, for the prefix `/api` and the version `v2`.
    ///
    /// A path that already carries a version passes, whatever the header contains. Only `version` itself,
    /// and `v` and digits (`v1`, `v1.2`), are recognized as versions in a path.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Versioning::new`].
    pub fn in_path(mut self, prefix: &str, version: &str) -> Result<Self, ConfigError> {
        self.in_path = Some(Versioning::new(prefix, version)?);
        Ok(self)
    }

    /// Retires this version on the dates of `plan`. Call [`in_path`](Self::in_path) first if `plan` has
    /// stages that redirect.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Version`](crate::ConfigErrorKind::Version) if `version` is invalid, is
    /// served, was retired already, or would be redirected without [`in_path`](Self::in_path), and one of
    /// kind [`Dates`](crate::ConfigErrorKind::Dates)
    /// in the same cases as [`Versioning::retire_by`].
    pub fn retire_by(mut self, version: &str, plan: Retirement) -> Result<Self, ConfigError> {
        let is_served = self.served.iter().any(|served| **served == *version);
        check_can_be_retired(version, is_served, &self.retired)?;
        if plan.redirects() && self.in_path.is_none() {
            let reason = "a redirection cannot change a header: set its path with `in_path`";
            return Err(ConfigError::version(version, reason));
        }
        self.retired.push(RetiredVersion::by_plan(version, plan)?);
        Ok(self)
    }

    /// Replaces the system's clock, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    fn classify(&self, version: &str) -> HeaderVersion<'_> {
        self.find(|name| name == version)
    }

    /// Returns the version whose name `matches`.
    fn find(&self, matches: impl Fn(&str) -> bool) -> HeaderVersion<'_> {
        if self.served.iter().any(|served| matches(served)) {
            return HeaderVersion::ServedOrNone;
        }
        self.retired
            .iter()
            .find(|retired| matches(retired.name()))
            .map_or(HeaderVersion::Unknown, HeaderVersion::Retired)
    }

    /// Returns the version in a subtype. Case is ignored (RFC 9110 §8.3.1), but a version in the same case
    /// comes first.
    fn classify_subtype(&self, version: &str) -> HeaderVersion<'_> {
        match self.classify(version) {
            HeaderVersion::Unknown => self.find(|name| name.eq_ignore_ascii_case(version)),
            found => found,
        }
    }

    fn find_in_header(&self, name: &HeaderName, head: &RequestHead<'_>) -> HeaderVersion<'_> {
        let mut values = head.header_all(name.clone());
        match (values.next(), values.next()) {
            (None, _) => HeaderVersion::ServedOrNone,
            (Some(value), None) => {
                value.to_str().map_or(HeaderVersion::Unknown, |text| self.classify(text.trim()))
            }
            (Some(_), Some(_)) => HeaderVersion::Unknown,
        }
    }

    /// Returns the best version that `Accept` offers: a served one, or else the retired one at the
    /// earliest stage, or else an unknown one. Returns [`HeaderVersion::ServedOrNone`] also if `Accept`
    /// offers another media type, or the configured one without a version, or nothing, or is not a valid
    /// list.
    fn find_in_accept(&self, media_type: &str, head: &RequestHead<'_>) -> HeaderVersion<'_> {
        let mut earliest: Option<(Stage, &RetiredVersion)> = None;
        let mut otherwise = HeaderVersion::ServedOrNone;
        for line in head.header_all(header::ACCEPT) {
            // An `Accept` that is not a valid list is left to the application.
            let Ok(line) = line.to_str() else { return HeaderVersion::ServedOrNone };
            for range in split(line, b',') {
                let Ok(range) = range else { return HeaderVersion::ServedOrNone };
                let offered = match offer(range, media_type) {
                    Offer::Refused => continue,
                    Offer::Other => return HeaderVersion::ServedOrNone,
                    Offer::Subtype(version) => self.classify_subtype(version),
                    Offer::Parameter(version) => self.classify(version),
                };
                match offered {
                    HeaderVersion::Retired(retired) => {
                        let stage = retired.stage(&self.clock);
                        if earliest.is_none_or(|(earliest, _)| stage < earliest) {
                            earliest = Some((stage, retired));
                        }
                    }
                    HeaderVersion::Unknown => otherwise = HeaderVersion::Unknown,
                    served => return served,
                }
            }
        }
        earliest.map_or(otherwise, |(_, retired)| HeaderVersion::Retired(retired))
    }
}

impl RedirectPolicy for HeaderVersioning {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        let to = match self.in_path.as_ref().map(|paths| (paths, paths.locate(head.path()))) {
            Some((_, PathVersion::Served)) => {
                return pass_because(head, "its path carries a version");
            }
            Some((paths, PathVersion::Unversioned { at })) => Some(paths.insert(at)),
            _ => None,
        };
        if head.is_preflight() {
            return Decision::Pass;
        }
        let (version, refusal) = match &self.source {
            Source::Header(name) => (self.find_in_header(name, head), StatusCode::BAD_REQUEST),
            Source::Accept(media) => (self.find_in_accept(media, head), StatusCode::NOT_ACCEPTABLE),
        };
        let retired = match version {
            HeaderVersion::ServedOrNone => {
                return pass_because(head, "it names a version that is served, or none");
            }
            HeaderVersion::Unknown => {
                head.because("it names a version that was not declared, or several");
                return Decision::text(refusal, "no such version\n");
            }
            HeaderVersion::Retired(retired) => retired,
        };
        let stage = retired.stage(&self.clock);
        retired.explain(stage, head);
        match &self.source {
            Source::Accept(_) if stage == Stage::Gone => {
                Decision::text(refusal, "this version was retired\n")
            }
            _ => retired.decide_at(stage, head, to),
        }
    }

    fn name(&self) -> Cow<'static, str> {
        "header-versions".into()
    }
}

/// The version that one media range of `Accept` offers (RFC 9110 §12.5.1).
enum Offer<'a> {
    /// `q=0`, or an empty range.
    Refused,
    /// Another media type, or the configured one without a version.
    Other,
    /// The `v2` of `application/vnd.shop.v2+json`.
    Subtype(&'a str),
    /// The `2` of `application/vnd.shop+json; version=2`.
    Parameter(&'a str),
}

fn offer<'a>(range: &'a str, media_type: &str) -> Offer<'a> {
    let mut parts = split(range, b';').map(Result::unwrap_or_default);
    let essence = parts.next().unwrap_or_default();
    let mut version = None;
    for parameter in parts {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("q") && value.parse::<f32>().is_ok_and(|q| q <= 0.0) {
            return Offer::Refused;
        }
        if name.trim().eq_ignore_ascii_case("version") {
            version = Some(value);
        }
    }
    if essence.is_empty() {
        return Offer::Refused;
    }
    let Some((start, rest)) = essence.split_at_checked(media_type.len()) else {
        return Offer::Other;
    };
    if !start.eq_ignore_ascii_case(media_type) {
        return Offer::Other;
    }
    // For the configured media type, `rest` is empty or like `.v2+json`, `.v2` or `+json`.
    let dotted = rest.split_once('+').map_or(rest, |(dotted, _)| dotted);
    match (dotted.strip_prefix('.'), version) {
        (Some(version), _) => Offer::Subtype(version),
        (None, Some(version)) if dotted.is_empty() => Offer::Parameter(version),
        _ => Offer::Other,
    }
}
