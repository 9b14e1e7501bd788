use std::time::SystemTime;

use http::{HeaderName, StatusCode, header};

use super::path::{Seen, Versioning, segment};
use super::retirement::{Retirement, Stage, Standing, gone};
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::policy::clock::Clock;
use crate::policy::{Decision, RedirectPolicy};
use crate::quoted::split;

/// Versions in a field: `Api-Version: 2`, or `Accept: application/vnd.shop.v2+json`.
///
/// A `Location` cannot change a field, so that such a version has no redirect stage: it is served,
/// and then refused. Unless the path carries the version from then on: see
/// [`in_path`](Self::in_path).
///
/// Rules, in order:
///
/// 1. Without the field, or without a media type of ours in it, a request passes; so do CORS
///    preflights, and paths that carry the version themselves.
/// 2. A version that is served passes; one that ends gets what its [`Retirement`] says: the fields
///    of a deprecated one, 307 and 308 where the path can carry it, at last 410.
/// 3. `Accept` is a list of offers: it passes if any of them is served, or is none of ours. Else, at
///    the end, it gets 406, since another offer would do (RFC 9110 §15.5.7).
/// 4. A version that nobody declared, and a header with several values, get 400; in `Accept` 406.
///
/// Pitfall: an answer that depends on the field is the application's to mark with `Vary`; the layer
/// does so for its own.
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
    field: Field,
    served: Vec<Box<str>>,
    retired: Vec<Standing>,
    /// Where the version goes once it has left the field.
    in_path: Option<Versioning>,
    clock: Clock,
}

/// What carries the version.
#[derive(Clone, Debug)]
enum Field {
    Header(HeaderName),
    /// `type/subtype`, in lower case.
    Accept(Box<str>),
}

/// What a request says.
enum Said<'a> {
    Nothing,
    Served,
    Ends(&'a Standing),
    Unknown,
}

impl HeaderVersioning {
    /// Versions are the value of the field `name`.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Version`](crate::ConfigErrorKind::Version) if `name` is no field name, or
    /// no version is served.
    pub fn header<I>(name: &str, served: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let name = HeaderName::try_from(name)
            .map_err(|_| ConfigError::version(name, "not a field name"))?;
        Self::new(Field::Header(name), served)
    }

    /// Versions are part of a media type in `Accept`: for `application/vnd.shop`, the `v2` of
    /// `application/vnd.shop.v2+json`, or the `2` of `application/vnd.shop+json; version=2`.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Version`](crate::ConfigErrorKind::Version) if `media_type` is none, or no
    /// version is served.
    pub fn accept<I>(media_type: &str, served: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let token = |part: &str| HeaderName::try_from(part).is_ok() && !part.contains(['*', '+']);
        if !media_type.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub)) {
            return Err(ConfigError::version(media_type, "not a media type without a suffix"));
        }
        Self::new(Field::Accept(media_type.to_ascii_lowercase().into()), served)
    }

    fn new<I>(field: Field, served: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let served: Vec<Box<str>> =
            served.into_iter().map(|version| version.as_ref().into()).collect();
        if served.is_empty() {
            return Err(ConfigError::version("", "without one that is served, nothing could pass"));
        }
        served.iter().try_for_each(|version| segment(version))?;
        let clock = Clock::default();
        Ok(Self { field, served, retired: Vec::new(), in_path: None, clock })
    }

    /// From now on the first segment below `prefix` carries the version, and `version` is where those
    /// that end by a redirection are sent: `/api/orders` to `/api/v2/orders`. A path that carries a
    /// version already passes, whatever the field says.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Path`](crate::ConfigErrorKind::Path) and
    /// [`ConfigErrorKind::Version`](crate::ConfigErrorKind::Version) as for [`Versioning::new`].
    pub fn in_path(mut self, prefix: &str, version: &str) -> Result<Self, ConfigError> {
        self.in_path = Some(Versioning::new(prefix, version)?);
        Ok(self)
    }

    /// Ends this version by date. Stages that move need [`in_path`](Self::in_path) first.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Version`](crate::ConfigErrorKind::Version) if it is served, was retired
    /// already, or is to move without a path;
    /// [`ConfigErrorKind::Dates`](crate::ConfigErrorKind::Dates) as for [`Versioning::retire_by`].
    pub fn retire_by(mut self, version: &str, plan: Retirement) -> Result<Self, ConfigError> {
        segment(version)?;
        if self.served.iter().any(|served| **served == *version) {
            return Err(ConfigError::version(
                version,
                "a version that is served cannot be retired",
            ));
        }
        if self.retired.iter().any(|standing| standing.is(version)) {
            return Err(ConfigError::version(version, "retired twice"));
        }
        if plan.moves() && self.in_path.is_none() {
            let reason = "a redirection cannot change a field: say by `in_path` where it leads";
            return Err(ConfigError::version(version, reason));
        }
        self.retired.push(Standing::by(version, plan)?);
        Ok(self)
    }

    /// What time it is, in place of the system's clock: for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    fn version(&self, version: &str) -> Said<'_> {
        if self.served.iter().any(|served| **served == *version) {
            return Said::Served;
        }
        self.retired.iter().find(|standing| standing.is(version)).map_or(Said::Unknown, Said::Ends)
    }

    fn in_header(&self, name: &HeaderName, head: &RequestHead<'_>) -> Said<'_> {
        let mut values = head.header_all(name.clone());
        match (values.next(), values.next()) {
            (None, _) => Said::Nothing,
            (Some(value), None) => {
                value.to_str().map_or(Said::Unknown, |text| self.version(text.trim()))
            }
            (Some(_), Some(_)) => Said::Unknown,
        }
    }

    /// The best that is offered: what passes, then what lasts longest.
    fn in_accept(&self, media_type: &str, head: &RequestHead<'_>) -> Said<'_> {
        let mut best = None;
        for line in head.header_all(header::ACCEPT) {
            // What is no list is for the application to judge.
            let Ok(line) = line.to_str() else { return Said::Nothing };
            for range in split(line, b',') {
                let Ok(range) = range else { return Said::Nothing };
                match offer(range, media_type) {
                    Offer::Refused => {}
                    Offer::Other => return Said::Nothing,
                    Offer::Version(version) => match self.version(version) {
                        Said::Ends(standing) => {
                            let stage = |standing: &Standing| standing.stage(&self.clock);
                            let better = |seen: &Said<'_>| match seen {
                                Said::Ends(seen) => stage(seen) == Stage::Gone,
                                _ => true,
                            };
                            if best.as_ref().is_none_or(better) {
                                best = Some(Said::Ends(standing));
                            }
                        }
                        Said::Unknown if best.is_none() => best = Some(Said::Unknown),
                        Said::Unknown => {}
                        served => return served,
                    },
                }
            }
        }
        best.unwrap_or(Said::Nothing)
    }
}

impl RedirectPolicy for HeaderVersioning {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        let to = match self.in_path.as_ref().map(|paths| (paths, paths.see(head.path()))) {
            Some((_, Seen::Carried)) => return Decision::Pass,
            Some((paths, Seen::Unversioned { at })) => Some(paths.insert(at)),
            _ => None,
        };
        if head.is_preflight() {
            return Decision::Pass;
        }
        let (said, refused) = match &self.field {
            Field::Header(name) => (self.in_header(name, head), StatusCode::BAD_REQUEST),
            Field::Accept(media) => (self.in_accept(media, head), StatusCode::NOT_ACCEPTABLE),
        };
        let standing = match said {
            Said::Nothing | Said::Served => return Decision::Pass,
            Said::Unknown => return Decision::text(refused, "no such version\n"),
            Said::Ends(standing) => standing,
        };
        match (standing.stage(&self.clock), to) {
            (Stage::Served, _) => Decision::Pass,
            (Stage::Moved, Some(to)) => Decision::Redirect(to),
            (Stage::MovedPermanently(time), Some(to)) => {
                Decision::Redirect(to.permanent().max_age(time))
            }
            (Stage::Gone, to) => match &self.field {
                Field::Header(_) => Decision::Respond(gone(head, to.as_ref())),
                Field::Accept(_) => Decision::text(refused, "this version was retired\n"),
            },
            // Elsewhere than below the prefix nothing moves.
            (Stage::Deprecated | Stage::Moved | Stage::MovedPermanently(_), to) => {
                Decision::PassWithHeaders(standing.announcement(head, to.as_ref()))
            }
        }
    }
}

/// What one media range offers (RFC 9110 §12.5.1).
enum Offer<'a> {
    /// `q=0`, or nothing at all.
    Refused,
    /// Anything else, or ours without a version.
    Other,
    Version(&'a str),
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
    let ours = essence.get(..media_type.len()).is_some_and(|s| s.eq_ignore_ascii_case(media_type));
    let rest = essence.get(media_type.len()..).filter(|_| ours);
    let Some(rest) = rest else { return Offer::Other };
    // `.v2+json`, `+json` or nothing.
    let dotted = rest.split_once('+').map_or(rest, |(dotted, _)| dotted);
    match (dotted.strip_prefix('.'), version) {
        (Some(version), _) => Offer::Version(version),
        (None, Some(version)) if dotted.is_empty() => Offer::Version(version),
        _ => Offer::Other,
    }
}
