use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Uri, header};

use super::context::RedirectContext;
use super::origins::Origins;
use super::redacted::Redacted;

/// A request of a chain just before it is sent: see
/// [`FollowRedirectsLayer::on_request`](crate::FollowRedirectsLayer::on_request).
pub struct HopRequest<'a> {
    parts: &'a mut Parts,
}

impl HopRequest<'_> {
    /// Returns the method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// Returns the URL, which passed the safety checks.
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// Returns how many redirections led to this request, including remembered ones.
    ///
    /// If this follower is inside of another one, the first request of each call counts the redirections of
    /// the outer follower, and later requests only those of this one.
    pub fn hop(&self) -> usize {
        self.context().map_or(0, RedirectContext::hop)
    }

    /// Returns the chain of redirections that led to this request; `None` if there were none.
    pub fn context(&self) -> Option<&RedirectContext> {
        RedirectContext::of(&self.parts.extensions)
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Returns the headers. Changes apply to this request alone, and changes to `Host` are undone.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.parts.headers
    }

    /// Returns the extensions.
    pub fn extensions(&self) -> &Extensions {
        &self.parts.extensions
    }

    /// Returns the extensions. Changes apply to this request alone.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.parts.extensions
    }
}

impl fmt::Debug for HopRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HopRequest")
            .field("method", self.method())
            .field("uri", &Redacted(self.uri()))
            .field("hop", &self.hop())
            .finish_non_exhaustive()
    }
}

/// Functions that change each request before it is sent, in the order in which they are called.
#[derive(Clone, Default)]
pub(super) struct RequestHooks(Vec<(Option<Origins>, Arc<RequestHook>)>);

type RequestHook = dyn Fn(&mut HopRequest<'_>) + Send + Sync;

impl RequestHooks {
    /// Adds a hook for requests to `origins`, or for all requests if `origins` is `None`.
    pub(super) fn push(
        &mut self,
        origins: Option<Origins>,
        hook: impl Fn(&mut HopRequest<'_>) + Send + Sync + 'static,
    ) {
        self.0.push((origins, Arc::new(hook)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn apply<B>(&self, request: Request<B>) -> Request<B> {
        if self.0.is_empty() {
            return request;
        }
        let (mut parts, body) = request.into_parts();
        let hosts: Vec<_> = parts.headers.get_all(header::HOST).iter().cloned().collect();
        for (origins, hook) in &self.0 {
            if origins.as_ref().is_none_or(|origins| origins.lists(&parts.uri)) {
                hook(&mut HopRequest { parts: &mut parts });
            }
        }
        restore_host(&mut parts.headers, hosts);
        Request::from_parts(parts, body)
    }
}

/// Undoes changes to `Host`. A proxy may send a request with another `Host` to a server that was not
/// checked.
fn restore_host(headers: &mut HeaderMap, hosts: Vec<HeaderValue>) {
    if !headers.get_all(header::HOST).iter().eq(&hosts) {
        headers.remove(header::HOST);
        for host in hosts {
            // Fails only if the hooks have added so many headers that no more fit.
            let _ = headers.try_append(header::HOST, host);
        }
    }
}

impl fmt::Debug for RequestHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}
