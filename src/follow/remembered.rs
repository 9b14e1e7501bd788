//! Permanent redirections that are remembered from one call to the next, as browsers do.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use super::history::Hop;
use super::make_room::make_room;
use super::next_request::NextRequest;
use super::policy::LayerPolicy;
use super::redirect_error::RedirectError;
use super::settings::Settings;
use super::step::{NextStep, step};
use crate::method::is_get_or_head;
use crate::quoted::split;

/// The most redirections that are remembered.
const MOST: usize = 10_000;

/// How long a redirection is kept that does not say how long.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest time that counts, whatever a server says.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Permanent redirections that are remembered: given to
/// [`FollowRedirectsLayer::remembered`](crate::FollowRedirectsLayer::remembered). Clones share them.
///
/// 1. A 301 or 308 is learned once it was followed, if the request was GET or HEAD and had no
///    credentials, and if [`permanent_uri`](crate::RedirectHistory::permanent_uri) would count it: it
///    did not lead from https to http, and no policy chose its target. Nothing is learned where an
///    [`on_request`](crate::FollowRedirectsLayer::on_request) hook may have added a secret.
/// 2. It is kept as long as `Cache-Control: max-age` or `Expires` says, a year at most, or else for a
///    day (RFC 9111 §4.2). `no-store`, `no-cache` and `Vary` forbid it.
/// 3. A later GET or HEAD for the URL goes to the target at once. The redirection is applied as if it had
///    been received: policy, guard, limit, and the removal of headers. The history
///    [says so](super::Hop::was_remembered). Where the policy stops, the request is sent as it is.
/// 4. Other methods are only moved by a 308, and with [`any_method`](Self::any_method).
/// 5. A successful request with an unsafe method removes what is remembered for its URL (RFC 9111 §4.4).
/// 6. 10,000 redirections are remembered. Those that are no longer fresh make room first, then those that
///    were used longest ago.
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
    /// Counts uses, so that the one longest ago is known.
    uses: u64,
}

struct Redirection {
    status: StatusCode,
    location: HeaderValue,
    expires: SystemTime,
    used: u64,
}

impl Remembered {
    /// Creates a memory that holds nothing.
    pub fn new() -> Self {
        let now = Arc::new(SystemTime::now);
        Self { shared: Arc::default(), any_method: false, now }
    }

    /// Lets a remembered 308 move requests of any method.
    pub fn any_method(mut self) -> Self {
        self.any_method = true;
        self
    }

    /// A clock in place of the system's, for tests.
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
        can_resend_body: impl Fn() -> bool,
    ) -> Result<(), RedirectError> {
        while let Some((status, headers)) = self.find(&request.method, &request.uri) {
            let next = step(settings, policy, request, status, &headers, &can_resend_body)?;
            if next == NextStep::Return {
                break;
            }
            request.history.mark_remembered();
            settings.events.followed(&request.history, None);
        }
        Ok(())
    }

    /// The redirection to apply to a request: its status, and its `Location` in a map of headers.
    fn find(&self, method: &Method, uri: &Uri) -> Option<(StatusCode, HeaderMap)> {
        let now = (self.now)();
        let mut shared = self.lock();
        shared.uses += 1;
        let used = shared.uses;
        let found = shared.redirections.get_mut(uri).filter(|found| now < found.expires)?;
        let may_move = is_get_or_head(method)
            || self.any_method && found.status == StatusCode::PERMANENT_REDIRECT;
        if !may_move {
            return None;
        }
        found.used = used;
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(header::LOCATION, found.location.clone());
        Some((found.status, headers))
    }

    /// Learns a redirection that was followed from a response with these headers.
    pub(super) fn learn(&self, hop: &Hop, headers: &HeaderMap) {
        let has_origin = hop.uri.scheme().is_some() && hop.uri.authority().is_some();
        let has_userinfo = hop.uri.authority().is_some_and(|a| a.as_str().contains('@'));
        if !hop.is_permanent() || !is_get_or_head(&hop.method) || !has_origin || has_userinfo {
            return;
        }
        let now = (self.now)();
        let Some(location) = headers.get(header::LOCATION) else { return };
        let Some(expires) = fresh_for(headers, now).and_then(|time| now.checked_add(time)) else {
            return;
        };
        let mut shared = self.lock();
        if shared.redirections.len() >= MOST && !shared.redirections.contains_key(&hop.uri) {
            make_room(
                &mut shared.redirections,
                MOST,
                |known| now < known.expires,
                |known| known.used,
            );
        }
        shared.uses += 1;
        let used = shared.uses;
        let learned = Redirection { status: hop.status, location: location.clone(), expires, used };
        shared.redirections.insert(hop.uri.clone(), learned);
    }

    /// Forgets what is known of a URL, after a successful request with an unsafe method.
    pub(super) fn forget(&self, uri: &Uri) {
        self.lock().redirections.remove(uri);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For how long a redirection may be kept; `None` if it may not be.
fn fresh_for(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    if headers.contains_key(header::VARY) {
        return None;
    }
    let mut max_age = None;
    for line in headers.get_all(header::CACHE_CONTROL) {
        for directive in split(line.to_str().ok()?, b',') {
            let directive = directive.ok()?;
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => return None,
                // A value that is no number is stale (RFC 9111 §4.2.1); the first one counts.
                "max-age" if max_age.is_none() => {
                    max_age = Some(value.trim().trim_matches('"').parse().unwrap_or(0_u64));
                }
                _ => {}
            }
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
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok()?.parse().ok());
    let age = Duration::from_secs(age.unwrap_or(0));
    let left = explicit.unwrap_or(DAY).min(YEAR).saturating_sub(age);
    (!left.is_zero()).then_some(left)
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
