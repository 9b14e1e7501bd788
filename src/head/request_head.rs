use std::cell::RefCell;
use std::fmt;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Version, header};

use super::decider::Decider;
use super::effective::EffectiveCache;
use super::notes::{Notes, NotesHandle};
use super::parts::Parts;
use super::trace::Trace;
use crate::axum::UriSource;
use crate::diagnosis::Diagnosis;
use crate::event::DiagnosisHook;
use crate::trust::Trust;
use crate::uri::{Hosts, Origin};

/// A request without its body, as a [`RedirectPolicy`](crate::RedirectPolicy) sees it.
///
/// The scheme, the host and the client's address are the *effective* ones: those of the user agent, even
/// behind trusted proxies. Each is computed when it is first needed.
///
/// Reading a header affects the layer's own answers: if caches may store an answer, its `Vary` names the
/// headers that were read. Responses of the inner service get no `Vary`. If a policy, in `decide`, asks for
/// a host or a forwarded value that is refused, the layer answers 400 or 421, whatever the policy decides.
/// A policy should therefore read only what it needs.
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
    pub(super) parts: Parts<'a>,
    pub(super) trust: &'a Trust,
    pub(super) hosts: &'a Hosts,
    pub(super) effective: EffectiveCache<'a>,
    /// The policy that decided about this head. It is not among the notes, because another policy may
    /// decide about a moved head.
    pub(super) decider: RefCell<Option<Decider>>,
    pub(super) notes: NotesHandle<'a>,
    /// Collects the reasons of policies and the names of rules, which allocates. `None` if nothing uses
    /// them.
    pub(super) trace: Option<&'a Trace>,
    /// Receives diagnoses. `None` if neither a hook nor a subscriber wants them, for an
    /// [observer](Self::observed), and for a moved head, whose request was never made.
    on_diagnosis: Option<&'a DiagnosisHook>,
}

/// Creates a head that trusts no peer and accepts any host, for testing a policy without a layer.
impl<'a, B> From<&'a Request<B>> for RequestHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        static NOBODY: Trust = Trust::nobody();
        Self::with_trust(request, &NOBODY)
    }
}

impl<'a> RequestHead<'a> {
    /// Creates a head like those that a layer with this [`Trust`] passes to a policy, for testing a
    /// policy without a layer. It accepts any host.
    pub fn with_trust<B>(request: &'a Request<B>, trust: &'a Trust) -> Self {
        static ANY: Hosts = Hosts::any();
        Self::with_hosts(request, UriSource::ORIGINAL, trust, &ANY)
    }

    /// Creates a head like those that a layer passes to policies, with notes that no layer reads.
    pub(crate) fn with_hosts<B>(
        request: &'a Request<B>,
        uri_source: UriSource,
        trust: &'a Trust,
        hosts: &'a Hosts,
    ) -> Self {
        let notes = NotesHandle::Own(Box::default());
        Self::new(request, uri_source, trust, hosts, notes, None, None)
    }

    /// Creates a head. `uri_source` tells where to find the URI that the client asked for if an outer router
    /// has changed it. Policies leave their notes in `notes`, and their reasons in `trace`. Diagnoses are
    /// reported to `on_diagnosis`.
    pub(crate) fn new<B>(
        request: &'a Request<B>,
        uri_source: UriSource,
        trust: &'a Trust,
        hosts: &'a Hosts,
        notes: NotesHandle<'a>,
        trace: Option<&'a Trace>,
        on_diagnosis: Option<&'a DiagnosisHook>,
    ) -> Self {
        Self {
            parts: Parts::new(request, uri_source),
            trust,
            hosts,
            effective: EffectiveCache::default(),
            decider: RefCell::new(None),
            notes,
            trace,
            on_diagnosis,
        }
    }

    /// The path prefix that a proxy removed; empty if there is none.
    pub(crate) fn mount(&self) -> &'a str {
        self.hosts.mount()
    }

    /// Whether diagnoses are collected.
    pub(crate) fn wants_diagnoses(&self) -> bool {
        self.on_diagnosis.is_some()
    }

    /// Returns the head of the request that the client would send if it were redirected to this path
    /// and query, and to `origin` if one is given. The new head shares the notes of this one.
    pub(crate) fn moved<'m>(
        &'m self,
        origin: Option<Origin<'m>>,
        path: &'m str,
        query: Option<&'m str>,
    ) -> RequestHead<'m> {
        RequestHead {
            parts: self.parts.at(path, query),
            trust: self.trust,
            hosts: self.hosts,
            effective: self.effective.at(origin),
            decider: RefCell::new(None),
            notes: NotesHandle::Shared(self.notes.get()),
            trace: self.trace,
            on_diagnosis: None,
        }
    }

    /// The same request with other notes, and a trace.
    pub(crate) fn traced<'n>(&'n self, notes: &'n Notes, trace: &'n Trace) -> RequestHead<'n>
    where
        'a: 'n,
    {
        RequestHead { notes: NotesHandle::Shared(notes), trace: Some(trace), ..self.observed() }
    }

    /// The same request for an observer: if a value that the observer reads is refused, this request is
    /// not refused, and nothing is diagnosed.
    pub(crate) fn observed<'n>(&'n self) -> RequestHead<'n>
    where
        'a: 'n,
    {
        let moved = self.moved(None, self.path(), self.query());
        RequestHead { parts: self.parts.reborrow(), ..moved }
    }

    /// The method.
    pub fn method(&self) -> &'a Method {
        self.parts.method
    }

    /// The path, not decoded. It is the path that was sent or, if the policies are asked about the target
    /// of a redirection, the path of that target. It is `*` for `OPTIONS *`, and empty for a `CONNECT`
    /// that is not extended (RFC 8441).
    pub fn path(&self) -> &'a str {
        self.parts.path()
    }

    /// The query, not decoded and without the `?`.
    pub fn query(&self) -> Option<&'a str> {
        self.parts.query()
    }

    /// The protocol version.
    pub fn version(&self) -> Version {
        self.parts.version
    }

    /// The first value of a header. `None` if there is no such header, or the text is not a header
    /// name. Notes the name for `Vary`, except `Host`, which is part of every cache key.
    ///
    /// The name is a [`HeaderName`] or text. Text costs a parse on each call, and an allocation for
    /// a name that `http` has no constant for.
    ///
    /// ```
    /// use http::{HeaderName, Request, header};
    /// use tower_redirect::RequestHead;
    ///
    /// const TENANT: HeaderName = HeaderName::from_static("x-tenant");
    ///
    /// let request = Request::get("/").header("accept", "text/html").header(TENANT, "7").body(())?;
    /// let head = RequestHead::from(&request);
    /// assert!(head.header("accept").is_some_and(|value| value == "text/html"));
    /// assert!(head.header(TENANT).is_some_and(|value| value == "7"));
    /// assert!(head.header(header::COOKIE).is_none());
    /// assert!(head.header("no header").is_none());
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn header(&self, name: impl TryInto<HeaderName>) -> Option<&'a HeaderValue> {
        let name = name.try_into().ok()?;
        let value = self.parts.headers.get(&name);
        self.notes.get().vary.note(name);
        value
    }

    /// All values of a header, in order. Notes the name for `Vary`, as [`header`](Self::header)
    /// does.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::RequestHead;
    ///
    /// let request = Request::get("/").header("accept", "text/html").header("accept", "*/*");
    /// let request = request.body(())?;
    /// let head = RequestHead::from(&request);
    /// assert_eq!(head.header_all("accept").count(), 2);
    /// assert_eq!(head.header_all("cookie").count(), 0);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn header_all<N>(&self, name: N) -> impl Iterator<Item = &'a HeaderValue> + use<'a, N>
    where
        N: TryInto<HeaderName>,
    {
        let name = name.try_into().ok();
        let values = name.as_ref().map(|name| self.parts.headers.get_all(name));
        name.into_iter().for_each(|name| self.notes.get().vary.note(name));
        values.into_iter().flatten()
    }

    /// All headers. Notes `*` for `Vary`, so that no cache reuses the answer (RFC 9110 §12.5.5).
    pub fn headers(&self) -> &'a HeaderMap {
        self.notes.get().vary.note_all();
        self.parts.headers
    }

    /// All headers, without a note for `Vary`: for diagnoses, to recognize gRPC, and for conditions on
    /// clients. Caches do not store an answer that depends on such a condition.
    pub(crate) fn headers_without_note(&self) -> &'a HeaderMap {
        self.parts.headers
    }

    /// The extensions, as the acceptor and outer layers set them.
    pub fn extensions(&self) -> &'a Extensions {
        self.parts.extensions
    }

    /// Marks the answer `no-store`, whether the layer or the inner service gives it. Call this if the
    /// decision, a pass included, depends on which client sent the request: a cache would give the answer to
    /// other clients, too.
    pub fn forbid_storing(&self) {
        self.notes.get().no_store.set(true);
    }

    /// Whether [`forbid_storing`](Self::forbid_storing) was called.
    pub(crate) fn forbids_storing(&self) -> bool {
        self.notes.get().no_store.get()
    }

    /// Whether the request is a CORS preflight. A redirection would make it fail, because browsers
    /// accept only a 2xx answer (Fetch).
    pub fn is_preflight(&self) -> bool {
        *self.parts.method == Method::OPTIONS
            && self.parts.headers.contains_key(header::ORIGIN)
            && self.parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Whether the request has no URL that could move, so that it cannot be redirected: CONNECT names only a
    /// host and port, and `OPTIONS *` the server as a whole (RFC 9112 §3.2). An extended CONNECT (RFC 8441)
    /// counts as a CONNECT.
    pub(crate) fn has_no_url(&self) -> bool {
        *self.parts.method == Method::CONNECT || self.path() == "*"
    }

    /// Whether path and query need no percent-encoding in a `Location`.
    pub(crate) fn is_plain(&self) -> bool {
        self.parts.is_plain()
    }

    /// The path and query as they were sent, if a `Location` may hold them as they are.
    pub(crate) fn plain_target(&self) -> Option<&'a str> {
        self.parts.plain_target()
    }

    pub(crate) fn trust(&self) -> &'a Trust {
        self.trust
    }

    /// The effective origin; `None` if the request has no host or its host is refused.
    pub(crate) fn origin(&self) -> Option<Origin<'a>> {
        self.authority().map(|authority| Origin::new(self.scheme(), authority))
    }

    /// Whether the operator listed the host of this origin or set it as the default.
    pub(crate) fn lists_host(&self, origin: &Origin<'_>) -> bool {
        self.hosts.contains(&origin.authority(), || origin.port())
    }

    /// Whether the operator listed the host of this origin with its port.
    pub(crate) fn lists_port(&self, origin: &Origin<'_>) -> bool {
        self.hosts.lists_port(&origin.authority(), origin.port())
    }

    /// Whether the operator listed exactly this name without a port. An entry `*.example.com` does not count.
    pub(crate) fn lists_name(&self, host: &str) -> bool {
        self.hosts.contains_text(host.as_bytes())
    }

    pub(crate) fn diagnose(&self, diagnosis: Diagnosis) {
        if let Some(hook) = self.on_diagnosis {
            hook.report(diagnosis, self.peer());
        }
    }

    /// The value of `Vary` for the answer, which names the headers that were noted; `None` if none
    /// was.
    pub(crate) fn vary(&self) -> Option<HeaderValue> {
        self.notes.get().vary.value(self.trust)
    }
}

/// The scheme is shown only if it was asked for before: formatting a head reads no header.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", self.parts.method)
            .field("path", &self.path())
            .field("version", &self.parts.version)
            .field("scheme", &self.known_scheme())
            .finish_non_exhaustive()
    }
}
