use std::fmt;

use http::Uri;

use super::{Attempt, When};
use crate::follow::redacted::Redacted;

/// Decides whether to follow a redirection, without I/O.
///
/// A policy need not deal with credentials, `Host`, schemes or limits: these are checked *after* it, before a
/// redirection is followed, and no policy can skip that.
///
/// It is also asked about redirections that cannot be followed: their
/// [`next_uri`](Attempt::next_uri) is `None`, or the body
/// [cannot be sent again](Attempt::can_resend_body). If the policy then returns [`Action::Stop`], the
/// caller gets the response in place of an error.
///
/// Tuples, arrays, slices, `Vec`, `Option`, `Box`, `Arc` and references of policies are policies. Several
/// policies are asked in order, and the first [`Action::Stop`] or [`Action::Reject`] wins. Policies after
/// an [`Action::FollowTo`] are asked about its URL. [`follow_fn`](super::follow_fn) makes a closure a
/// policy.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response, StatusCode, header};
/// use http_body_util::Full;
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::follow::SameOriginOnly;
/// use tower_redirect::{Action, Attempt, FollowPolicy, FollowRedirectsLayer, follow_fn};
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
/// let once = follow_fn(|attempt: &Attempt<'_>| match attempt.history().len() {
///     0 => Action::Follow,
///     _ => Action::Stop,
/// });
/// let client = FollowRedirectsLayer::new().policy(SameOriginOnly.and(once)).layer(server);
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
    note = "`follow_fn(|attempt| ..)` makes a policy of a closure that returns an `Action`"
)]
pub trait FollowPolicy: Send + Sync {
    /// Decides what to do with this redirection.
    fn decide(&self, attempt: &Attempt<'_>) -> Action;

    /// Asks this policy, then `other` if this one follows. For an `Option`, write the tuple
    /// `(option, other)`, because `Option::and` takes precedence.
    fn and<P>(self, other: P) -> (Self, P)
    where
        Self: Sized,
        P: FollowPolicy,
    {
        (self, other)
    }

    /// Asks this policy only if `condition` returns `true`; otherwise follows.
    fn when<F>(self, condition: F) -> When<Self, F>
    where
        Self: Sized,
        F: Fn(&Attempt<'_>) -> bool + Send + Sync,
    {
        When::new(self, condition, true)
    }

    /// Follows if `condition` returns `true`; otherwise asks this policy.
    fn unless<F>(self, condition: F) -> When<Self, F>
    where
        Self: Sized,
        F: Fn(&Attempt<'_>) -> bool + Send + Sync,
    {
        When::new(self, condition, false)
    }
}

/// The decision of a [`FollowPolicy`] about a redirection.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Follow the redirection, if the safety checks allow it.
    Follow,
    /// Follow it to this URL in place of `Location`, if the safety checks allow it. For servers whose
    /// `Location` names a host or port that only their own network can reach. The history has the
    /// [replaced `Location`](crate::follow::Hop::replaced_location).
    ///
    /// ```
    /// use tower_redirect::{Action, follow_fn};
    ///
    /// let through_gateway = follow_fn(|attempt| {
    ///     let inner = attempt.next_uri().filter(|uri| uri.host() == Some("datanode1"));
    ///     let path = inner.and_then(|uri| uri.path_and_query());
    ///     match path.map(|path| format!("https://gateway.example.com{path}").parse()) {
    ///         Some(Ok(uri)) => Action::FollowTo(uri),
    ///         Some(Err(_)) => Action::Reject,
    ///         None => Action::Follow,
    ///     }
    /// });
    /// # let _ = through_gateway;
    /// ```
    FollowTo(Uri),
    /// Return the redirect response to the caller, unchanged.
    Stop,
    /// End the call with an error: [`RedirectError::is_rejected`](crate::RedirectError::is_rejected). If
    /// [`next_uri`](Attempt::next_uri) is `None`, the error is the reason for that instead, such as
    /// [`is_invalid_location`](crate::RedirectError::is_invalid_location).
    Reject,
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Follow => f.write_str("Follow"),
            Self::FollowTo(uri) => f.debug_tuple("FollowTo").field(&Redacted(uri)).finish(),
            Self::Stop => f.write_str("Stop"),
            Self::Reject => f.write_str("Reject"),
        }
    }
}

/// The policies that [`FollowRedirectsLayer::policy`](crate::FollowRedirectsLayer::policy) accepts: every
/// [`FollowPolicy`].
///
/// Sealed, so that asynchronous policies can be added without a breaking change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a follow policy",
    label = "not a `FollowPolicy`",
    note = "`follow_fn(|attempt| ..)` makes a policy of a closure that returns an `Action`"
)]
pub trait LayerPolicy: sealed::LayerPolicy {}

impl<P: FollowPolicy> LayerPolicy for P {}

pub(in crate::follow) mod sealed {
    use super::{Action, Attempt, FollowPolicy};

    pub trait LayerPolicy {
        fn action(&self, attempt: &Attempt<'_>) -> Action;
    }

    impl<P: FollowPolicy> LayerPolicy for P {
        fn action(&self, attempt: &Attempt<'_>) -> Action {
            self.decide(attempt)
        }
    }
}
