//! Policies decide what to do with a request, from its head and from state in memory.
//!
//! 1. A [`RedirectPolicy`] returns a [`Decision`] for a [`RequestHead`], without I/O and without
//!    waiting. State from elsewhere (a flag, the load of other servers) reaches the policy through
//!    a cheap handle that other code updates, such as a [`MaintenanceSwitch`].
//! 2. Tuples, arrays, slices, `Vec`, `Option`, `Box`, `Arc` and references of policies are policies:
//!    the first that does not pass decides. After [`Decision::PassWithHeaders`], the next policy is asked.
//! 3. A redirection is treated as [`Decision::Pass`] if the client would repeat the same request, with the
//!    same method and URL, unless [`Redirection::allow_self`] is set. Every redirection of a CORS preflight,
//!    `OPTIONS *` or CONNECT is treated as a pass, too.
//! 4. [`policy_fn`] turns a closure into a policy.
//! 5. Once the policies have decided, each is asked for the headers that it
//!    [adds](RedirectPolicy::annotate) to the answer, as [`Hsts`] does, whatever its place in the list.
//!
//! Pitfall: the order matters. `(https, maintenance)` redirects an http request to https first;
//! `(maintenance, https)` answers it with a 503 over http.
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

mod annotation;
mod ask;
mod canonical_host;
mod clients;
mod clock;
mod combine;
mod decide;
mod decision;
mod exempt;
mod explain;
mod func;
mod hsts;
mod https_loop;
mod https_only;
mod maintenance;
mod named;
mod redirect_policy;
pub mod rules;
mod trailing_slash;
mod versioning;
mod when;

pub use annotation::Annotation;
pub(crate) use ask::ask;
use ask::is_redirectable;
pub use canonical_host::CanonicalHost;
pub(crate) use decide::{conclude, decide};
use decision::pass_because;
pub use decision::{Decision, IntoDecision};
pub(crate) use exempt::{Exempt, is_acme_challenge};
pub use explain::{Explanation, explain};
pub use func::{PolicyFn, policy_fn};
pub use hsts::Hsts;
pub use https_only::HttpsOnly;
pub use maintenance::{
    Maintenance, MaintenanceSwitch, MaintenanceWindow, Page, RedirectTo, Standby, Unavailable,
};
pub use named::Named;
pub use redirect_policy::RedirectPolicy;
pub use rules::{
    FoundRule, RequestRedirect, RouteMatch, Rule, RuleError, RuleErrors, RuleWarning, Rules,
    RulesBuilder,
};
pub use trailing_slash::TrailingSlash;
pub use versioning::{HeaderVersioning, QueryVersioning, Retirement, Versioning};
pub use when::When;

#[doc(no_inline)]
pub use crate::head::RequestHead;
pub use crate::head::{Outcome, Step};
#[doc(no_inline)]
pub use crate::redirection::Redirection;
#[doc(no_inline)]
pub use crate::uri::{Authority, Scheme};
