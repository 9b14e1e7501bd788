mod host;
mod reads;
mod speaker;

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::net::IpAddr;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header};

use crate::diagnosis::Diagnosis;
use crate::trust::{Facts, Trust};
use crate::uri::{Authority, Hosts, PLAIN, Scheme};
pub(crate) use host::Refusal;
use host::look;
use reads::Reads;

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
    /// Path and query, where they are not the URI's.
    moved: Option<(&'a str, Option<&'a str>)>,
    /// Path and query need no encoding in a `Location`.
    plain: Cell<Option<bool>>,
    scheme: Cell<Option<Scheme>>,
    facts: OnceCell<Option<Facts<'a>>>,
    client: OnceCell<Option<IpAddr>>,
    authority: OnceCell<Option<Authority<'a>>>,
    /// Why one of these is not there.
    refusal: Cell<Option<Refusal>>,
    reads: RefCell<Reads>,
    policy_name: Cell<Option<&'static str>>,
    /// No cache may keep the answer.
    unstored: Cell<bool>,
    /// Somebody hears diagnoses.
    heard: bool,
    /// Boxed, so that the many heads without one have little to drop.
    diagnoses: RefCell<Option<Box<Diagnoses>>>,
}

#[derive(Default)]
struct Diagnoses(Vec<Diagnosis>);

/// Trusts nobody and takes any host: for testing a policy without a layer.
impl<'a, B> From<&'a Request<B>> for RequestHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        static NOBODY: Trust = Trust::nobody();
        Self::with_trust(request, &NOBODY)
    }
}

impl<'a> RequestHead<'a> {
    /// The head as a layer that believes `trust` shows it: for testing a policy without a layer.
    pub fn with_trust<B>(request: &'a Request<B>, trust: &'a Trust) -> Self {
        static ANY: Hosts = Hosts::any();
        Self::new(request, request.uri(), trust, &ANY)
    }

    /// `uri` is what the client asked for, where routers outside have changed the request's.
    pub(crate) fn new<B>(
        request: &'a Request<B>,
        uri: &'a Uri,
        trust: &'a Trust,
        hosts: &'a Hosts,
    ) -> Self {
        Self {
            method: request.method(),
            uri,
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
            trust,
            hosts,
            moved: None,
            plain: Cell::new(None),
            scheme: Cell::new(None),
            facts: OnceCell::new(),
            client: OnceCell::new(),
            authority: OnceCell::new(),
            refusal: Cell::new(None),
            reads: RefCell::default(),
            policy_name: Cell::new(None),
            unstored: Cell::new(false),
            heard: true,
            diagnoses: RefCell::default(),
        }
    }

    /// Without ears for diagnoses, none are looked for.
    pub(crate) fn heard(self, heard: bool) -> Self {
        Self { heard, ..self }
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.heard
    }

    /// The same request as it would come back from `path`, and from another origin where one is
    /// given.
    pub(crate) fn moved<'m>(
        &'m self,
        origin: Option<(Scheme, Authority<'m>)>,
        path: &'m str,
        query: Option<&'m str>,
    ) -> RequestHead<'m> {
        RequestHead {
            method: self.method,
            uri: self.uri,
            version: self.version,
            headers: self.headers,
            extensions: self.extensions,
            trust: self.trust,
            hosts: self.hosts,
            moved: Some((path, query)),
            // Written by us.
            plain: Cell::new(Some(true)),
            scheme: Cell::new(origin.map_or(self.scheme.get(), |(scheme, _)| Some(scheme))),
            facts: known(self.facts.get().copied()),
            client: self.client.clone(),
            authority: known(match origin {
                Some((_, authority)) => Some(Some(authority)),
                None => self.authority.get().copied(),
            }),
            refusal: Cell::new(None),
            reads: RefCell::default(),
            policy_name: Cell::new(None),
            unstored: Cell::new(false),
            heard: false,
            diagnoses: RefCell::default(),
        }
    }

    /// Notes what was read of a head that was made of this one. Its diagnoses are not ours: the
    /// request they are about was not made.
    pub(crate) fn absorb_reads(&self, moved: RequestHead<'_>) {
        self.unstored.set(self.is_unstored() || moved.is_unstored());
        self.reads.borrow_mut().absorb(moved.reads.into_inner());
    }

    /// The method.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// The path as it was sent, undecoded; `*` for `OPTIONS *`, empty for `CONNECT`.
    pub fn path(&self) -> &'a str {
        self.moved.map_or_else(|| self.uri.path(), |(path, _)| path)
    }

    /// The query as it was sent, undecoded and without the `?`.
    pub fn query(&self) -> Option<&'a str> {
        self.moved.map_or_else(|| self.uri.query(), |(_, query)| query)
    }

    /// Marks the answer `no-store`, whoever gives it and whatever it says itself: for a pass that
    /// others with the same request would not get.
    pub fn forbid_storing(&self) {
        self.unstored.set(true);
    }

    pub(crate) fn is_unstored(&self) -> bool {
        self.unstored.get()
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.plain.get().unwrap_or_else(|| {
            let query = || self.query().is_none_or(|query| PLAIN.contains_all(query));
            let plain = PLAIN.contains_all(self.path()) && query();
            self.plain.set(Some(plain));
            plain
        })
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
        self.reads.borrow_mut().note_all();
        self.headers
    }

    /// The extensions: what acceptor and outer layers said about the request.
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }

    /// The first refusal counts.
    fn refuse<T>(&self, refusal: Refusal) -> Option<T> {
        self.refusal.set(self.refusal.get().or(Some(refusal)));
        None
    }

    pub(crate) fn trust(&self) -> &'a Trust {
        self.trust
    }

    /// Fields, for judging without an effect on the answer: nothing is noted.
    pub(crate) fn unnoted(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Who decided, unless that is known already.
    pub(crate) fn note_policy(&self, name: &'static str) {
        self.policy_name.set(self.policy_name.get().or(Some(name)));
    }

    pub(crate) fn policy_name(&self) -> Option<&'static str> {
        self.policy_name.get()
    }

    /// Whether the operator named this host.
    pub(crate) fn hosts_vouch_for(&self, host: &Authority<'_>) -> bool {
        self.hosts.vouch_for(host)
    }

    /// Host and port that the user agent asked for. `None` if there is none (HTTP/1.0), or if it is
    /// refused: then the layer answers 400 or 421, whatever the policy decides.
    pub fn authority(&self) -> Option<Authority<'a>> {
        let look = || look(self).unwrap_or_else(|refusal| self.refuse(refusal));
        *self.authority.get_or_init(look)
    }

    /// The origin server itself is meant: `OPTIONS *` and CONNECT have no URL to move to.
    pub(crate) fn has_no_url(&self) -> bool {
        *self.method == Method::CONNECT || self.path() == "*"
    }

    /// A CORS preflight: Fetch takes nothing but an ok status for an answer, so that a redirection
    /// would only break it.
    pub fn is_preflight(&self) -> bool {
        *self.method == Method::OPTIONS
            && self.headers.contains_key(header::ORIGIN)
            && self.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    pub(crate) fn diagnose(&self, diagnosis: Diagnosis) {
        if !self.heard {
            return;
        }
        self.diagnoses.borrow_mut().get_or_insert_default().0.push(diagnosis);
    }

    /// Hands over what was diagnosed.
    pub(crate) fn each_diagnosis(&self, tell: impl FnMut(Diagnosis)) {
        if let Some(diagnoses) = self.diagnoses.take() {
            diagnoses.0.into_iter().for_each(tell);
        }
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get()
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
        self.reads.borrow().vary(self.trust)
    }
}

fn known<T>(value: Option<T>) -> OnceCell<T> {
    value.map_or_else(OnceCell::new, OnceCell::from)
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", self.method)
            .field("path", &self.path())
            .field("version", &self.version)
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}
