//! What of this request? Policies decide, from its head and from memory alone.
//!
//! 1. A [`RedirectPolicy`] answers a [`RequestHead`] with a [`Decision`]: no I/O, no waiting. What
//!    lives elsewhere (a flag, a fleet's state) reaches it through a cheap handle that something
//!    else updates, as [`MaintenanceSwitch`] does.
//! 2. Tuples, arrays, slices, `Vec`, `Option`, `Box`, `Arc` and references of policies are policies:
//!    the first that decides wins. [`Decision::PassWithHeaders`] is kept and the next one is asked.
//! 3. A redirection to the URL that was asked for, of a CORS preflight, of `OPTIONS *` or of CONNECT
//!    counts as that policy's [`Decision::Pass`].
//! 4. A closure becomes a policy by [`policy_fn`].
//!
//! Pitfall: order is meaning. `(https, maintenance)` moves a plain request to https first;
//! `(maintenance, https)` answers it 503 in clear.
//!
//! ```
//! use http::{HeaderName, Request};
//! use tower_redirect::{Decision, Redirection, RedirectPolicy, RequestHead, policy_fn};
//!
//! let moved = Redirection::to("/new")?.permanent();
//! let policy = policy_fn(move |head: &RequestHead<'_>| (head.path() == "/old").then(|| moved.clone()))
//!     .unless(|head| head.header(HeaderName::from_static("x-keep-old")).is_some());
//!
//! let old = Request::get("/old").body(())?;
//! assert!(matches!(policy.decide(&RequestHead::from(&old)), Decision::Redirect(_)));
//! let other = Request::get("/other").body(())?;
//! assert!(matches!(policy.decide(&RequestHead::from(&other)), Decision::Pass));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canonical_host;
mod clock;
mod combine;
mod exempt;
mod func;
mod https_only;
mod loop_doctor;
mod maintenance;
mod one_hop;
pub mod rules;
mod versioning;

use std::mem;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::head::RequestHead;
use crate::redirection::Redirection;

pub use canonical_host::CanonicalHost;
pub use combine::When;
pub(crate) use combine::append;
pub(crate) use exempt::Exempt;
pub use func::{PolicyFn, policy_fn};
pub use https_only::HttpsOnly;
use loop_doctor::examine;
pub use maintenance::{
    Maintenance, MaintenanceSwitch, MaintenanceWindow, Page, RedirectTo, Standby, Unavailable,
};
pub(crate) use one_hop::decide;
pub use rules::{FoundRule, Rule, RuleError, RuleErrors, RuleWarning, Rules, RulesBuilder};
pub use versioning::{HeaderVersioning, Retirement, Versioning};

/// Decides about a request from its head: pure, synchronous, without I/O.
///
/// See the [module](self) for how policies are combined.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a redirect policy",
    label = "not a `RedirectPolicy`",
    note = "a closure becomes one by `policy_fn(|head| ..)`; it returns `Decision`, `Redirection` \
            or `Option<Redirection>`"
)]
pub trait RedirectPolicy: Send + Sync {
    /// What of this request?
    fn decide(&self, head: &RequestHead<'_>) -> Decision;

    /// What diagnoses call this policy: its type, unless it says otherwise.
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// This policy, then `other` where this one passes: the pair. Of an `Option`, write the tuple:
    /// `Option::or` comes first there.
    fn or<P>(self, other: P) -> (Self, P)
    where
        Self: Sized,
        P: RedirectPolicy,
    {
        (self, other)
    }

    /// Asked only where `condition` holds; passes elsewhere.
    fn when<F>(self, condition: F) -> When<Self, F>
    where
        Self: Sized,
        F: Fn(&RequestHead<'_>) -> bool + Send + Sync,
    {
        When::new(self, condition, true)
    }

    /// Passes where `condition` holds; asked elsewhere.
    fn unless<F>(self, condition: F) -> When<Self, F>
    where
        Self: Sized,
        F: Fn(&RequestHead<'_>) -> bool + Send + Sync,
    {
        When::new(self, condition, false)
    }
}

/// What a [`RedirectPolicy`] says of a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// Nothing: the next policy is asked, at last the inner service.
    Pass,
    /// Serves the request and appends these fields to the inner response, never replacing the
    /// application's. The next policy is asked.
    PassWithHeaders(HeaderMap),
    /// Redirects.
    Redirect(Redirection),
    /// Answers in place of the inner service. `Content-Length` is set; `Cache-Control` where there
    /// is none: `max-age` of a day on 301, 308 and 410, `no-store` on all others.
    Respond(Response<Bytes>),
}

impl Decision {
    /// A short plain-text answer.
    pub(crate) fn text(status: StatusCode, text: &'static str) -> Self {
        Self::Respond(text_response(status, text))
    }
}

impl From<Redirection> for Decision {
    fn from(redirection: Redirection) -> Self {
        Self::Redirect(redirection)
    }
}

impl From<Option<Redirection>> for Decision {
    fn from(redirection: Option<Redirection>) -> Self {
        let Some(redirection) = redirection else { return Self::Pass };
        Self::Redirect(redirection)
    }
}

/// Asks a policy. Redirections that could not be followed or would change nothing count as a pass.
#[inline]
pub(crate) fn ask<P: RedirectPolicy + ?Sized>(policy: &P, head: &RequestHead<'_>) -> Decision {
    match policy.decide(head) {
        // Said anew: a pass has nothing to move and nothing to drop.
        pass @ Decision::Pass => {
            mem::forget(pass);
            Decision::Pass
        }
        Decision::Redirect(to) if cannot_move(head) || to.is_self(head) => Decision::Pass,
        Decision::Respond(with) if is_redirection(&with) && cannot_move(head) => Decision::Pass,
        decided => {
            if let Decision::Redirect(_) = decided {
                head.note_policy(policy.name());
            }
            decided
        }
    }
}

/// Asks for nothing that has another URL, or would not be understood to be redirected.
fn cannot_move(head: &RequestHead<'_>) -> bool {
    head.has_no_url() || head.is_preflight()
}

fn is_redirection(response: &Response<Bytes>) -> bool {
    response.status().is_redirection() && response.headers().contains_key(header::LOCATION)
}

/// A response with a line of text that says why.
pub(crate) fn text_response(status: StatusCode, text: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let fields = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    fields.insert(header::CONTENT_TYPE, plain);
    response
}
