use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode, Uri};

use super::status::Status;
use crate::config_error::ConfigError;
use crate::uri::{Authority, Host, Scheme, split_at_first};

/// How long caches may keep a permanent answer, unless a policy sets another time: one day.
pub(crate) const PERMANENT_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A redirection (RFC 9110 §15.4): a status, and the changes that lead from the request's URL to
/// the `Location`. See the [module](crate::redirection) for the rules.
///
/// Pitfalls: [`to`](Self::to) replaces the query, [`path`](Self::path) keeps it. Browsers and caches keep a
/// permanent redirection, for a day unless [`max_age`](Self::max_age) is set, so begin with 307.
///
/// ```
/// use http::{Method, Request, StatusCode};
/// use tower_redirect::{Redirection, RequestHead};
///
/// let request = Request::get("/old?page=2").body(())?;
/// let head = RequestHead::from(&request);
/// let to = Redirection::to("/new")?;
/// assert_eq!(to.location_for(&head).ok_or("no host")?, "/new");
/// assert_eq!(to.keep_query().location_for(&head).ok_or("no host")?, "/new?page=2");
///
/// let moved = Redirection::new().path("/new").moved_permanently();
/// assert_eq!(moved.status_for(&Method::GET), StatusCode::MOVED_PERMANENTLY);
/// assert_eq!(moved.status_for(&Method::POST), StatusCode::PERMANENT_REDIRECT, "a POST stays one");
/// assert!(Redirection::to("javascript:alert(1)").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Redirection {
    pub(super) status: Status,
    pub(super) rewriting_methods: bool,
    pub(super) allow_self: bool,
    pub(super) vouched: VouchedHosts,
    pub(super) max_age: Option<Duration>,
    pub(super) scheme: Option<Scheme>,
    pub(super) host: Option<Host>,
    pub(super) port: Option<u16>,
    pub(super) path: Option<Path>,
    /// `Some(None)` removes the query.
    pub(super) query: Option<Option<Arc<str>>>,
    pub(super) fragment: Option<Arc<str>>,
}

/// The hosts that a policy vouches for. If two redirections are merged, the greater value applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum VouchedHosts {
    /// Neither the target's nor the request's: the client may have chosen both.
    #[default]
    None,
    /// The target's: this server answers for it, whichever host was requested.
    Target,
    /// The target's and the request's, which the operator named.
    Both,
}

#[derive(Clone, Debug)]
pub(super) enum Path {
    Whole(Arc<str>),
    /// The request's path with its bytes from `start` to `end` replaced.
    Splice {
        start: usize,
        end: usize,
        with: Arc<str>,
    },
}

impl Redirection {
    /// Creates a 307 to the request's own URL. The functions below change its parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a 307 to one fixed URL: absolute (`https://example.com/x?y`), or a path and query on
    /// the request's origin (`/x?y`). The request's query is dropped, unless
    /// [`keep_query`](Self::keep_query) is set.
    ///
    /// A fragment (`/x#y`) is written into the `Location`, and replaces that of the user agent
    /// (RFC 9110 §10.2.2). URLs are compared without it: `/x` is not redirected to `/x#y`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Url`](crate::ConfigErrorKind::Url) if `url` is neither a path nor an
    /// http or https URL, or has userinfo.
    ///
    /// ```
    /// use tower_redirect::Redirection;
    ///
    /// assert!(Redirection::to("https://example.com/x?y").is_ok());
    /// assert!(Redirection::to("/x?y#z").is_ok());
    /// for refused in ["//example.com/", "https://a@b/", "ftp://a/", "a"] {
    ///     assert!(Redirection::to(refused).is_err(), "{refused}");
    /// }
    /// ```
    pub fn to(url: &str) -> Result<Self, ConfigError> {
        // `Uri` drops the fragment silently.
        let (target, fragment) = split_at_first(url, '#');
        let error = |reason| ConfigError::url(url, reason);
        let uri: Uri = target.parse().map_err(|_| error(why_not_url(target)))?;
        let whole = Self {
            path: Some(Path::Whole(uri.path().into())),
            query: Some(uri.query().map(Arc::from)),
            fragment: fragment.map(Arc::from),
            ..Self::default()
        };
        if url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\") {
            return Ok(whole);
        }
        let not_absolute = "neither a path, which begins with one `/`, nor an http or https url";
        let scheme = Scheme::of(&uri).ok_or_else(|| error(not_absolute))?;
        let text = uri.authority().ok_or_else(|| error(not_absolute))?.as_str();
        let authority = Authority::parse(text).map_err(error)?;
        Ok(Self {
            scheme: Some(scheme),
            host: Some(Host::from(&authority)),
            port: Some(authority.effective_port(scheme)),
            ..whole
        })
    }

    /// Creates a 307 to the same path and query on one fixed origin,
    /// `https://standby.example.com[:port]`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Url`](crate::ConfigErrorKind::Url) if `origin` is not an http or https
    /// origin, or has a path, a query or a fragment.
    pub fn to_origin(origin: &str) -> Result<Self, ConfigError> {
        if origin.starts_with('/') || !origin.contains("://") {
            let reason = "an origin has a scheme and a host: `https://example.com`";
            return Err(ConfigError::url(origin, reason));
        }
        let url = Self::to(origin)?;
        let has_path = !matches!(&url.path, Some(Path::Whole(path)) if &**path == "/");
        if has_path || origin.contains(['?', '#']) {
            return Err(ConfigError::url(origin, "an origin has no path, query or fragment"));
        }
        Ok(Self { path: None, query: None, ..url })
    }

    /// Changes the scheme. If the request has another scheme, the port becomes the default one of
    /// `scheme`, or the one set by [`port`](Self::port).
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Changes the host. The request's port is kept, unless the scheme changes or [`port`](Self::port) is
    /// set.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `host` is not a host, or has a
    /// port.
    pub fn host(mut self, host: &str) -> Result<Self, ConfigError> {
        self.host = Some(Host::parse(host)?);
        Ok(self)
    }

    /// Changes the port. The default port of the scheme is not written.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Changes the path to this text. When the `Location` is written, bytes that a path may not hold, `?` and
    /// `#` among them, are percent-encoded, except `[` and `]`. `%` is kept, so nothing is encoded twice. A
    /// missing leading `/` is added.
    pub fn path(mut self, path: impl Into<Arc<str>>) -> Self {
        self.set_path(path.into());
        self
    }

    /// Changes the path in place, without a move of the redirection as by [`path`](Self::path).
    pub(crate) fn set_path(&mut self, path: Arc<str>) {
        let absolute = path.starts_with('/');
        self.path = Some(Path::Whole(if absolute { path } else { format!("/{path}").into() }));
    }

    /// Replaces the bytes from `start` to `end` of the request's path.
    pub(crate) fn splice_path(mut self, start: usize, end: usize, with: Arc<str>) -> Self {
        self.path = Some(Path::Splice { start, end, with });
        self
    }

    /// Changes the query to this text, without the `?`. When the `Location` is written, bytes that a query
    /// may not hold are percent-encoded, except `[` and `]`. `%` is kept, so nothing is encoded twice.
    pub fn query(mut self, query: impl Into<Arc<str>>) -> Self {
        self.set_query(Some(query.into()));
        self
    }

    /// Changes the query in place. `None` removes it.
    pub(crate) fn set_query(&mut self, query: Option<Arc<str>>) {
        self.query = Some(query);
    }

    /// Keeps the request's query, instead of that of the URL given to [`to`](Self::to).
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::{Redirection, RequestHead};
    ///
    /// let request = Request::get("/old?id=7").body(())?;
    /// let head = RequestHead::from(&request);
    /// let fixed = Redirection::to("/new")?;
    /// assert_eq!(fixed.location_for(&head).ok_or("no host")?, "/new");
    /// assert_eq!(fixed.keep_query().location_for(&head).ok_or("no host")?, "/new?id=7");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_query(mut self) -> Self {
        self.query = None;
        self
    }

    /// Removes the query.
    pub fn without_query(mut self) -> Self {
        self.set_query(None);
        self
    }

    /// Changes the fragment to this text, without the `#` (RFC 9110 §10.2.2). When the `Location` is
    /// written, it is percent-encoded as by [`query`](Self::query).
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::{Redirection, RequestHead};
    ///
    /// let request = Request::get("/a").body(())?;
    /// let head = RequestHead::from(&request);
    /// let to = Redirection::new().path("/b").fragment("part two");
    /// assert_eq!(to.location_for(&head).ok_or("no host")?, "/b#part%20two");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fragment(mut self, fragment: impl Into<Arc<str>>) -> Self {
        self.fragment = Some(fragment.into());
        self
    }

    /// Sends 308 (RFC 9110 §15.4.9): clients and caches may keep it, for a day unless
    /// [`max_age`](Self::max_age) is set.
    ///
    /// The status becomes 307, and a diagnosis reports it, if the `Location` would carry a host or port
    /// that the client chose. List your hosts with
    /// [`RedirectLayer::hosts`](crate::RedirectLayer::hosts), or set [`host`](Self::host) and
    /// [`port`](Self::port).
    pub fn permanent(mut self) -> Self {
        self.status = Status::Permanent;
        self
    }

    /// Sends 301 for GET and HEAD (RFC 9110 §15.4.2). Other methods get 308, which keeps them, unless
    /// [`rewriting_methods`](Self::rewriting_methods) is set.
    ///
    /// As with [`permanent`](Self::permanent), caches may keep it for a day, and 302 or 307 is sent instead
    /// if the `Location` would carry a host or port that the client chose.
    pub fn moved_permanently(mut self) -> Self {
        self.status = Status::MovedPermanently;
        self
    }

    /// Sends 302 for GET and HEAD (RFC 9110 §15.4.3). Other methods get 307, which keeps them, unless
    /// [`rewriting_methods`](Self::rewriting_methods) is set.
    pub fn found(mut self) -> Self {
        self.status = Status::Found;
        self
    }

    /// Sends 303: clients follow with GET (RFC 9110 §15.4.4), for example after a form was submitted.
    pub fn see_other(mut self) -> Self {
        self.status = Status::SeeOther;
        self
    }

    /// Lets [`moved_permanently`](Self::moved_permanently) and [`found`](Self::found) send 301 and 302 for
    /// every method, although clients then turn a POST into an empty GET.
    pub fn rewriting_methods(mut self) -> Self {
        self.rewriting_methods = true;
        self
    }

    /// Allows this redirection to lead to the requested URL itself. Without this, a redirection that
    /// repeats the same request is treated as [`Decision::Pass`](crate::Decision::Pass).
    ///
    /// The redirection is sent unchanged: the policies are not asked about its target, even if the target
    /// is on one of [`RedirectLayer::hosts`](crate::RedirectLayer::hosts). A policy that spreads requests
    /// over listed servers needs this: otherwise it would be asked again about each server that it chose.
    pub fn allow_self(mut self) -> Self {
        self.allow_self = true;
        self
    }

    /// Sets how long caches may keep a 301 or 308, in whole seconds, rounded down; one day unless set.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// The status for a request with this method.
    pub fn status_for(&self, method: &Method) -> StatusCode {
        self.status.code(method, self.rewriting_methods)
    }

    /// Notes that this server answers for the target's host, whether the host is listed or not.
    pub(crate) fn vouch_for_target(mut self) -> Self {
        self.vouched = VouchedHosts::Target;
        self
    }

    /// Does [`vouch_for_target`](Self::vouch_for_target), and notes that the policy redirects only requests
    /// for hosts that the operator named.
    pub(crate) fn vouch_for_both_hosts(mut self) -> Self {
        self.vouched = VouchedHosts::Both;
        self
    }

    /// Whether the scheme, host or port is changed, or the method of some requests.
    pub(crate) fn changes_origin_or_method(&self) -> bool {
        let changes_method = self.rewriting_methods || self.status == Status::SeeOther;
        changes_method || self.scheme.is_some() || self.host.is_some() || self.port.is_some()
    }

    /// How long caches may keep the answer, if its status is permanent.
    pub(crate) fn max_age_or_default(&self) -> Duration {
        self.max_age.unwrap_or(PERMANENT_MAX_AGE)
    }
}

/// Returns the reason why a text is not a URL.
fn why_not_url(text: &str) -> &'static str {
    if text.contains(char::is_whitespace) {
        "not a url: spaces are percent-encoded (`%20`)"
    } else if !text.is_ascii() {
        "not a url: letters outside ASCII are punycode (`xn--`) in a host, and percent-encoded elsewhere"
    } else {
        "not a url"
    }
}
