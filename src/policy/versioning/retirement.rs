use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::method::is_get_or_head;
use crate::policy::Decision;
use crate::policy::clock::Clock;
use crate::redirection::{PERMANENT_MAX_AGE, Redirection};
use crate::response::text_response;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// The dates on which a version is deprecated, moves and ends.
///
/// Each stage begins at its date, and a stage without a date is skipped. Some of these answers differ in
/// [`HeaderVersioning`](crate::HeaderVersioning), and in [`Versioning`](crate::Versioning::get_and_head_only)
/// and [`QueryVersioning`](crate::QueryVersioning::get_and_head_only) with `get_and_head_only`: see there.
///
/// | stage | answer |
/// |---|---|
/// | before | served |
/// | [`deprecated`](Self::deprecated) | served, with `Deprecation: @..` (RFC 9745), `Sunset` if [`gone`](Self::gone) has a date (RFC 8594), and a `Link` to the successor |
/// | [`moved`](Self::moved) | 307 to the successor |
/// | [`permanent`](Self::permanent) | 308, kept by caches for a day, or until `gone` if that is sooner |
/// | [`gone`](Self::gone) | 410 with a `Link` to the successor |
///
#[doc = include_str!("../../guide/retirement.svg")]
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use tower_redirect::{Retirement, Versioning};
///
/// let day = |n: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(86_400 * n);
/// let plan = Retirement::new().deprecated(day(20_400)).moved(day(20_500)).gone(day(20_600));
/// assert!(Versioning::new("/api", "v2")?.retire_by("v1", plan).is_ok());
///
/// let disordered = Retirement::new().moved(day(20_500)).deprecated(day(20_600));
/// assert!(Versioning::new("/api", "v2")?.retire_by("v1", disordered).is_err());
/// # Ok::<(), tower_redirect::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Retirement {
    deprecated: Option<SystemTime>,
    moved: Option<SystemTime>,
    permanent: Option<SystemTime>,
    gone: Option<SystemTime>,
}

impl Retirement {
    /// Creates a plan without dates, under which the version is served.
    pub const fn new() -> Self {
        Self { deprecated: None, moved: None, permanent: None, gone: None }
    }

    /// Announces the deprecation in responses from this date on.
    pub const fn deprecated(mut self, date: SystemTime) -> Self {
        self.deprecated = Some(date);
        self
    }

    /// Redirects to the successor with 307 from this date on.
    pub const fn moved(mut self, date: SystemTime) -> Self {
        self.moved = Some(date);
        self
    }

    /// Redirects to the successor with 308 from this date on.
    pub const fn permanent(mut self, date: SystemTime) -> Self {
        self.permanent = Some(date);
        self
    }

    /// Answers 410 from this date on: the sunset (RFC 8594).
    pub const fn gone(mut self, date: SystemTime) -> Self {
        self.gone = Some(date);
        self
    }

    /// Returns whether the plan has a stage that redirects.
    pub(super) const fn redirects(&self) -> bool {
        self.moved.is_some() || self.permanent.is_some()
    }
}

/// The stage that a version is in at one instant. Stages are ordered as in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Served,
    Deprecated,
    Moved,
    /// With the time for which caches may keep the redirection.
    MovedPermanently(Duration),
    Gone,
}

/// A version that is retired, with its validated dates and the header values that announce them.
#[derive(Clone, Debug)]
pub(super) struct RetiredVersion {
    version: Box<str>,
    plan: Plan,
    deprecation: Option<HeaderValue>,
    sunset: Option<HeaderValue>,
}

#[derive(Clone, Debug)]
enum Plan {
    /// Moved from the start. This needs no clock.
    Moved,
    ByDate(Retirement),
}

impl RetiredVersion {
    /// Creates a version that has moved from the start.
    pub(super) fn moved(version: &str) -> Self {
        Self { version: version.into(), plan: Plan::Moved, deprecation: None, sunset: None }
    }

    /// Creates a version that is retired on the dates of `plan`, which have to be in order.
    pub(super) fn by_plan(version: &str, plan: Retirement) -> Result<Self, ConfigError> {
        let Retirement { deprecated, moved, permanent, gone } = plan;
        let dates = [deprecated, moved, permanent, gone];
        if !dates.iter().flatten().is_sorted_by(|earlier, later| earlier < later) {
            return Err(ConfigError::dates(
                version,
                "the stages have to begin one after the other: deprecated, moved, permanent, gone",
            ));
        }
        if dates.into_iter().flatten().any(|date| seconds_of(date).is_none()) {
            return Err(ConfigError::dates(version, "a date outside of 1970 to 9999"));
        }
        // RFC 9651 §3.3.7, RFC 9110 §5.6.7.
        let header_value = |text: String| HeaderValue::try_from(text).ok();
        let deprecation = deprecated.and_then(seconds_of).map(|seconds| format!("@{seconds}"));
        let deprecation = deprecation.and_then(header_value);
        let sunset = gone.map(httpdate::fmt_http_date).and_then(header_value);
        Ok(Self { version: version.into(), plan: Plan::ByDate(plan), deprecation, sunset })
    }

    pub(super) fn name(&self) -> &str {
        &self.version
    }

    pub(super) fn stage(&self, clock: &Clock) -> Stage {
        let Plan::ByDate(plan) = &self.plan else { return Stage::Moved };
        let now = clock.now();
        let has_begun = |date: Option<SystemTime>| date.is_some_and(|date| date <= now);
        if has_begun(plan.gone) {
            Stage::Gone
        } else if has_begun(plan.permanent) {
            let left = plan.gone.and_then(|gone| gone.duration_since(now).ok());
            Stage::MovedPermanently(left.unwrap_or(PERMANENT_MAX_AGE).min(PERMANENT_MAX_AGE))
        } else if has_begun(plan.moved) {
            Stage::Moved
        } else if has_begun(plan.deprecated) {
            Stage::Deprecated
        } else {
            Stage::Served
        }
    }

    /// Decides about a request for this version; `to` leads to the successor. With `get_and_head_only`,
    /// requests with other methods get 410 instead of a redirection.
    pub(super) fn decide(
        &self,
        clock: &Clock,
        get_and_head_only: bool,
        head: &RequestHead<'_>,
        to: Redirection,
    ) -> Decision {
        let stage = self.stage(clock);
        self.explain(stage, head);
        let refuses_method = get_and_head_only && !is_get_or_head(head.method());
        // A method that is not redirected gets the same 410 as after the end of the version.
        let is_refused = refuses_method && stage >= Stage::Moved;
        self.decide_at(if is_refused { Stage::Gone } else { stage }, head, Some(to))
    }

    /// Decides about a request for this version at a stage. `to` leads to the successor. Without it, a version
    /// that has moved is answered like a deprecated one, and no `Link` is sent.
    pub(super) fn decide_at(
        &self,
        stage: Stage,
        head: &RequestHead<'_>,
        to: Option<Redirection>,
    ) -> Decision {
        match (stage, to) {
            (Stage::Served, _) => Decision::Pass,
            (Stage::Moved, Some(to)) => Decision::Redirect(to),
            (Stage::MovedPermanently(time), Some(to)) => {
                Decision::Redirect(to.permanent().max_age(time))
            }
            (Stage::Gone, to) => Decision::Respond(gone_response(head, to.as_ref())),
            (Stage::Deprecated | Stage::Moved | Stage::MovedPermanently(_), to) => {
                Decision::PassWithHeaders(self.announcement(head, to.as_ref()))
            }
        }
    }

    /// Records the stage of the version as the reason for the decision.
    pub(super) fn explain(&self, stage: Stage, head: &RequestHead<'_>) {
        let description = match stage {
            Stage::Served => "is served",
            Stage::Deprecated => "is deprecated",
            Stage::Moved => "has moved",
            Stage::MovedPermanently(_) => "has moved permanently",
            Stage::Gone => "is gone",
        };
        head.because(format_args!("version {} {description}", self.version));
    }

    /// Returns the headers that announce the end of a version that is still served.
    fn announcement(&self, head: &RequestHead<'_>, to: Option<&Redirection>) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(4);
        if let Some(deprecation) = &self.deprecation {
            headers.insert(DEPRECATION, deprecation.clone());
        }
        if let Some(sunset) = &self.sunset {
            headers.insert(SUNSET, sunset.clone());
        }
        if let Some(link) = to.and_then(|to| successor_link(head, to)) {
            headers.insert(header::LINK, link);
        }
        headers
    }
}

/// Returns a 410, with a `Link` to the successor if `to` is given and [`successor_link`] returns one.
fn gone_response(head: &RequestHead<'_>, to: Option<&Redirection>) -> Response<Bytes> {
    let mut response = text_response(StatusCode::GONE, "this version was retired\n");
    if let Some(link) = to.and_then(|to| successor_link(head, to)) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// Returns the value of `Link` (RFC 8288, RFC 5829). It needs no escaping, because a `Location` of this
/// crate holds no `>`.
///
/// `None` if the request has no acceptable host for the URL, or if the URL would carry a host or port that
/// the client chose: caches may store the response, and would send other clients there.
fn successor_link(head: &RequestHead<'_>, to: &Redirection) -> Option<HeaderValue> {
    let resolved = to.resolve(head);
    if resolved.carries_unlisted_host() || resolved.carries_unlisted_port() {
        return None;
    }
    let location = to.location_for(head)?;
    let target = location.to_str().ok()?;
    HeaderValue::try_from(format!("<{target}>; rel=\"successor-version\"")).ok()
}

/// Returns the whole seconds from 1970 to `date`. Returns `None` for a date before 1970, and for a year of
/// more than four digits, which an HTTP date cannot express.
fn seconds_of(date: SystemTime) -> Option<u64> {
    const YEAR_10000: u64 = 253_402_300_800;
    let seconds = date.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    (seconds < YEAR_10000).then_some(seconds)
}
