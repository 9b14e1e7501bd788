//! HTTP redirects as tower middleware, on both ends of the wire.
//!
//! On the server, [`RedirectLayer`] asks a [`RedirectPolicy`] about each request. The layer then passes the
//! request on unchanged, answers with a redirection (by default 307, on which clients keep method and
//! body), or answers with another response of the policy, such as 503. On the client,
//! [`FollowRedirectsLayer`] follows redirections. It sends the body again on 307 and 308, turns a POST into
//! a GET on 301, 302 and 303, and does not send the caller's `Authorization`, `Cookie` and similar headers
//! to another origin.
//!
#![doc = include_str!("guide/body.svg")]
//!
//! # A server
//!
//! ```
//! use axum::{Router, routing::post};
//! use tower_redirect::{HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, Versioning};
//!
//! # fn main() -> Result<(), tower_redirect::ConfigError> {
//! let switch = MaintenanceSwitch::new();
//! let https = HttpsOnly::new().port(8443);
//! let maintenance = Maintenance::new(switch.clone()).standby("https://standby.example.com")?;
//! let versions = Versioning::new("/api", "v2")?.retire("v1")?;
//! let app: Router = Router::new()
//!     .route("/api/v2/orders", post(|order: String| async move { order }))
//!     // On the TLS listener: `app.layer(Transport::Secure)`.
//!     .layer(RedirectLayer::new((https, maintenance, versions)).drain_timer(tokio::time::sleep));
//! # Ok(())
//! # }
//! ```
//!
//! # A client
//!
#![cfg_attr(feature = "follow", doc = "```")]
#![cfg_attr(not(feature = "follow"), doc = "```ignore")]
//! use axum::body::Body;
//! use http::Request;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_redirect::{FollowRedirectsLayer, RedirectHistory, ReplayBodyLayer};
//!
//! async fn order(url: &str) -> Result<(), Box<dyn std::error::Error>> {
//!     let client = ServiceBuilder::new()
//!         .layer(ReplayBodyLayer::new(256 * 1024)) // because `Body` is not `Replay`
//!         .layer(FollowRedirectsLayer::new())
//!         .service(Client::builder(TokioExecutor::new()).build_http());
//!     let response = client.oneshot(Request::post(url).body(Body::from("tea"))?).await?;
//!     if let Some(history) = RedirectHistory::of(&response) {
//!         println!("{history}");
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Which policy?
//!
//! | you want to | use |
//! |---|---|
//! | redirect http to https | [`HttpsOnly`], and [`Hsts`] beside it |
//! | serve a site under one host | [`CanonicalHost`] |
//! | redirect to a standby or a page, or answer 503, during maintenance | [`Maintenance`], with its [`MaintenanceSwitch`] |
//! | redirect an old version's clients to the new one, at once or by date | [`Versioning`], with a [`Retirement`] |
//! | redirect an old version in the query, as in `?api-version=1` | [`QueryVersioning`] |
//! | retire a version in a header or in `Accept` | [`HeaderVersioning`] |
//! | redirect one moved URL, or by rules of your own | [`policy_fn`] with a [`Redirection`] |
//! | redirect many moved URLs, listed in code or in a file | [`Rules`](policy::Rules) |
//! | add or remove the slash at the end of paths | [`TrailingSlash`](policy::TrailingSlash) |
//! | combine several of these | a tuple: the first that decides wins |
//!
//! # Behind a proxy
//!
//! Behind a proxy that terminates TLS, every request arrives over http, and [`HttpsOnly`] would
//! redirect it forever. Tell [`RedirectLayer`] which peers are your proxies, and which headers they
//! send: `.trust(Trust::proxies(["10.0.0.0/8"])?.x_forwarded())`. See [`trust`] for the rules.
//! [`RedirectLayer::on_diagnosis`] reports why a request is redirected forever, and so does feature
//! `tracing`. A cache in front has to keep http and https apart: add the scheme to its key.
//!
//! # Features
//!
//! - `follow`, on by default: the client side, which depends on the `url` crate. A server can do
//!   without it: `tower-redirect = { version = "0.1", default-features = false }`.
//! - `axum`: policies in a nested router see the whole path, and the peer's address is taken from
//!   `ConnectInfo`, for which you serve with `into_make_service_with_connect_info::<SocketAddr>()`.
//!   Nothing else has to be called. Put the layer on the outermost router, with `.layer(..)` after all
//!   routes: a `route_layer`, and a layer on a nested router without a fallback of its own, do not see
//!   paths that no route matches.
//! - `bypass`: secrets that let requests through [`Maintenance`].
//! - `config`: a whole [configuration as data], in any format that `serde` reads.
//! - `hyper`: `Expect: 100-continue` for long uploads, which then [wait until they are asked for].
//! - `live`: a handle to a [`RedirectLayer`] that can be [replaced while it serves].
//! - `regex`: rules for paths that a regular expression matches.
//! - `metrics`: answers, hops, reported diagnoses and the reloads of a named `Live` are counted with the
//!   recorder that you install; nothing else has to be called.
//! - `tracing`: answers, hops and diagnoses are events with target `tower_redirect`; nothing has to be
//!   called.
//!
//! Both sides run in the WebAssembly of a browser (`wasm32-unknown-unknown`), with all features but
//! `axum` and `hyper`, which need sockets.
//!
#![cfg_attr(feature = "config", doc = " [configuration as data]: config")]
#![cfg_attr(feature = "hyper", doc = " [wait until they are asked for]: follow::expect")]
#![cfg_attr(feature = "live", doc = " [replaced while it serves]: server::live")]
#![cfg_attr(feature = "follow", doc = " [`FollowRedirectsLayer`]: follow::FollowRedirectsLayer")]
// These apply if a feature is off: Markdown uses the first of several definitions of a link.
//! [configuration as data]: https://docs.rs/tower-redirect
//! [wait until they are asked for]: https://docs.rs/tower-redirect
//! [replaced while it serves]: https://docs.rs/tower-redirect
//! [`FollowRedirectsLayer`]: https://docs.rs/tower-redirect
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![warn(unreachable_pub)]
#![warn(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[cfg_attr(not(feature = "axum"), path = "no_axum.rs")]
mod axum;
#[cfg(feature = "config")]
pub mod config;
mod config_error;
mod diagnosis;
mod drain;
mod event;
#[cfg(feature = "follow")]
pub mod follow;
pub mod guide;
mod head;
mod inner_access;
mod list;
mod media_type;
mod method;
pub mod policy;
mod quoted;
mod ranges;
pub mod redirection;
#[cfg(feature = "follow")]
pub mod replay;
mod response;
pub mod server;
mod system_clock;
mod timer;
pub mod trust;
mod uri;

pub use config_error::{ConfigError, ConfigErrorKind};
pub use diagnosis::Diagnosis;
#[cfg(feature = "follow")]
pub use follow::{
    Action, Attempt, FollowError, FollowOptions, FollowPolicy, FollowRedirects,
    FollowRedirectsLayer, MethodRewrite, RedirectContext, RedirectError, RedirectHistory,
    follow_fn,
};
pub use head::RequestHead;
pub use policy::{
    CanonicalHost, Decision, HeaderVersioning, Hsts, HttpsOnly, Maintenance, MaintenanceSwitch,
    MaintenanceWindow, QueryVersioning, RedirectPolicy, Retirement, Versioning, policy_fn,
};
pub use redirection::Redirection;
#[cfg(feature = "follow")]
pub use replay::{Replay, ReplayBody, ReplayBodyLayer, ReplayFn};
#[cfg(feature = "live")]
pub use server::live::Live;
pub use server::{Redirect, RedirectLayer};
pub use trust::{Transport, Trust};
pub use uri::{Authority, Scheme};

/// Runs the examples of the README as doctests.
#[cfg(all(doctest, feature = "follow"))]
#[doc = include_str!("../README.md")]
struct Readme;
