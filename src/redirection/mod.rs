//! What a policy redirects with: a status, and what changes in the request's URL.
//!
//! 1. A [`Redirection`] holds *changes*: scheme, host, port, path, query. What it does not name
//!    comes from the request.
//! 2. The `Location` is built from these parts, never spliced from text: nothing that a client
//!    sends in one component reaches another. Scheme and authority unchanged gives a path-absolute
//!    reference, and `Host` is not even read, unless the path begins with `//` or `/\`, which
//!    browsers take for an authority: then it is written in full.
//! 3. A scheme that changes takes its own default port, or the one that is set. A host that changes
//!    alone keeps the port that was asked for.
//! 4. The status is 307 unless another is asked for by name.
//!
//! ```
//! use http::{Method, Request, StatusCode};
//! use tower_redirect::{Redirection, RequestHead, Scheme};
//!
//! let request = Request::post("/pay?id=7").header("host", "shop.test:8080").body(())?;
//! let head = RequestHead::from(&request);
//!
//! let secure = Redirection::new().scheme(Scheme::Https);
//! assert_eq!(secure.status_for(&Method::POST), StatusCode::TEMPORARY_REDIRECT);
//! let location = secure.location_for(&head).ok_or("no host")?;
//! assert_eq!(location, "https://shop.test/pay?id=7");
//!
//! let moved = Redirection::new().path("/v2/pay");
//! assert_eq!(moved.location_for(&head).ok_or("no host")?, "/v2/pay?id=7");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod location;
mod merge;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, Uri};

use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::uri::{Authority, Host, Scheme};
pub(crate) use merge::Moved;

/// One day: how long a permanent answer may be kept unless a policy says otherwise.
pub(crate) const PERMANENT_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A redirection (RFC 9110 §15.4): a status, and the changes that lead from the request's URL to
/// the `Location`. See the [module](self) for the rules.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Redirection {
    status: Status,
    rewriting_methods: bool,
    allow_self: bool,
    own_host: bool,
    vouched: bool,
    max_age: Option<Duration>,
    scheme: Option<Scheme>,
    host: Option<Host>,
    port: Option<u16>,
    path: Option<Path>,
    /// `Some(None)` takes the query away.
    query: Option<Option<Arc<str>>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Status {
    #[default]
    Temporary,
    Permanent,
    MovedPermanently,
    Found,
    SeeOther,
}

#[derive(Clone, Debug)]
enum Path {
    Whole(Arc<str>),
    /// The request's path with the bytes from `start` to `end` replaced.
    Splice {
        start: usize,
        end: usize,
        with: Arc<str>,
    },
}

impl Redirection {
    /// A 307 to the request's own URL, for the other methods to change.
    pub fn new() -> Self {
        Self::default()
    }

    /// A 307 to one fixed URL: absolute (`https://example.com/x?y`), or a path and query on
    /// whatever origin was asked (`/x?y`).
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) if it is neither, is not http or
    /// https, or holds userinfo or a fragment.
    ///
    /// ```
    /// use tower_redirect::Redirection;
    ///
    /// assert!(Redirection::to("https://example.com/x?y").is_ok());
    /// assert!(Redirection::to("/x?y").is_ok());
    /// for refused in ["//example.com/", "https://a@b/", "ftp://a/", "https://a/#b", "a"] {
    ///     assert!(Redirection::to(refused).is_err(), "{refused}");
    /// }
    /// ```
    pub fn to(url: &str) -> Result<Self, ConfigError> {
        if url.contains('#') {
            return Err(ConfigError::url(url, "a fragment does not belong here"));
        }
        let uri: Uri = url.parse().map_err(|_| ConfigError::url(url, "not a url"))?;
        let whole = Self {
            path: Some(Path::Whole(uri.path().into())),
            query: Some(uri.query().map(Arc::from)),
            ..Self::default()
        };
        if url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\") {
            return Ok(whole);
        }
        let not_absolute = || ConfigError::url(url, "not an absolute http or https url");
        let scheme = Scheme::of(&uri).ok_or_else(not_absolute)?;
        let text = uri.authority().ok_or_else(not_absolute)?.as_str();
        let authority =
            Authority::parse(text.as_bytes()).map_err(|why| ConfigError::url(url, why))?;
        Ok(Self {
            scheme: Some(scheme),
            host: Some(Host::from(&authority)),
            port: Some(authority.effective_port(scheme)),
            ..whole
        })
    }

    /// A 307 to the same path and query on one fixed origin, `https://standby.example.com[:port]`.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Url`](crate::ConfigErrorKind::Url) if it is no http or https origin, or
    /// has a path or query.
    pub fn to_origin(origin: &str) -> Result<Self, ConfigError> {
        let url = Self::to(origin)?;
        let has_path = !matches!(&url.path, Some(Path::Whole(path)) if &**path == "/");
        if url.host.is_none() {
            return Err(ConfigError::url(origin, "not an absolute http or https url"));
        }
        if has_path || origin.contains('?') {
            return Err(ConfigError::url(origin, "an origin has no path and no query"));
        }
        Ok(Self { path: None, query: None, ..url })
    }

    /// Changes the scheme. Where the request's was another, the port becomes the scheme's own, or
    /// the one set by [`port`](Self::port).
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// Changes the host; the port that was asked for stays.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Host`](crate::ConfigErrorKind::Host) if it is no host, or has a port.
    pub fn host(mut self, host: &str) -> Result<Self, ConfigError> {
        self.host = Some(Host::parse(host)?);
        Ok(self)
    }

    /// Changes the port. The default port of the scheme is not written.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Changes the path: percent-encoded text. What a path may not hold, `?` and `#` among it, is
    /// percent-encoded when the `Location` is written; a leading `/` is added where it lacks.
    pub fn path(mut self, path: impl Into<Arc<str>>) -> Self {
        let path = path.into();
        let absolute = path.starts_with('/');
        self.path = Some(Path::Whole(if absolute { path } else { format!("/{path}").into() }));
        self
    }

    /// Replaces the bytes from `start` to `end` of the request's path.
    pub(crate) fn splice_path(mut self, start: usize, end: usize, with: Arc<str>) -> Self {
        self.path = Some(Path::Splice { start, end, with });
        self
    }

    /// Changes the query: percent-encoded text without the `?`. What a query may not hold is
    /// percent-encoded when the `Location` is written.
    pub fn query(mut self, query: impl Into<Arc<str>>) -> Self {
        self.query = Some(Some(query.into()));
        self
    }

    /// Takes the query away.
    pub fn without_query(mut self) -> Self {
        self.query = Some(None);
        self
    }

    /// 308: clients and caches may remember it (RFC 9110 §15.4.9), for a day unless
    /// [`max_age`](Self::max_age) says otherwise.
    ///
    /// Sent as 307 instead where the `Location` would carry a host that the client chose: name the
    /// hosts by [`RedirectLayer::hosts`](crate::RedirectLayer::hosts), or fix one in the
    /// redirection. The layer's diagnosis says so.
    pub fn permanent(mut self) -> Self {
        self.status = Status::Permanent;
        self
    }

    /// 301 for GET and HEAD (RFC 9110 §15.4.2). Other methods get 308, which keeps them, unless
    /// [`rewriting_methods`](Self::rewriting_methods).
    pub fn moved_permanently(mut self) -> Self {
        self.status = Status::MovedPermanently;
        self
    }

    /// 302 for GET and HEAD (RFC 9110 §15.4.3). Other methods get 307, which keeps them, unless
    /// [`rewriting_methods`](Self::rewriting_methods).
    pub fn found(mut self) -> Self {
        self.status = Status::Found;
        self
    }

    /// 303: "look there with GET" (RFC 9110 §15.4.4), as after a form was taken.
    pub fn see_other(mut self) -> Self {
        self.status = Status::SeeOther;
        self
    }

    /// Sends 301 and 302 to every method, although clients then turn a POST into an empty GET.
    pub fn rewriting_methods(mut self) -> Self {
        self.rewriting_methods = true;
        self
    }

    /// Lets this redirection lead to the very URL that was asked for. Without it, such a
    /// redirection counts as [`Decision::Pass`](crate::Decision::Pass).
    pub fn allow_self(mut self) -> Self {
        self.allow_self = true;
        self
    }

    /// How long a 301 or 308 may be kept: whole seconds, one day unless set.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// The status that a request with `method` is answered with.
    pub fn status_for(&self, method: &Method) -> StatusCode {
        let kept = self.rewriting_methods || matches!(*method, Method::GET | Method::HEAD);
        match self.status {
            Status::Permanent => StatusCode::PERMANENT_REDIRECT,
            Status::MovedPermanently if kept => StatusCode::MOVED_PERMANENTLY,
            Status::MovedPermanently => StatusCode::PERMANENT_REDIRECT,
            Status::Found if kept => StatusCode::FOUND,
            Status::Temporary | Status::Found => StatusCode::TEMPORARY_REDIRECT,
            Status::SeeOther => StatusCode::SEE_OTHER,
        }
    }

    /// The `Location` that a request is answered with; `None` where it needs the request's host and
    /// there is no acceptable one.
    pub fn location_for(&self, head: &RequestHead<'_>) -> Option<HeaderValue> {
        location::build(self, head)
    }

    /// Somebody made sure of the request's host.
    pub(crate) fn vouched(mut self) -> Self {
        self.vouched = true;
        self
    }

    pub(crate) fn permanent_for(&self) -> Duration {
        self.max_age.unwrap_or(PERMANENT_MAX_AGE)
    }

    /// Whether the `Location` carries a host that nobody but the client vouches for.
    pub(crate) fn host_is_the_clients(&self, head: &RequestHead<'_>) -> bool {
        self.host.is_none()
            && !self.vouched
            && !location::is_reference(self, head)
            && !head.host_is_vouched_for()
    }

    /// Whether following this would bring the same request again.
    pub(crate) fn is_self(&self, head: &RequestHead<'_>) -> bool {
        if self.allow_self {
            return false;
        }
        let keeps_method = match self.status_for(head.method()) {
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            StatusCode::SEE_OTHER => matches!(*head.method(), Method::GET | Method::HEAD),
            // RFC 9110 lets clients rewrite POST, and no other method.
            _ => *head.method() != Method::POST,
        };
        keeps_method && location::is_same_url(self, head)
    }

    /// The scheme, host and port that this leads to are the ones that were asked for.
    pub(crate) fn is_same_origin(&self, head: &RequestHead<'_>) -> bool {
        location::is_same_origin(self, head)
    }

    /// The path that this leads to is the one that was asked for, as a `Location` writes both.
    pub(crate) fn is_same_path(&self, head: &RequestHead<'_>) -> bool {
        location::is_same_path(self, head)
    }
}
