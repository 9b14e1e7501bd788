//! Remembers permanent redirections from one call to the next, as browsers do.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};

use super::cache_control::{Directive, directives};
use super::freshness::fresh_for;
use super::history::Hop;
use super::make_room::make_room;
use super::policy::LayerPolicy;
use super::redirect_error::RedirectError;
use super::saved_request::SavedRequest;
use super::settings::Settings;
use super::step::{NextStep, step};
use crate::method::is_get_or_head;
use crate::system_clock;
use crate::uri::Scheme;

/// The maximum number of redirections that are remembered.
const MAX_REDIRECTIONS: usize = 10_000;

/// The maximum number of remembered redirections that are applied in a row.
const MAX_CHAIN: usize = 20;

/// The maximum length in bytes of a remembered URL and its `Location` together.
const MAX_LENGTH: usize = 8 * 1024;

/// A memory of permanent redirections, for
/// [`FollowRedirectsLayer::remembered`](crate::FollowRedirectsLayer::remembered). Clones share it.
///
/// 1. A 301 or 308 that answers GET or HEAD is learned when it is followed, if the request's URL was
///    absolute and had no userinfo, if the request had no
///    [credentials](crate::FollowRedirectsLayer::replace_credential_headers) (`Referer` and `Origin` count
///    as such) and no other sensitive header, and if the redirection is permanent as defined by
///    [`permanent_uri`](crate::RedirectHistory::permanent_uri). A layer with
///    [`on_request`](crate::FollowRedirectsLayer::on_request) or
///    [`on_request_to`](crate::FollowRedirectsLayer::on_request_to) learns nothing: the hook may add a
///    secret. A redirection of a URL to itself is not learned.
/// 2. A redirection is kept for the lifetime that `Cache-Control: max-age` or `Expires` sets, for a day if
///    there is neither, and for a year at most; `Age`, or the time since `Date` if that is longer, is
///    subtracted (RFC 9111 §4.2). With `no-store`, `no-cache` or `Vary`, or if the request had `no-store`,
///    it is not kept.
/// 3. A later GET or HEAD for the URL is sent directly to the target. Policy, guard, limit and the removal
///    of headers apply as if the redirection had been received, and
///    [`Hop::was_remembered`](super::Hop::was_remembered) returns `true`. If the policy or the limit
///    returns the redirection, the request is sent as it is. If the target is already in the history of
///    the call, the redirection is forgotten, and the request is sent as it is: the site may have moved
///    back.
/// 4. Requests with other methods follow only a remembered 308, and only with
///    [`any_method`](Self::any_method).
/// 5. A request with `Cache-Control: no-cache`, `no-store` or `max-age=0` is sent as it is (RFC 9111
///    §5.2.1). The memory is not used for an upgrade or a CONNECT, nor if `Host` differs from the URL.
/// 6. The redirection of a URL is forgotten if a request to it with an unsafe method is answered with 2xx
///    or 3xx (RFC 9111 §4.4).
/// 7. Up to 10,000 redirections are kept, each with a URL and a `Location` of at most 8 KiB together.
///    A full memory removes first those that are not fresh, then those that were used longest ago.
///
/// Pitfall: share a memory only among callers that servers treat alike. Headers that an inner layer
/// adds, such as a user's token or cookies, are not known to the memory.
///
/// ```
/// use http::{Request, Response, StatusCode, header};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::follow::Remembered;
/// use tower_redirect::{FollowRedirectsLayer, RedirectHistory};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = service_fn(async |request: Request<String>| {
///     let mut response = Response::new(String::new());
///     if request.uri().path() == "/old" {
///         *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
///         let new = header::HeaderValue::from_static("/new");
///         response.headers_mut().insert(header::LOCATION, new);
///     }
///     Ok::<_, std::convert::Infallible>(response)
/// });
/// let client = FollowRedirectsLayer::new().remembered(Remembered::new()).layer(server);
/// for was_remembered in [false, true] {
///     let request = Request::get("http://a.test/old").body(String::new())?;
///     let response = client.clone().oneshot(request).await?;
///     let history = RedirectHistory::of(&response).ok_or("not redirected")?;
///     assert_eq!(history.hops()[0].was_remembered(), was_remembered);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Remembered {
    shared: Arc<Mutex<Shared>>,
    any_method: bool,
    now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

#[derive(Default)]
struct Shared {
    redirections: HashMap<Uri, Redirection>,
    /// The number of searches and insertions so far. `Redirection::used` is its value at the last use.
    uses: u64,
}

struct Redirection {
    status: StatusCode,
    location: HeaderValue,
    /// The URL that `location` led to.
    target: Uri,
    expires: SystemTime,
    used: u64,
}

impl Remembered {
    /// Creates an empty memory.
    pub fn new() -> Self {
        let now = Arc::new(system_clock::now);
        Self { shared: Arc::default(), any_method: false, now }
    }

    /// Applies a remembered 308 to requests with any method.
    pub fn any_method(mut self) -> Self {
        self.any_method = true;
        self
    }

    /// Replaces the system's clock, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// Returns the number of redirections, including those that are no longer fresh but not yet removed.
    pub fn len(&self) -> usize {
        self.lock().redirections.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.lock().redirections.clear();
    }

    /// Applies remembered redirections to a request, one after the other, as if they had been received.
    pub(super) fn apply(
        &self,
        settings: &Settings,
        policy: &impl LayerPolicy,
        request: &mut SavedRequest,
    ) -> Result<(), RedirectError> {
        if request.memory_use != MemoryUse::Full {
            return Ok(());
        }
        // The requests that are skipped here are not sent, so `error_on_loop` does not count them: a server
        // may redirect to one of them, because the site has moved back.
        let sent = request.sent.take();
        for _ in 0..MAX_CHAIN {
            let found = self.find(&request.method, &request.uri);
            let Some((status, headers, target)) = found else { break };
            // HSTS may have learned the host after the redirection was learned.
            let target = settings.upgraded(&target).unwrap_or(target);
            if request.history.hops().iter().any(|hop| *key(&hop.uri) == target) {
                self.forget(&request.uri);
                break;
            }
            // The body can be sent: this request is not sent yet, so its body is still at hand.
            let next = step(settings, policy, request, status, &headers, || true)?;
            if next == NextStep::Return {
                break;
            }
            request.history.mark_remembered();
            settings.events.followed(&request.history, None);
        }
        request.sent = sent;
        Ok(())
    }

    /// Returns the redirection to apply to a request: its status, its `Location` in a map of headers, and
    /// the URL that it led to.
    fn find(&self, method: &Method, uri: &Uri) -> Option<(StatusCode, HeaderMap, Uri)> {
        let now = (self.now)();
        let mut shared = self.lock();
        shared.uses += 1;
        let used = shared.uses;
        let found = shared.redirections.get_mut(&*key(uri)).filter(|found| now < found.expires)?;
        let is_applicable = is_get_or_head(method)
            || self.any_method && found.status == StatusCode::PERMANENT_REDIRECT;
        if !is_applicable {
            return None;
        }
        found.used = used;
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(header::LOCATION, found.location.clone());
        Some((found.status, headers, found.target.clone()))
    }

    /// Learns the redirection of `hop`, which was received in a response with these headers.
    pub(super) fn learn(&self, hop: &Hop, headers: &HeaderMap) {
        let has_origin = hop.uri.scheme().is_some() && hop.uri.authority().is_some();
        let has_userinfo = hop.uri.authority().is_some_and(|a| a.as_str().contains('@'));
        if !hop.is_permanent() || !is_get_or_head(&hop.method) || !has_origin || has_userinfo {
            return;
        }
        let now = (self.now)();
        let Some(location) = headers.get(header::LOCATION) else { return };
        // The URLs and `location` are copied, because they may share the buffer of a response head, and would
        // keep it alive.
        let asked = key(&hop.uri);
        let key = asked.to_string();
        if key.len() + location.len() > MAX_LENGTH || *asked == hop.next_uri {
            return;
        }
        let (Ok(key), Ok(target), Ok(location)) = (
            Uri::try_from(key),
            Uri::try_from(hop.next_uri.to_string()),
            HeaderValue::from_bytes(location.as_bytes()),
        ) else {
            return;
        };
        let Some(expires) = fresh_for(headers, now).and_then(|time| now.checked_add(time)) else {
            return;
        };
        let mut shared = self.lock();
        if shared.redirections.len() >= MAX_REDIRECTIONS && !shared.redirections.contains_key(&key)
        {
            make_room(
                &mut shared.redirections,
                MAX_REDIRECTIONS,
                |known| now < known.expires,
                |_, known| known.used,
            );
        }
        shared.uses += 1;
        let used = shared.uses;
        let learned = Redirection { status: hop.status, location, target, expires, used };
        shared.redirections.insert(key, learned);
    }

    /// Forgets the redirection of a URL.
    pub fn forget(&self, uri: &Uri) {
        self.lock().redirections.remove(&*key(uri));
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the URL under which a redirection is kept. An empty port and the default port of the scheme are
/// left out, because a URL with them and a URL without them name one resource (RFC 9110 §4.2.3).
fn key(uri: &Uri) -> Cow<'_, Uri> {
    let is_default = match uri.port_u16() {
        None => uri.authority().is_some_and(|authority| authority.as_str().ends_with(':')),
        port => port == Scheme::of(uri).map(Scheme::default_port),
    };
    let plain = || {
        let mut parts = uri.clone().into_parts();
        let (before, _) = parts.authority.as_ref()?.as_str().rsplit_once(':')?;
        parts.authority = Some(before.parse().ok()?);
        Uri::from_parts(parts).ok()
    };
    is_default.then(plain).flatten().map_or(Cow::Borrowed(uri), Cow::Owned)
}

/// How a request uses the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoryUse {
    /// Not at all: the request is an upgrade or a CONNECT, its `Host` differs from its URL, or its response
    /// must not be stored.
    None,
    /// The request is sent as it is, and a redirection may be learned from its response.
    LearnOnly,
    /// Remembered redirections are applied, and a redirection may be learned from the response.
    Full,
}

impl MemoryUse {
    pub(super) fn of<B>(request: &Request<B>, is_followable: bool) -> Self {
        let headers = request.headers();
        let authority = request.uri().authority().map(Authority::as_str).unwrap_or_default();
        let matches_url =
            |host: &HeaderValue| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes());
        if !is_followable || !headers.get_all(header::HOST).iter().all(matches_url) {
            return Self::None;
        }
        directives(headers).flatten().fold(Self::Full, |so_far, directive| match directive {
            Directive::NoStore => Self::None,
            Directive::NoCache | Directive::MaxAge(0) if so_far == Self::Full => Self::LearnOnly,
            _ => so_far,
        })
    }
}

impl Default for Remembered {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered")
            .field("len", &self.len())
            .field("any_method", &self.any_method)
            .finish()
    }
}
