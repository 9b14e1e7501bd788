//! Whether a hop is taken: what users decide, before the safety checks do.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode, Uri};

use super::history::{RedirectHistory, Shown};

/// Decides about a redirection that could be followed: pure, synchronous, without I/O.
///
/// Credentials, `Host`, schemes and limits are no affair of a policy: they are checked *after* it,
/// whatever it says. Policies are combined as tuples: the first that does not follow wins.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response, StatusCode, header};
/// use http_body_util::Full;
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::FollowRedirectsLayer;
/// use tower_redirect::follow::{Action, Attempt, SameOriginOnly, follow_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = service_fn(async |request: Request<Full<Bytes>>| {
///     let location = match request.uri().path() {
///         "/elsewhere" => "http://b.test/",
///         _ => "/here",
///     };
///     let moved = StatusCode::TEMPORARY_REDIRECT;
///     Response::builder().status(moved).header(header::LOCATION, location).body(Full::<Bytes>::default())
/// });
/// let once = follow_fn(|hop: &Attempt<'_>| match hop.history().len() {
///     0 => Action::Follow,
///     _ => Action::Stop,
/// });
/// let client = FollowRedirectsLayer::new().policy((SameOriginOnly, once)).layer(server);
///
/// let get = |path: &str| Request::get(format!("http://a.test{path}")).body(Full::default());
/// let response = client.clone().oneshot(get("/")?).await?;
/// assert_eq!(response.headers()[header::LOCATION], "/here", "the second redirection came back");
/// let error = client.oneshot(get("/elsewhere")?).await.err().ok_or("followed")?;
/// assert!(error.redirect().is_some_and(|error| error.is_rejected()));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a follow policy",
    label = "not a `FollowPolicy`",
    note = "a closure becomes one by `follow_fn(|hop| ..)`, which returns an `Action`"
)]
pub trait FollowPolicy: Send + Sync {
    /// What of this redirection?
    fn decide(&self, hop: &Attempt<'_>) -> Action;
}

/// What a [`FollowPolicy`] says of a redirection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// It is followed, if it is safe.
    Follow,
    /// It is handed to the caller as it came.
    Stop,
    /// It is an error: [`RedirectError::is_rejected`](super::RedirectError::is_rejected).
    Reject,
}

/// A redirection that could be followed.
pub struct Attempt<'a> {
    pub(super) status: StatusCode,
    pub(super) method: &'a Method,
    pub(super) next_method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) next_uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) history: &'a RedirectHistory,
    pub(super) cross_origin: bool,
    pub(super) resends_body: bool,
}

impl<'a> Attempt<'a> {
    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The method that was answered.
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// The method of the next request.
    pub fn next_method(&self) -> &'a Method {
        self.next_method
    }

    /// The URL that answered.
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// The URL that would be asked.
    pub fn next_uri(&self) -> &'a Uri {
        self.next_uri
    }

    /// The fields of the redirection.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// The hops before it.
    pub fn history(&self) -> &'a RedirectHistory {
        self.history
    }

    /// Whether it leads to another origin (RFC 6454): scheme, host or port differ.
    pub fn is_cross_origin(&self) -> bool {
        self.cross_origin
    }

    /// Whether the request's content would be sent again, as on 307 and 308.
    pub fn resends_body(&self) -> bool {
        self.resends_body
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("status", &self.status)
            .field("method", self.method)
            .field("uri", &Shown(self.uri))
            .field("next_method", self.next_method)
            .field("next_uri", &Shown(self.next_uri))
            .field("cross_origin", &self.cross_origin)
            .field("resends_body", &self.resends_body)
            .finish_non_exhaustive()
    }
}

/// Follows: what a layer does unless told otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct FollowAll;

impl FollowPolicy for FollowAll {
    fn decide(&self, _: &Attempt<'_>) -> Action {
        Action::Follow
    }
}

/// Follows on one origin, and rejects what leads to another.
#[derive(Clone, Copy, Debug, Default)]
pub struct SameOriginOnly;

impl FollowPolicy for SameOriginOnly {
    fn decide(&self, hop: &Attempt<'_>) -> Action {
        if hop.is_cross_origin() { Action::Reject } else { Action::Follow }
    }
}

/// Follows so many redirections; the next is handed to the caller. For an error in its place, see
/// [`FollowRedirectsLayer::limit`](crate::FollowRedirectsLayer::limit).
#[derive(Clone, Copy, Debug)]
pub struct StopAfter(usize);

impl StopAfter {
    /// At most so many are followed.
    pub const fn new(redirections: usize) -> Self {
        Self(redirections)
    }
}

impl FollowPolicy for StopAfter {
    fn decide(&self, hop: &Attempt<'_>) -> Action {
        if hop.history().len() < self.0 { Action::Follow } else { Action::Stop }
    }
}

/// A closure as a policy: see [`follow_fn`].
#[derive(Clone, Copy)]
pub struct FollowFn<F>(F);

/// Makes a policy of a closure.
pub const fn follow_fn<F>(decide: F) -> FollowFn<F>
where
    F: Fn(&Attempt<'_>) -> Action + Send + Sync,
{
    FollowFn(decide)
}

impl<F> FollowPolicy for FollowFn<F>
where
    F: Fn(&Attempt<'_>) -> Action + Send + Sync,
{
    fn decide(&self, hop: &Attempt<'_>) -> Action {
        (self.0)(hop)
    }
}

impl<F> fmt::Debug for FollowFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FollowFn").field(&std::any::type_name::<F>()).finish()
    }
}

macro_rules! pointers {
    ($($pointer:ty),+) => {$(
        impl<P: FollowPolicy + ?Sized> FollowPolicy for $pointer {
            fn decide(&self, hop: &Attempt<'_>) -> Action {
                (**self).decide(hop)
            }
        }
    )+};
}

pointers!(&P, Box<P>, Arc<P>);

macro_rules! tuples {
    ($(($($policy:ident),+))+) => {$(
        impl<$($policy: FollowPolicy),+> FollowPolicy for ($($policy,)+) {
            fn decide(&self, hop: &Attempt<'_>) -> Action {
                #[allow(non_snake_case)]
                let ($($policy,)+) = self;
                $(
                    let action = $policy.decide(hop);
                    if action != Action::Follow {
                        return action;
                    }
                )+
                Action::Follow
            }
        }
    )+};
}

tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
}

/// What stands in the policy's place on a layer. Sealed: a policy that has to wait may come to stand
/// there, too.
pub trait Decides: sealed::Decides {}

impl<P: FollowPolicy> Decides for P {}

pub(super) mod sealed {
    use super::{Action, Attempt, FollowPolicy};

    pub trait Decides {
        fn action(&self, hop: &Attempt<'_>) -> Action;
    }

    impl<P: FollowPolicy> Decides for P {
        fn action(&self, hop: &Attempt<'_>) -> Action {
            self.decide(hop)
        }
    }
}
