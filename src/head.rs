use std::cell::{Cell, RefCell};
use std::fmt;

use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version,
    header,
};

use crate::diagnosis::Diagnosis;
use crate::trust::{Authority, Hosts, Scheme, Trust};

/// A request without its body, as a [`RedirectPolicy`](crate::RedirectPolicy) sees it.
///
/// It notes which fields were read, so that an answer which caches may keep names them in `Vary`.
/// Scheme and host are the *effective* ones, and looked at only when asked for.
///
/// ```
/// use http::{Request, header};
/// use tower_redirect::RequestHead;
///
/// let request = Request::get("/a?b").header("host", "A.test.:80").body(())?;
/// let head = RequestHead::from(&request);
/// assert_eq!((head.path(), head.query()), ("/a", Some("b")));
/// assert_eq!(head.authority().map(|a| a.to_string()).as_deref(), Some("a.test:80"));
/// assert!(head.header(header::ACCEPT).is_none());
///
/// let request = Request::get("/").header("host", "evil@a.test").body(())?;
/// assert!(RequestHead::from(&request).authority().is_none());
/// # Ok::<(), http::Error>(())
/// ```
pub struct RequestHead<'a> {
    method: &'a Method,
    uri: &'a Uri,
    version: Version,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
    trust: &'a Trust,
    hosts: &'a Hosts,
    scheme: Cell<Option<Scheme>>,
    authority: Cell<Option<Looked<'a>>>,
    reads: RefCell<Reads>,
    diagnoses: RefCell<Vec<Diagnosis>>,
}

/// What a look at the host brought: the host, none where there may be none, or why not.
type Looked<'a> = Result<Option<Authority<'a>>, Refusal>;

/// Why a request is refused before any policy's answer counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'static str,
}

impl Refusal {
    const fn bad_request(reason: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason }
    }

    /// RFC 9110 §7.4, §15.5.20.
    const fn misdirected(reason: &'static str) -> Self {
        Self { status: StatusCode::MISDIRECTED_REQUEST, reason }
    }
}

/// Fields that were read. Beyond the room for names, "all of them" is the honest answer.
#[derive(Default)]
struct Reads {
    names: [Option<HeaderName>; 6],
    all: bool,
}

impl Reads {
    fn note(&mut self, name: HeaderName) {
        // Every cache keys by it.
        if name == header::HOST {
            return;
        }
        for slot in &mut self.names {
            match slot {
                Some(noted) if *noted == name => return,
                Some(_) => {}
                None => {
                    *slot = Some(name);
                    return;
                }
            }
        }
        self.all = true;
    }
}

/// Trusts nobody and takes any host: for testing a policy without a layer.
impl<'a, B> From<&'a Request<B>> for RequestHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        static NOBODY: Trust = Trust::nobody();
        Self::with(request, &NOBODY)
    }
}

impl<'a> RequestHead<'a> {
    /// The head as a layer that believes `trust` shows it: for testing a policy without a layer.
    pub fn with<B>(request: &'a Request<B>, trust: &'a Trust) -> Self {
        static ANY: Hosts = Hosts::any();
        Self::new(request, trust, &ANY)
    }

    pub(crate) fn new<B>(request: &'a Request<B>, trust: &'a Trust, hosts: &'a Hosts) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
            trust,
            hosts,
            scheme: Cell::new(None),
            authority: Cell::new(None),
            reads: RefCell::default(),
            diagnoses: RefCell::default(),
        }
    }

    /// The method.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// The path as it was sent, undecoded; `*` for `OPTIONS *`, empty for `CONNECT`.
    pub fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// The query as it was sent, undecoded and without the `?`.
    pub fn query(&self) -> Option<&'a str> {
        self.uri.query()
    }

    /// The protocol version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The first value of a field; notes the name as read.
    pub fn header(&self, name: impl Into<HeaderName>) -> Option<&'a HeaderValue> {
        let name = name.into();
        let value = self.headers.get(&name);
        self.reads.borrow_mut().note(name);
        value
    }

    /// All fields; notes `*` as read, which keeps an answer out of caches (RFC 9110 §12.5.5).
    pub fn headers(&self) -> &'a HeaderMap {
        self.reads.borrow_mut().all = true;
        self.headers
    }

    /// The extensions: what acceptor and outer layers said about the request.
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }

    /// The scheme that the user agent used, as far as it is proven.
    pub fn scheme(&self) -> Scheme {
        self.scheme.get().unwrap_or_else(|| {
            let scheme = self.trust.scheme(self.extensions);
            self.scheme.set(Some(scheme));
            scheme
        })
    }

    /// Whether the request is proven to have come over a secure connection.
    pub fn is_secure(&self) -> bool {
        self.scheme() == Scheme::Https
    }

    /// Host and port that the user agent asked for. `None` if there is none (HTTP/1.0), or if it is
    /// refused: then the layer answers 400 or 421, whatever the policy decides.
    pub fn authority(&self) -> Option<Authority<'a>> {
        let looked = self.authority.get().unwrap_or_else(|| {
            let looked = self.look_at_host();
            self.authority.set(Some(looked));
            looked
        });
        looked.ok().flatten()
    }

    /// The origin server itself is meant: `OPTIONS *` and CONNECT have no URL to move to.
    pub(crate) fn has_no_url(&self) -> bool {
        *self.method == Method::CONNECT || self.uri.path() == "*"
    }

    /// A CORS preflight: Fetch takes nothing but an ok status for an answer, so that a redirection
    /// would only break it.
    pub fn is_preflight(&self) -> bool {
        *self.method == Method::OPTIONS
            && self.headers.contains_key(header::ORIGIN)
            && self.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    pub(crate) fn diagnose(&self, diagnosis: Diagnosis) {
        self.diagnoses.borrow_mut().push(diagnosis);
    }

    pub(crate) fn take_diagnoses(&self) -> Vec<Diagnosis> {
        self.diagnoses.take()
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.authority.get().and_then(Result::err)
    }

    /// Whether the operator named the host that was asked for.
    pub(crate) fn host_is_vouched_for(&self) -> bool {
        self.authority().is_some_and(|authority| self.hosts.vouch_for(&authority))
    }

    /// All values of a field; notes the name as read.
    pub(crate) fn header_all(&self, name: HeaderName) -> impl Iterator<Item = &'a HeaderValue> {
        let values = self.headers.get_all(&name).into_iter();
        self.reads.borrow_mut().note(name);
        values
    }

    /// `Vary`: the names of the fields that were read (RFC 9110 §12.5.5).
    pub(crate) fn vary(&self) -> Option<HeaderValue> {
        let reads = self.reads.borrow();
        if reads.all {
            return Some(HeaderValue::from_static("*"));
        }
        let names: Vec<_> = reads.names.iter().flatten().map(HeaderName::as_str).collect();
        if names.is_empty() { None } else { HeaderValue::try_from(names.join(", ")).ok() }
    }

    /// The rows of the design's table of hosts; the first that matches wins.
    fn look_at_host(&self) -> Looked<'a> {
        let mut fields = self.headers.get_all(header::HOST).iter();
        let field = match (fields.next(), fields.next()) {
            (_, Some(_)) => return Err(Refusal::bad_request("more than one Host field\n")),
            (field, None) => field.map(|value| Authority::parse(value.as_bytes())),
        };
        let field = field.transpose().map_err(Refusal::bad_request)?;
        let target = self.uri.authority().map(|a| Authority::parse(a.as_str().as_bytes()));
        let target = target.transpose().map_err(Refusal::bad_request)?;
        if field.is_none() && self.version == Version::HTTP_11 {
            return Err(Refusal::bad_request("no Host field\n"));
        }
        let target_scheme = Scheme::of(self.uri);
        if let (Some(field), Some(target)) = (&field, &target) {
            let scheme = target_scheme.unwrap_or_else(|| self.scheme());
            if !field.same_host(target)
                || field.effective_port(scheme) != target.effective_port(scheme)
            {
                return Err(Refusal::bad_request("Host differs from the request target\n"));
            }
        }
        if target_scheme == Some(Scheme::Https) && !self.is_secure() {
            return Err(Refusal::misdirected(
                "https asked for on a connection that is not secure\n",
            ));
        }
        match target.or(field) {
            Some(authority) if !self.hosts.allow(&authority) => {
                Err(Refusal::misdirected("not a host of this server\n"))
            }
            Some(authority) => Ok(Some(authority)),
            None if self.version > Version::HTTP_11 => Err(Refusal::bad_request("no host\n")),
            None => Ok(self.hosts.canonical()),
        }
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", self.method)
            .field("path", &self.uri.path())
            .field("version", &self.version)
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}
