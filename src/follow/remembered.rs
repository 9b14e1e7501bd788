//! Permanent redirections that are remembered from one call to the next, as browsers do.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};

use super::cache_control::{Directive, directives, seconds};
use super::history::Hop;
use super::make_room::make_room;
use super::next_request::NextRequest;
use super::policy::LayerPolicy;
use super::redirect_error::RedirectError;
use super::settings::Settings;
use super::step::{NextStep, step};
use crate::method::is_get_or_head;
use crate::system_clock;
use crate::uri::Scheme;

/// The most redirections that are remembered.
const MAX_REDIRECTIONS: usize = 10_000;

/// The most redirections that are applied one after the other.
const MAX_CHAIN: usize = 20;

/// The most bytes of a remembered URL and its `Location` together.
const MAX_LENGTH: usize = 8 * 1024;

/// How long a redirection is kept if its response states no lifetime.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest lifetime. A longer one is shortened.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A memory of permanent redirections, for
/// [`FollowRedirectsLayer::remembered`](crate::FollowRedirectsLayer::remembered). Clones share it.
///
/// 1. A 301 or 308 that answers GET or HEAD is learned when it is followed, if the request had no
///    credentials and no userinfo, and if [`permanent_uri`](crate::RedirectHistory::permanent_uri) counts
///    it. A layer with [`on_request`](crate::FollowRedirectsLayer::on_request) or
///    [`on_request_to`](crate::FollowRedirectsLayer::on_request_to) learns nothing: the hook may add a
///    secret. A redirection to the URL itself is not learned.
/// 2. A redirection is kept for the time of `Cache-Control: max-age` or `Expires`, for a day if there is
///    neither, and for a year at most; `Age` is subtracted (RFC 9111 §4.2). With `no-store`, `no-cache` or
///    `Vary`, or if the request had `no-store`, it is not kept.
/// 3. A later GET or HEAD for the URL is sent to the target at once. Policy, guard, limit and the removal
///    of headers apply as if the redirection had been received, and
///    [`Hop::was_remembered`](super::Hop::was_remembered) returns `true`. If the policy stops, or the
///    limit returns, the request is sent as it is. If the target is already in the history of the call,
///    the redirection is forgotten, and the request is sent as it is: the site may have moved back.
/// 4. Other methods are moved only by a 308, and only with [`any_method`](Self::any_method).
/// 5. A request with `Cache-Control: no-cache`, `no-store` or `max-age=0` is sent as it is (RFC 9111
///    §5.2.1). The memory is not used for upgrades, nor if `Host` is not that of the URL.
/// 6. A request with an unsafe method that is answered 2xx or 3xx removes what is remembered for its URL
///    (RFC 9111 §4.4).
/// 7. Up to 10,000 redirections are kept, each with a URL and a `Location` of 8 KiB together at most.
///    Those that are not fresh make room first, then those that were used longest ago.
///
/// Pitfall: share a memory only among callers that servers treat alike. Headers that an inner layer
/// adds, such as a user's token or cookies, are not seen here.
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
    /// The number of uses so far. `Redirection::used` is its value at the last use.
    uses: u64,
}

struct Redirection {
    status: StatusCode,
    location: HeaderValue,
    /// The URL that it led to.
    target: Uri,
    expires: SystemTime,
    used: u64,
}

impl Remembered {
    /// Creates a memory that holds nothing.
    pub fn new() -> Self {
        let now = Arc::new(system_clock::now);
        Self { shared: Arc::default(), any_method: false, now }
    }

    /// Lets a remembered 308 move requests of any method.
    pub fn any_method(mut self) -> Self {
        self.any_method = true;
        self
    }

    /// Replaces the system's clock, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.now = Arc::new(now);
        self
    }

    /// The number of redirections, with those that are no longer fresh and were not removed yet.
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

    /// Applies what is remembered to a request, as if it had been received, one redirection after the
    /// other.
    pub(super) fn apply(
        &self,
        settings: &Settings,
        policy: &impl LayerPolicy,
        request: &mut NextRequest,
    ) -> Result<(), RedirectError> {
        if request.memory_use != MemoryUse::Full {
            return Ok(());
        }
        // Requests that are not sent do not count for `error_on_loop`: the site may have moved back.
        let sent = request.sent.take();
        for _ in 0..MAX_CHAIN {
            let found = self.find(&request.method, &request.uri);
            let Some((status, headers, target)) = found else { break };
            // HSTS may have learned the host since then.
            let target = settings.upgraded(&target).unwrap_or(target);
            if request.history.hops().iter().any(|hop| *key(&hop.uri) == target) {
                self.forget(&request.uri);
                break;
            }
            // The body can be sent, because nothing of it has been sent yet.
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

    /// The redirection to apply to a request: its status, its `Location` in a map of headers, and the
    /// URL that it led to.
    fn find(&self, method: &Method, uri: &Uri) -> Option<(StatusCode, HeaderMap, Uri)> {
        let now = (self.now)();
        let mut shared = self.lock();
        shared.uses += 1;
        let used = shared.uses;
        let found = shared.redirections.get_mut(&*key(uri)).filter(|found| now < found.expires)?;
        let may_move = is_get_or_head(method)
            || self.any_method && found.status == StatusCode::PERMANENT_REDIRECT;
        if !may_move {
            return None;
        }
        found.used = used;
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(header::LOCATION, found.location.clone());
        Some((found.status, headers, found.target.clone()))
    }

    /// Learns the redirection of `hop`, from a response with these headers.
    pub(super) fn learn(&self, hop: &Hop, headers: &HeaderMap) {
        let has_origin = hop.uri.scheme().is_some() && hop.uri.authority().is_some();
        let has_userinfo = hop.uri.authority().is_some_and(|a| a.as_str().contains('@'));
        if !hop.is_permanent() || !is_get_or_head(&hop.method) || !has_origin || has_userinfo {
            return;
        }
        let now = (self.now)();
        let Some(location) = headers.get(header::LOCATION) else { return };
        // Copies: the originals may be parts of a whole response head, which they would keep alive.
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

/// The URL under which a redirection is kept: without a port that is the default one of its scheme, since both
/// forms name one resource (RFC 9110 §4.2.3).
fn key(uri: &Uri) -> Cow<'_, Uri> {
    let is_default = match uri.port_u16() {
        None => false,
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

/// For how long a redirection may be kept; `None` if it may not be.
fn fresh_for(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if headers.contains_key(header::VARY) {
        return None;
    }
    let mut max_age = None;
    for directive in directives(headers) {
        match directive? {
            Directive::NoStore | Directive::NoCache => return None,
            // The first `max-age` counts. If it is not a number, the response is stale (RFC 9111 §4.2.1).
            Directive::MaxAge(seconds) => max_age = max_age.or(Some(seconds)),
            Directive::Other => {}
        }
    }
    let explicit = match max_age {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => headers.get(header::EXPIRES).map(|expires| {
            let expires =
                expires.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
            expires.and_then(|expires| expires.duration_since(now).ok()).unwrap_or_default()
        }),
    };
    // The first of several ages counts (RFC 9111 §5.1).
    let age = headers.get(header::AGE).and_then(|age| age.as_bytes().split(|b| *b == b',').next());
    let age = Duration::from_secs(age.map_or(0, seconds));
    let left = explicit.unwrap_or(DAY).saturating_sub(age).min(YEAR);
    (!left.is_zero()).then_some(left)
}

/// How a request uses the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoryUse {
    /// Not at all: the request is an upgrade or a CONNECT, its `Host` is not that of its URL, or its
    /// response must not be stored.
    None,
    /// The request is sent as it is, and a redirection may be learned from its response.
    LearnOnly,
    /// The memory is asked, and a redirection may be learned from the response.
    Full,
}

impl MemoryUse {
    pub(super) fn of<B>(request: &Request<B>, is_followable: bool) -> Self {
        let headers = request.headers();
        let authority = request.uri().authority().map(Authority::as_str).unwrap_or_default();
        let is_its_own =
            |host: &HeaderValue| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes());
        if !is_followable || !headers.get_all(header::HOST).iter().all(is_its_own) {
            return Self::None;
        }
        directives(headers).flatten().fold(Self::Full, |whole, directive| match directive {
            Directive::NoStore => Self::None,
            Directive::NoCache | Directive::MaxAge(0) if whole == Self::Full => Self::LearnOnly,
            _ => whole,
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
