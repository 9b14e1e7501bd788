use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::condition::Condition;
use super::pattern::Pattern;
pub(super) use super::status::Status;
use super::target::{Source, Target};
use crate::config_error::ConfigError;
use crate::uri::{HostPattern, Scheme, split_at_first, split_origin};

/// One rule of a [`Rules`](super::Rules) table: what it applies to, where it leads to, and how.
///
/// The [module](super) explains paths, captures and queries. The status is 307 unless another is set.
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
    pub(super) regex_captures: Vec<(Box<str>, Source)>,
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

/// How the target gets its query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum QueryMode {
    #[default]
    Keep,
    Drop,
    Merge,
}

impl Rule {
    /// Creates a rule for a path: an exact path (`/a`), a pattern with `:name` segments, or one that ends in
    /// `*` or `*name` (`/a/*`), which matches `/a` and everything below it.
    ///
    /// A query names parameters that a request must have: `/a?id=7` with this value, `/a?id` with any
    /// value, `/a?id=:id` with a value that is captured. A URL (`https://old.example.com/a`,
    /// `http://*.example.com/a`) adds [`on_scheme`](Self::on_scheme) and [`on_host`](Self::on_host).
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) if `from` is none of these, or
    /// of kind [`Host`](crate::ConfigErrorKind::Host) if the host is invalid or has a port.
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
        let (scheme, host, rest) = match split_origin(from) {
            Some((scheme, host, rest)) => {
                let why = "neither a path nor an http or https url";
                let scheme = Scheme::parse(scheme).ok_or_else(|| ConfigError::path(from, why))?;
                (Some(scheme), Some(HostPattern::parse(host)?), rest)
            }
            None => (None, None, from),
        };
        let (path, query) = split_at_first(rest, '?');
        let path = if path.is_empty() && host.is_some() { "/" } else { path };
        let pattern = Pattern::parse(path).map_err(|why| ConfigError::path(path, why))?;
        let mut rule = Self::of(pattern);
        rule.host = host;
        rule.conditions.extend(scheme.map(Condition::Scheme));
        for part in query.into_iter().flat_map(|query| query.split('&')) {
            rule.query_condition(from, part)?;
        }
        Ok(rule)
    }

    /// Creates a rule for a pattern, without conditions or a target.
    pub(super) fn of(from: Pattern) -> Self {
        Self {
            from,
            target: Target::default(),
            status: Status::default(),
            rewriting_methods: false,
            host: None,
            conditions: Vec::new(),
            regex_captures: Vec::new(),
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

    /// Leads to a URL (`https://example.com/x?y`), or to a path on the requested origin (`/x?y`).
    /// `:name` and `*name` are replaced by captures, and `*` by the rest of the path, even if the rule names
    /// that rest. A fragment (`/x#y`) cannot hold captures.
    ///
    /// A URL replaces what [`to_scheme`](Self::to_scheme), [`to_host`](Self::to_host) and
    /// [`to_port`](Self::to_port) have set before. A path keeps it.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Url`](crate::ConfigErrorKind::Url) if `target` is neither a URL nor a
    /// path, has a dot segment, names a capture that the rule does not have, or is written in the syntax of
    /// another server (`{id}`, `$1`).
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
        let mut parsed = Target::parse(target, |name| self.source_of(name))
            .map_err(|why| ConfigError::url(target, why))?;
        if parsed.origin.scheme.is_none() {
            parsed.origin = self.target.origin;
        }
        self.target = parsed;
        Ok(self)
    }

    /// Changes the scheme. If the request has another scheme, the port becomes the default of `scheme`, or
    /// the one set by [`to_port`](Self::to_port).
    pub fn to_scheme(mut self, scheme: Scheme) -> Self {
        self.target.origin.scheme = Some(scheme);
        self
    }

    /// Changes the host. The request's port is kept, unless the scheme changes or [`to_port`](Self::to_port)
    /// is set. Path and query stay unless [`to`](Self::to) sets them.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `host` is invalid, or has a port.
    pub fn to_host(mut self, host: &str) -> Result<Self, ConfigError> {
        self.target.origin.host = Some(crate::uri::Host::parse(host)?);
        Ok(self)
    }

    /// Changes the port. The default port of the scheme is not written.
    pub fn to_port(mut self, port: u16) -> Self {
        self.target.origin.port = Some(port);
        self
    }

    /// Answers 308, which clients and caches may keep for a day, unless [`max_age`](Self::max_age) or
    /// [`until`](Self::until) sets another time.
    ///
    /// If the `Location` would carry the host of the request, as with [`to_scheme`](Self::to_scheme), the
    /// status is 307 unless the rule is for [one exact host](Self::on_host), or
    /// [`RedirectLayer::hosts`](crate::RedirectLayer::hosts) lists the host. If the `Location` would carry a
    /// port from the request, the status is 307 unless the list has the host with that port. See
    /// [`Redirection::permanent`](crate::Redirection::permanent).
    pub fn permanent(self) -> Self {
        self.status(Status::Permanent)
    }

    /// Answers 301 to GET and HEAD, and 308, which keeps the method, to others. In the
    /// cases in which [`permanent`](Self::permanent) sends 307, 301 becomes 302, and 308 becomes 307.
    pub fn moved_permanently(self) -> Self {
        self.status(Status::MovedPermanently)
    }

    /// Answers 302 to GET and HEAD, and 307, which keeps the method, to others.
    pub fn found(self) -> Self {
        self.status(Status::Found)
    }

    /// Answers 303: clients send GET or HEAD to the target, whatever the method was (RFC 9110 §15.4.4).
    pub fn see_other(self) -> Self {
        self.status(Status::SeeOther)
    }

    /// Answers 410: the resource is gone, and the rule has no target.
    pub fn gone(self) -> Self {
        self.status(Status::Gone)
    }

    pub(super) fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Answers a 301 or 302 to every method, not only to GET and HEAD. Clients then turn a POST into a GET
    /// without content. Rules with another status stay as they are.
    pub fn rewriting_methods(mut self) -> Self {
        self.rewriting_methods = true;
        self
    }

    /// Sets how long clients and caches may keep a 301, 308 or 410: whole seconds, a day by default. A table
    /// with a `max_age` on a rule of another status is refused.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Drops the query of the request. A query in the target stays.
    pub fn drop_query(mut self) -> Self {
        self.query = QueryMode::Drop;
        self
    }

    /// Adds the parameters of the request to the query of the target, except those that the target sets.
    pub fn merge_query(mut self) -> Self {
        self.query = QueryMode::Merge;
        self
    }

    /// Ignores the case of ASCII letters in the path.
    pub fn ignore_case(mut self) -> Self {
        self.ignore_case = true;
        self
    }

    /// Matches the path with and without a slash at its end. A regex stays as it is, and so does a path that
    /// ends in `*` or `*name`.
    pub fn either_slash(mut self) -> Self {
        self.either_slash = true;
        self
    }

    /// Makes `/a/*` match `/a/` and everything below it, but not `/a`. A path without `*` stays as it is.
    pub fn below_only(mut self) -> Self {
        self.below_only = true;
        self
    }

    /// Starts applying at this date.
    pub fn since(mut self, date: SystemTime) -> Self {
        self.starts = Some(date);
        self
    }

    /// Stops applying at this date. Caches are told not to keep the answers of the rule beyond it.
    pub fn until(mut self, date: SystemTime) -> Self {
        self.ends = Some(date);
        self
    }

    /// Lets the rule lead to the requested URL itself. Without this, the rule does not match a request that
    /// the client would repeat unchanged when it follows the redirection, and later rules are tried. The checks
    /// of the table do not follow such a redirection, so they find no loop through this rule.
    pub fn allow_self(mut self) -> Self {
        self.allow_self = true;
        self
    }

    /// Names the rule in events and explanations. By default they show its pattern (a path in normal form,
    /// in lower case if case is ignored, or a regex as it was written), and its [`line`](Self::line) if that
    /// is known.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Counts the answers of the rule separately (feature `metrics`), as policy `rules/name` instead of
    /// `rules`. Each name adds a time series, so use this for a few rules only.
    pub fn counted(mut self, name: &str) -> Self {
        self.counted = Some(format!("rules/{name}").into());
        self
    }

    /// Keeps the answers of the rule out of [`on_answer`](crate::RedirectLayer::on_answer) and `tracing`.
    /// They are still counted, and [`Answered::of`](crate::server::Answered::of) still finds them.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Sets the line of the rule in its file, from 1. Errors and warnings name it.
    pub fn line(mut self, line: u32) -> Self {
        self.line = line;
        self
    }
}
