use http::{HeaderName, HeaderValue, Method};

use super::build::{Rules, RulesBuilder};
use super::condition::Condition;
use super::error::RuleErrors;
use super::pattern::MAX_LENGTH;
use super::rule::{Rule, Status};
use super::target::Piece;
use crate::config_error::ConfigError;
use crate::uri::{Host, HostPattern, Scheme, without_trailing_slash};

/// One match of an `HTTPRoute` rule (Kubernetes Gateway API), with a hostname of its route.
///
/// A prefix is compared by segments, and a slash at its end makes no difference.
#[derive(Clone, Debug)]
#[must_use]
pub struct RouteMatch {
    rule: Rule,
    /// The length of the path.
    length: usize,
    methods: usize,
    headers: usize,
    parameters: usize,
}

impl RouteMatch {
    /// Creates a match of type `Exact`: only this path.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) if `path` does not begin with `/`,
    /// contains `*`, `?` or `/:`, or is refused by [`Rule::new`].
    pub fn exact(path: &str) -> Result<Self, ConfigError> {
        Self::new(path, path, path.len())
    }

    /// Creates a match of type `PathPrefix`: this path and all paths below it. With
    /// [`replace_full_path`](RequestRedirect::replace_full_path), a path that servers read differently does
    /// not match: see point 2 of the [module](super).
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) if [`exact`](Self::exact) would return
    /// one, or if `path` has an empty or dot segment, `%2e`, `%2f`, `%5c`, `\` or more than 63 segments. One
    /// slash at its end is allowed.
    pub fn prefix(path: &str) -> Result<Self, ConfigError> {
        let bare = without_trailing_slash(path);
        Self::new(path, &format!("{bare}/*"), bare.len())
    }

    fn new(path: &str, from: &str, length: usize) -> Result<Self, ConfigError> {
        if !path.starts_with('/') || path.contains(['*', '?']) || path.contains("/:") {
            let reason = "a path starts with `/`, and cannot contain `*`, `?` or `/:` here";
            return Err(ConfigError::path(path, reason));
        }
        let rule = Rule::new(from)?;
        Ok(Self { rule, length, methods: 0, headers: 0, parameters: 0 })
    }

    /// Sets the hostname: exact, or `*.example.com`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `hostname` is neither.
    pub fn hostname(mut self, hostname: &str) -> Result<Self, ConfigError> {
        self.rule = self.rule.on_host(hostname)?;
        Ok(self)
    }

    /// Requires this method.
    pub fn method(mut self, method: Method) -> Self {
        self.rule.conditions.retain(|condition| !matches!(condition, Condition::Methods(_)));
        self.rule = self.rule.on_methods([method]);
        self.methods = 1;
        self
    }

    /// Requires a header with this value.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.rule = self.rule.on_header(name, value);
        self.headers += 1;
        self
    }

    /// Requires a query parameter with this value.
    pub fn query_param(mut self, name: &str, value: &str) -> Self {
        self.rule = self.rule.on_query(name, value);
        self.parameters += 1;
        self
    }

    /// The precedence of the match in a table: the greater, the more specific.
    fn precedence(&self) -> impl Ord + use<> {
        let host = match &self.rule.host {
            None => (0, 0),
            Some(HostPattern::Suffix(suffix)) => (1, suffix.len()),
            Some(HostPattern::Exact(host)) => (2, host.as_str().len()),
        };
        let exact = self.rule.from.is_exact();
        (host, exact, self.length, self.methods, self.headers, self.parameters)
    }
}

/// A `RequestRedirect` filter of an `HTTPRoute` (Kubernetes Gateway API).
///
/// The status is 302 unless another is set. As in other rules, 301 and 302 are sent for GET and HEAD, and
/// other methods get 308 and 307 in their place. In the cases in which [`Rule::permanent`] sends 307, 301
/// becomes 302, and 308 becomes 307. The query stays, and so does every part that is not replaced. A
/// redirection to the requested URL itself is sent, as the API's conformance tests require.
///
/// The port is [`port`](Self::port) if it is set, else the well-known port of [`scheme`](Self::scheme) if
/// that is set, else [`listener_port`](Self::listener_port). The well-known port of the scheme, 80 or 443,
/// is not written.
///
/// ```
/// use http::Request;
/// use tower_redirect::policy::{RequestRedirect, RouteMatch, Rules};
/// use tower_redirect::{Decision, RedirectPolicy, RequestHead};
///
/// let redirect = RequestRedirect::new().replace_prefix_match("/replacement-prefix")?;
/// let rules =
///     Rules::from_request_redirects([(RouteMatch::prefix("/original-prefix")?, redirect)])?;
/// for (path, location) in [
///     ("/original-prefix/lemon", Some("/replacement-prefix/lemon")),
///     ("/original-prefixes", None),
/// ] {
///     let request = Request::get(path).body(())?;
///     let head = RequestHead::from(&request);
///     let seen = match rules.decide(&head) {
///         Decision::Redirect(to) => to.location_for(&head),
///         _ => None,
///     };
///     assert_eq!(seen.as_ref().map(|seen| seen.as_bytes()), location.map(str::as_bytes));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RequestRedirect {
    scheme: Option<Scheme>,
    host: Option<Host>,
    port: Option<u16>,
    listener_port: Option<u16>,
    path: Option<Replacement>,
    status: Option<Status>,
}

#[derive(Clone, Debug)]
enum Replacement {
    Full(String),
    Prefix(String),
}

impl RequestRedirect {
    /// Creates a filter with status 302 that replaces nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the scheme (field `scheme`).
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Replaces the host (field `hostname`).
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `hostname` is not a host.
    pub fn hostname(mut self, hostname: &str) -> Result<Self, ConfigError> {
        self.host = Some(Host::parse(hostname)?);
        Ok(self)
    }

    /// Replaces the port (field `port`).
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Sets the port of the listener that the route is attached to, as clients see it. If neither
    /// this nor [`port`](Self::port) nor [`scheme`](Self::scheme) is set, the port of the request is kept.
    pub fn listener_port(mut self, port: u16) -> Self {
        self.listener_port = Some(port);
        self
    }

    /// Replaces the whole path (field `path` of type `ReplaceFullPath`).
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Path`](crate::ConfigErrorKind::Path) if `path` is not empty and does not
    /// begin with exactly one `/`, or if it has a query or fragment, or is longer than 8 KiB.
    pub fn replace_full_path(mut self, path: &str) -> Result<Self, ConfigError> {
        self.path = Some(Replacement::Full(replacement(path)?));
        Ok(self)
    }

    /// Replaces the prefix that matched (field `path` of type `ReplacePrefixMatch`), and keeps the rest.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`replace_full_path`](Self::replace_full_path).
    pub fn replace_prefix_match(mut self, path: &str) -> Result<Self, ConfigError> {
        self.path = Some(Replacement::Prefix(replacement(path)?));
        Ok(self)
    }

    /// Sets the status (field `statusCode`): 301, 302, 303, 307 or 308.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Status`](crate::ConfigErrorKind::Status) if `code` is another status.
    pub fn status_code(mut self, code: u16) -> Result<Self, ConfigError> {
        let code = code.to_string();
        let reason = "the status is 301, 302, 303, 307 or 308";
        let status = Status::parse(&code).ok_or_else(|| ConfigError::status(&code, reason))?;
        self.status = Some(status);
        Ok(self)
    }

    fn rule(self, route_match: RouteMatch) -> Rule {
        let mut rule = route_match.rule.status(self.status.unwrap_or(Status::Found)).allow_self();
        let well_known = self.scheme.map(Scheme::default_port);
        let origin = &mut rule.target.origin;
        (origin.scheme, origin.host) = (self.scheme, self.host);
        origin.port = self.port.or(well_known).or(self.listener_port);
        rule.target.path = self.path.map(|path| match path {
            Replacement::Full(path) => vec![Piece::Text(path)],
            // The empty name stands for the rest that the `*` of a prefix matches. An exact path has none.
            Replacement::Prefix(prefix) => match rule.source_of("") {
                Some(rest) => {
                    let start = without_trailing_slash(&prefix);
                    vec![Piece::Text(format!("{start}/")), Piece::Capture(rest)]
                }
                // The whole path matched, and nothing follows it.
                None => vec![Piece::Text(prefix)],
            },
        });
        rule
    }
}

/// Checks the replacement of a path. An empty replacement leads to the root.
fn replacement(path: &str) -> Result<String, ConfigError> {
    if !path.is_empty() && !path.starts_with('/') || path.starts_with("//") {
        return Err(ConfigError::path(path, "a path starts with one `/`"));
    }
    if path.contains(['?', '#']) {
        return Err(ConfigError::path(path, "a path has no query and no fragment"));
    }
    if path.len() > MAX_LENGTH {
        return Err(ConfigError::path(path, "a path is at most 8 KiB long"));
    }
    Ok(path.to_owned())
}

impl Rules {
    /// Builds a table of `RequestRedirect` filters and the matches that they belong to, in the order of the
    /// Gateway API: by the most specific hostname, then exact paths, the longest prefix, a method, the most
    /// headers and the most parameters. Equal matches keep their order.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Rules::new`]. They number the rules in this order of the Gateway API.
    pub fn from_request_redirects(
        redirects: impl IntoIterator<Item = (RouteMatch, RequestRedirect)>,
    ) -> Result<Self, RuleErrors> {
        let mut redirects: Vec<_> = redirects.into_iter().collect();
        redirects.sort_by_key(|(route_match, _)| std::cmp::Reverse(route_match.precedence()));
        let rules = redirects.into_iter().map(|(route_match, redirect)| redirect.rule(route_match));
        RulesBuilder::new().build(rules)
    }
}
