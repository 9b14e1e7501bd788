use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Version};

use super::effective::EffectiveCache;
use super::notes::{Notes, NotesHandle};
use super::parts::Parts;
use crate::axum::UriSource;
use crate::diagnosis::Diagnosis;
use crate::trust::Trust;
use crate::uri::{Hosts, Origin};

/// A request without its body, as a [`RedirectPolicy`](crate::RedirectPolicy) sees it.
///
/// Scheme, host and client are the *effective* ones: those of the user agent, with trusted proxies
/// accounted for. They are computed when a policy first asks for them.
///
/// Asking leaves notes for the layer's answer. A header that was read is named in `Vary` of an answer
/// that caches may store, and a host or forwarded field that is refused is answered 400 or 421,
/// whatever the policy decides. A policy should therefore ask for what it needs, and no more.
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
    /// The path prefix that a proxy removed; empty where there is none.
    mount: &'a str,
    pub(super) effective: EffectiveCache<'a>,
    /// The policy that decided about this head. A moved head is decided about by another one.
    policy_name: Cell<Option<Cow<'static, str>>>,
    pub(super) notes: NotesHandle<'a>,
}

/// Trusts no peer and takes any host: for testing a policy without a layer.
impl<'a, B> From<&'a Request<B>> for RequestHead<'a> {
    fn from(request: &'a Request<B>) -> Self {
        static NOBODY: Trust = Trust::nobody();
        Self::with_trust(request, &NOBODY)
    }
}

impl<'a> RequestHead<'a> {
    /// The head as a layer with this [`Trust`] passes it to a policy, for any host: for testing a
    /// policy without a layer.
    pub fn with_trust<B>(request: &'a Request<B>, trust: &'a Trust) -> Self {
        static ANY: Hosts = Hosts::any();
        Self::new(request, UriSource::ORIGINAL, trust, &ANY)
    }

    /// `uri_source` says which URI the client asked for, where a router outside changed it.
    pub(crate) fn new<B>(
        request: &'a Request<B>,
        uri_source: UriSource,
        trust: &'a Trust,
        hosts: &'a Hosts,
    ) -> Self {
        Self {
            parts: Parts::new(request, uri_source),
            trust,
            hosts,
            mount: "",
            effective: EffectiveCache::default(),
            policy_name: Cell::new(None),
            notes: NotesHandle::Own(Notes::default()),
        }
    }

    /// Puts the head behind a proxy that removed `mount` from the start of the path.
    pub(crate) fn set_mount(&mut self, mount: &'a str) {
        self.mount = mount;
    }

    pub(crate) fn mount(&self) -> &'a str {
        self.mount
    }

    /// Collects diagnoses for a hook.
    pub(crate) fn collect_diagnoses(&mut self) {
        if let NotesHandle::Own(notes) = &mut self.notes {
            notes.diagnoses = Some(RefCell::default());
        }
    }

    pub(crate) fn collects_diagnoses(&self) -> bool {
        self.notes.diagnoses().is_some()
    }

    /// The same request as it would come back for another path and query, and at another origin
    /// where one is given. It shares the notes of this head.
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
            mount: self.mount,
            effective: self.effective.at(origin),
            policy_name: Cell::new(None),
            notes: NotesHandle::Shared(self.notes.get()),
        }
    }

    /// The method.
    pub fn method(&self) -> &'a Method {
        self.parts.method
    }

    /// The path as it was sent, not decoded; `*` for `OPTIONS *`, empty for `CONNECT`.
    pub fn path(&self) -> &'a str {
        self.parts.path()
    }

    /// The query as it was sent, not decoded and without the `?`.
    pub fn query(&self) -> Option<&'a str> {
        self.parts.query()
    }

    /// The protocol version.
    pub fn version(&self) -> Version {
        self.parts.version
    }

    /// The first value of a header. Notes the name for `Vary`. `None` for text that is no header
    /// name.
    ///
    /// The name is a [`HeaderName`] or text. Text costs a parse on each call, and an allocation for a
    /// name that `http` has no constant for.
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

    /// All values of a header, in order. Notes the name for `Vary`, as [`header`](Self::header) does.
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

    /// The headers, for a diagnosis that has no effect on the answer: nothing is noted.
    pub(crate) fn unnoted(&self) -> &'a HeaderMap {
        self.parts.headers
    }

    /// The extensions, as the acceptor and outer layers set them.
    pub fn extensions(&self) -> &'a Extensions {
        self.parts.extensions
    }

    /// Marks the answer `no-store`, also if the inner service gives it and whatever `Cache-Control`
    /// it has: for a pass that others with the same request would not get.
    pub fn forbid_storing(&self) {
        self.notes.get().no_store.set(true);
    }

    pub(crate) fn is_unstored(&self) -> bool {
        self.notes.get().no_store.get()
    }

    /// Whether the request is a CORS preflight. Browsers accept only an ok status as its answer
    /// (Fetch), so that a redirection would break it.
    pub fn is_preflight(&self) -> bool {
        self.parts.is_preflight()
    }

    pub(crate) fn has_no_url(&self) -> bool {
        self.parts.has_no_url()
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.parts.is_plain()
    }

    pub(crate) fn trust(&self) -> &'a Trust {
        self.trust
    }

    /// The effective origin; `None` without an acceptable host.
    pub(crate) fn origin(&self) -> Option<Origin<'a>> {
        self.authority().map(|authority| Origin::new(self.scheme(), authority))
    }

    /// Whether the operator listed the host of this origin.
    pub(crate) fn lists_host(&self, origin: &Origin<'_>) -> bool {
        self.hosts.contains(&origin.authority(), || origin.port())
    }

    /// Whether the operator listed the host of this origin with its port.
    pub(crate) fn lists_port(&self, origin: &Origin<'_>) -> bool {
        self.hosts.lists_port(&origin.authority(), origin.port())
    }

    /// Whether the operator listed this very name, without a port.
    pub(crate) fn lists_name(&self, host: &str) -> bool {
        self.hosts.contains_text(host.as_bytes())
    }

    /// Notes the policy that decided, unless an inner one is noted already.
    pub(crate) fn note_policy(&self, name: impl FnOnce() -> Cow<'static, str>) {
        let noted = self.policy_name.take();
        self.policy_name.set(noted.or_else(|| Some(name())));
    }

    /// Replaces the name of the policy that decided.
    pub(crate) fn rename_policy(&self, name: Cow<'static, str>) {
        self.policy_name.set(Some(name));
    }

    pub(crate) fn policy_name(&self) -> Option<Cow<'static, str>> {
        let noted = self.policy_name.take();
        self.policy_name.set(noted.clone());
        noted
    }

    pub(crate) fn diagnose(&self, diagnosis: Diagnosis) {
        if let Some(diagnoses) = self.notes.diagnoses() {
            diagnoses.borrow_mut().push(diagnosis);
        }
    }

    /// Takes the diagnoses, and calls `tell` with each.
    pub(crate) fn each_diagnosis(&self, tell: impl FnMut(Diagnosis)) {
        if let Some(diagnoses) = self.notes.diagnoses() {
            diagnoses.take().into_iter().for_each(tell);
        }
    }

    /// `Vary` of the answer: the names of the headers that were read.
    pub(crate) fn vary(&self) -> Option<HeaderValue> {
        self.notes.get().vary.value(self.trust)
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", self.parts.method)
            .field("path", &self.path())
            .field("version", &self.parts.version)
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}
