//! HTTP redirects as tower middleware, on both ends of the wire.
//!
//! On the server, [`RedirectLayer`] asks a [`RedirectPolicy`] about each request, and passes it on
//! unchanged or answers it with a redirection that keeps method and body: 307. On the client,
//! [`FollowRedirectsLayer`] follows redirections, sends the body again on 307 and 308, changes the
//! method to GET on 302 and 303, and sends no credentials to another origin.
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
//!     // The TLS listener adds `Extension(Transport::Secure)`, outside of this.
//!     .layer(RedirectLayer::new((https, maintenance, versions)));
//! # Ok(())
//! # }
//! ```
//!
//! # A client
//!
#![cfg_attr(feature = "follow", doc = "```")]
#![cfg_attr(not(feature = "follow"), doc = "```ignore")]
//! use axum::body::Body;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! use tower::ServiceBuilder;
//! use tower_redirect::{FollowRedirectsLayer, ReplayBodyLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let _ = async || -> Result<(), Box<dyn std::error::Error>> {
//! # use tower::ServiceExt;
//! # use tower_redirect::RedirectHistory;
//! let hyper = Client::builder(TokioExecutor::new()).build_http();
//! let client = ServiceBuilder::new()
//!     .layer(ReplayBodyLayer::new(256 * 1024)) // only where the body is a stream
//!     .layer(FollowRedirectsLayer::new())
//!     .service(hyper);
//!
//! let request = http::Request::post("http://shop.example.com/orders").body(Body::from("tea"))?;
//! let response = client.oneshot(request).await?;
//! if let Some(history) = RedirectHistory::of(&response) {
//!     println!("{history}");
//! }
//! # Ok(())
//! # };
//! # }
//! ```
//!
//! # Which policy?
//!
//! | you want to | use |
//! |---|---|
//! | redirect http to https | [`HttpsOnly`], and [`HstsLayer`] outside |
//! | serve a site under one host | [`CanonicalHost`] |
//! | redirect to a standby or a page, or answer 503, during maintenance | [`Maintenance`], with its [`MaintenanceSwitch`] |
//! | redirect an old version's clients to the new one, at once or by date | [`Versioning`], with a [`Retirement`] |
//! | retire a version in a header or in `Accept` | [`HeaderVersioning`] |
//! | redirect one moved URL, or by rules of your own | [`policy_fn`] with a [`Redirection`] |
//! | combine several of these | a tuple: the first that decides wins |
//!
//! # Behind a proxy
//!
//! Behind a proxy that terminates TLS every request arrives over http, and [`HttpsOnly`] would redirect
//! it forever. Set which peers are your proxies, and which headers they send, on [`RedirectLayer`] and
//! [`HstsLayer`] alike: `.trust(Trust::proxies(["10.0.0.0/8"])?.x_forwarded())`. See [`trust`] for the
//! rules. [`RedirectLayer::on_diagnosis`] reports why a request is redirected forever.
//!
//! # Features
//!
//! - `follow`, on by default: the client side, which needs the `url` crate. A server alone does not:
//!   `tower-redirect = { version = "0.1", default-features = false }`.
//! - `axum`: the setter `.axum()`, for nested routers and `ConnectInfo`.
//! - `bypass`: secrets that let requests through [`Maintenance`].
//!
#![cfg_attr(
    not(feature = "follow"),
    doc = " [`FollowRedirectsLayer`]: https://docs.rs/tower-redirect"
)]
#![forbid(unsafe_code)]
#![warn(unreachable_pub)]
#![warn(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[cfg(feature = "axum")]
mod axum;
mod config_error;
mod diagnosis;
mod drain;
#[cfg(feature = "follow")]
pub mod follow;
mod head;
pub mod hsts;
mod media_type;
mod method;
pub mod policy;
mod quoted;
pub mod redirection;
#[cfg(feature = "follow")]
pub mod replay;
mod response;
pub mod server;
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
pub use hsts::HstsLayer;
pub use policy::{
    CanonicalHost, Decision, HeaderVersioning, HttpsOnly, Maintenance, MaintenanceSwitch,
    MaintenanceWindow, RedirectPolicy, Retirement, Versioning, policy_fn,
};
pub use redirection::Redirection;
#[cfg(feature = "follow")]
pub use replay::{Replay, ReplayBody, ReplayBodyLayer, ReplayFn};
pub use server::{Redirect, RedirectLayer};
pub use trust::{Transport, Trust};
pub use uri::{Authority, Scheme};

/// The README's examples are tests.
#[cfg(all(doctest, feature = "follow"))]
#[doc = include_str!("../README.md")]
struct Readme;
