mod host;
mod reads;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::IpAddr;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header};

use crate::diagnosis::Diagnosis;
use crate::trust::{Authority, Facts, Hosts, Peer, Scheme, Trust};
pub(crate) use host::Refusal;
use host::{Looked, look};
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
    scheme: Cell<Option<Scheme>>,
    facts: Cell<Option<Result<Facts<'a>, Refusal>>>,
    authority: Cell<Option<Looked<'a>>>,
    reads: RefCell<Reads>,
    rule: Cell<Option<&'static str>>,
    /// Boxed, so that the many heads without one have little to drop.
    diagnoses: RefCell<Option<Box<Diagnoses>>>,
}

#[derive(Default)]
struct Diagnoses(Vec<Diagnosis>);

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
            scheme: Cell::new(None),
            facts: Cell::new(None),
            authority: Cell::new(None),
            reads: RefCell::default(),
            rule: Cell::new(None),
            diagnoses: RefCell::default(),
        }
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
            scheme: Cell::new(origin.map_or(self.scheme.get(), |(scheme, _)| Some(scheme))),
            facts: Cell::new(self.facts.get()),
            authority: Cell::new(match origin {
                Some((_, authority)) => Some(Ok(Some(authority))),
                None => self.authority.get(),
            }),
            reads: RefCell::default(),
            rule: Cell::new(None),
            diagnoses: RefCell::default(),
        }
    }

    /// Notes what was read of a head that was made of this one. Its diagnoses are not ours: the
    /// request they are about was not made.
    pub(crate) fn absorb_reads(&self, moved: RequestHead<'_>) {
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

    /// The scheme that the user agent used, as far as it is proven.
    pub fn scheme(&self) -> Scheme {
        self.scheme.get().unwrap_or_else(|| {
            let said = || match self.trust.has_proxies() {
                true => self.facts().map(|facts| facts.scheme),
                false => Some(Trust::accepted(self.extensions)),
            };
            let scheme = self.trust.fixed_scheme().or_else(said);
            let scheme = scheme.unwrap_or(Scheme::Http);
            self.scheme.set(Some(scheme));
            scheme
        })
    }

    /// The address of the user agent, or of the last proxy that is not ours: the peer's, or what a
    /// trusted proxy forwards. `None` where nobody who counts knows.
    pub fn client(&self) -> Option<IpAddr> {
        self.facts().and_then(|facts| facts.client)
    }

    /// The other end of the connection, where the server said who that is.
    pub fn peer(&self) -> Option<Peer> {
        self.trust.peer(self.extensions)
    }

    /// `None` where the fields of a trusted proxy are refused.
    fn facts(&self) -> Option<Facts<'a>> {
        let facts = self.facts.get().unwrap_or_else(|| {
            let facts = self.trust.facts(self.extensions, self.headers);
            let facts = facts.map_err(Refusal::bad_request);
            if !facts.is_ok_and(|facts| !facts.by_proxy) {
                self.trust.fields().for_each(|name| self.reads.borrow_mut().note(name));
            }
            if let (Ok(Facts { scheme_missing: true, .. }), Some(peer)) = (facts, self.peer()) {
                self.diagnose(Diagnosis::ProxyWithoutScheme { peer });
            }
            self.facts.set(Some(facts));
            facts
        });
        facts.ok()
    }

    fn forwarded_authority(&self) -> (Option<&'a str>, Option<u16>) {
        if !self.trust.forwards_authority() {
            return (None, None);
        }
        self.facts().map_or((None, None), |facts| (facts.host, facts.port))
    }

    /// Whether the fields of a trusted proxy were what counted.
    pub(crate) fn was_proxied(&self) -> bool {
        self.facts().is_none_or(|facts| facts.by_proxy)
    }

    pub(crate) fn trust(&self) -> &'a Trust {
        self.trust
    }

    /// Fields, for judging without an effect on the answer: nothing is noted.
    pub(crate) fn unnoted(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Who decided, unless that is known already.
    pub(crate) fn note_rule(&self, rule: &'static str) {
        self.rule.set(self.rule.get().or(Some(rule)));
    }

    pub(crate) fn rule(&self) -> Option<&'static str> {
        self.rule.get()
    }

    /// Whether the operator named this host.
    pub(crate) fn hosts_vouch_for(&self, host: &Authority<'_>) -> bool {
        self.hosts.vouch_for(host)
    }

    /// Whether the request is proven to have come over a secure connection.
    pub fn is_secure(&self) -> bool {
        self.scheme() == Scheme::Https
    }

    /// Host and port that the user agent asked for. `None` if there is none (HTTP/1.0), or if it is
    /// refused: then the layer answers 400 or 421, whatever the policy decides.
    pub fn authority(&self) -> Option<Authority<'a>> {
        let looked = self.authority.get().unwrap_or_else(|| {
            let looked = look(self);
            self.authority.set(Some(looked));
            looked
        });
        looked.ok().flatten()
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
        self.diagnoses.borrow_mut().get_or_insert_default().0.push(diagnosis);
    }

    pub(crate) fn take_diagnoses(&self) -> Vec<Diagnosis> {
        self.diagnoses.take().map_or(Vec::new(), |diagnoses| diagnoses.0)
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let by_proxy = self.facts.get().and_then(Result::err);
        by_proxy.or_else(|| self.authority.get().and_then(Result::err))
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
        self.reads.borrow().vary()
    }
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
