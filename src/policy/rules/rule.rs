use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::condition::Condition;
use super::pattern::{Pattern, Segment};
use super::target::{Source, Target};
use crate::config_error::ConfigError;
use crate::uri::{HostPattern, Scheme};

/// One rule of a [`Rules`](super::Rules) table: where it applies, where it leads to, and how.
///
/// See the [module](super) for what paths, captures and queries mean. 307 unless a status is named.
///
/// ```
/// use http::Request;
/// use tower_redirect::policy::{Rule, Rules};
/// use tower_redirect::{Decision, RedirectPolicy, RequestHead};
///
/// let rules = Rules::new([
///     Rule::new("/blog/:year/*rest")?.to("/archive/:year/*rest")?.permanent(),
///     Rule::new("/shop?id=:id")?.to("https://shop.example.com/items/:id")?.drop_query(),
///     Rule::new("/attic/*")?.gone(),
/// ])?;
///
/// for (path, location) in [
///     ("/blog/2020/may/first", Some("/archive/2020/may/first")),
///     ("/shop?id=7&utm_source=x", Some("https://shop.example.com/items/7")),
///     ("/shop", None),
///     ("/blogs/2020/may", None),
/// ] {
///     let request = Request::get(path).body(())?;
///     let head = RequestHead::from(&request);
///     let seen = match rules.decide(&head) {
///         Decision::Redirect(to) => to.location_for(&head),
///         _ => None,
///     };
///     assert_eq!(seen.as_ref().map(|seen| seen.as_bytes()), location.map(str::as_bytes), "{path}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Rule {
    pub(super) from: Pattern,
    pub(super) target: Target,
    pub(super) status: Status,
    pub(super) rewriting_methods: bool,
    pub(super) host: Option<HostPattern>,
    pub(super) conditions: Vec<Condition>,
    /// The captures of a regex.
    pub(super) names: Vec<(Box<str>, Source)>,
    pub(super) query: QueryMode,
    pub(super) ignore_case: bool,
    pub(super) either_slash: bool,
    pub(super) below_only: bool,
    pub(super) starts: Option<SystemTime>,
    pub(super) ends: Option<SystemTime>,
    pub(super) max_age: Option<Duration>,
    pub(super) allow_self: bool,
    pub(super) name: Option<Box<str>>,
    pub(super) counted: Option<Arc<str>>,
    pub(super) quiet: bool,
    pub(super) line: u32,
}

/// The answer of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Status {
    #[default]
    Temporary,
    Permanent,
    MovedPermanently,
    Found,
    SeeOther,
    Gone,
}

/// How the target gets its query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum QueryMode {
    #[default]
    Keep,
    Drop,
    Merge,
}

impl Rule {
    /// A rule for a path: exact (`/a`), a pattern with `:name` segments, or one that ends in `*` or
    /// `*name` and takes `/a` and everything below it.
    ///
    /// A query names parameters that must be there: `/a?id=7` with this value, `/a?id` with any,
    /// `/a?id=:id` with any that is captured. A URL (`https://old.example.com/a`,
    /// `http://*.example.com/a`) adds [`on_scheme`](Self::on_scheme) and [`on_host`](Self::on_host).
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Path`](crate::ConfigErrorKind::Path) if it is no such path, [`ConfigErrorKind::Host`](crate::ConfigErrorKind::Host) if its host is none.
    ///
    /// ```
    /// use tower_redirect::policy::Rule;
    /// assert!(Rule::new("/users/:id/*rest").is_ok());
    /// for refused in ["users", "/:id.html", "/*/edit", "/:a/:a", "/a#b"] {
    ///     assert!(Rule::new(refused).is_err(), "{refused}");
    /// }
    /// ```
    pub fn new(from: &str) -> Result<Self, ConfigError> {
        if from.contains('#') {
            return Err(ConfigError::path(from, "a fragment is never sent to a server"));
        }
        let (scheme, host, rest) = match from.split_once("://") {
            Some((scheme, rest)) if !from.starts_with('/') => {
                let is_scheme = |known: &Scheme| known.as_str().eq_ignore_ascii_case(scheme);
                let scheme = [Scheme::Http, Scheme::Https].into_iter().find(is_scheme);
                let not_http =
                    || ConfigError::path(from, "neither a path nor an http or https url");
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (host, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (Some(scheme.ok_or_else(not_http)?), Some(HostPattern::parse(host)?), rest)
            }
            _ => (None, None, from),
        };
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let path = if path.is_empty() && host.is_some() { "/" } else { path };
        let mut rule = Self::of(Pattern::parse(path)?);
        rule.host = host;
        rule.conditions.extend(scheme.map(Condition::Scheme));
        for part in query.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            rule.query_condition(from, part)?;
        }
        Ok(rule)
    }

    /// A rule for a path, and for nothing else yet.
    pub(super) fn of(from: Pattern) -> Self {
        Self {
            from,
            target: Target::default(),
            status: Status::default(),
            rewriting_methods: false,
            host: None,
            conditions: Vec::new(),
            names: Vec::new(),
            query: QueryMode::default(),
            ignore_case: false,
            either_slash: false,
            below_only: false,
            starts: None,
            ends: None,
            max_age: None,
            allow_self: false,
            name: None,
            counted: None,
            quiet: false,
            line: 0,
        }
    }

    /// Leads to a URL (`https://example.com/x?y`), or to a path on the origin that was asked for
    /// (`/x?y`), with `:name` and `*name` where captures go; `*` is the rest without a name. A
    /// fragment (`/x#y`) holds no captures.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) if it is neither, or names what `from` does not capture.
    ///
    /// ```
    /// use tower_redirect::policy::Rule;
    /// assert!(Rule::new("/a/:id")?.to("/b/:id?from=:id").is_ok());
    /// for refused in ["/b/:other", "https://:id.example.com/", "//example.com/", "b"] {
    ///     assert!(Rule::new("/a/:id")?.to(refused).is_err(), "{refused}");
    /// }
    /// # Ok::<(), tower_redirect::ConfigError>(())
    /// ```
    pub fn to(mut self, target: &str) -> Result<Self, ConfigError> {
        let origin = std::mem::take(&mut self.target.origin);
        let parsed = Target::parse(target, |name| self.find(name))?;
        self.target = parsed;
        if self.target.origin.scheme.is_none() {
            self.target.origin = origin;
        }
        Ok(self)
    }

    /// Changes the scheme; the port becomes the scheme's own where the request's was another.
    pub fn to_scheme(mut self, scheme: Scheme) -> Self {
        self.target.origin.scheme = Some(scheme);
        self
    }

    /// Changes the host; path and query stay unless [`to`](Self::to) says otherwise.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Host`](crate::ConfigErrorKind::Host) if it is no host, or has a port.
    pub fn to_host(mut self, host: &str) -> Result<Self, ConfigError> {
        self.target.origin.host = Some(crate::uri::Host::parse(host)?);
        Ok(self)
    }

    /// Changes the port. The default port of the scheme is not written.
    pub fn to_port(mut self, port: u16) -> Self {
        self.target.origin.port = Some(port);
        self
    }

    /// 308: clients and caches may remember it, for a day unless [`max_age`](Self::max_age) or
    /// [`until`](Self::until) says otherwise.
    pub fn permanent(self) -> Self {
        self.status(Status::Permanent)
    }

    /// 301 for GET and HEAD; other methods get 308, which keeps them.
    pub fn moved_permanently(self) -> Self {
        self.status(Status::MovedPermanently)
    }

    /// 302 for GET and HEAD; other methods get 307, which keeps them.
    pub fn found(self) -> Self {
        self.status(Status::Found)
    }

    /// 303: "look there with GET" (RFC 9110 §15.4.4).
    pub fn see_other(self) -> Self {
        self.status(Status::SeeOther)
    }

    /// 410: what was here is gone, and leads nowhere.
    pub fn gone(self) -> Self {
        self.status(Status::Gone)
    }

    pub(super) fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Sends 301 and 302 to every method, although clients then turn a POST into an empty GET.
    pub fn rewriting_methods(mut self) -> Self {
        self.rewriting_methods = true;
        self
    }

    /// How long a 301, 308 or 410 may be kept: whole seconds, one day unless set.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Takes the request's query away. A query of the target's own stays.
    pub fn drop_query(mut self) -> Self {
        self.query = QueryMode::Drop;
        self
    }

    /// Adds the request's parameters to the target's query, but for those that it names itself.
    pub fn merge_query(mut self) -> Self {
        self.query = QueryMode::Merge;
        self
    }

    /// Compares the path without case.
    pub fn ignore_case(mut self) -> Self {
        self.ignore_case = true;
        self
    }

    /// Takes the path with and without a slash at its end.
    pub fn either_slash(mut self) -> Self {
        self.either_slash = true;
        self
    }

    /// Takes with `/a/*` what is below `/a/`, and not `/a` itself.
    pub fn below_only(mut self) -> Self {
        self.below_only = true;
        self
    }

    /// Applies from this date on.
    pub fn from(mut self, date: SystemTime) -> Self {
        self.starts = Some(date);
        self
    }

    /// Applies until this date: a temporary redirection that ends by itself. What caches keep ends
    /// with it.
    pub fn until(mut self, date: SystemTime) -> Self {
        self.ends = Some(date);
        self
    }

    /// Lets the rule lead to the very URL that was asked for. Without it, the rule is passed over
    /// there, and the next one asked.
    pub fn allow_self(mut self) -> Self {
        self.allow_self = true;
        self
    }

    /// Names the rule; otherwise its pattern is its name.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Counts the rule's answers under a name of their own (feature `metrics`): as policy
    /// `rules/name`, and not as `rules`. Give only a few rules such a name: each is a time series.
    pub fn counted(mut self, name: &str) -> Self {
        self.counted = Some(format!("rules/{name}").into());
        self
    }

    /// Keeps the rule's answers out of events and `tracing`. They are still counted, and
    /// [`Answered::of`](crate::server::Answered::of) still tells them.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// The line that the rule stands on, from 1: errors and warnings name it.
    pub fn line(mut self, line: u32) -> Self {
        self.line = line;
        self
    }

    /// Where the capture `name` stands; the empty name is the rest's.
    pub(super) fn find(&self, name: &str) -> Option<Source> {
        let mut unnamed = None;
        for (at, segment) in self.from.segments().enumerate() {
            let at = u16::try_from(at).ok()?;
            match segment {
                Segment::Name(known) if known == name => return Some(Source::Segment(at)),
                Segment::Rest(known) if known == name => return Some(Source::Rest(at)),
                Segment::Rest(_) => unnamed = Some(Source::Rest(at)),
                _ => {}
            }
        }
        let is_it = |condition: &Condition| matches!(condition, Condition::Captured { name: known, .. } if **known == *name);
        if name.is_empty() {
            return unnamed;
        }
        if let Some((_, source)) = self.names.iter().find(|(known, _)| **known == *name) {
            return Some(*source);
        }
        let at = self.conditions.iter().position(is_it)?;
        u16::try_from(at).ok().map(Source::Query)
    }
}
