//! HTTP redirects as tower middleware, on both ends of the wire.
//!
//! On the server, [`RedirectLayer`] asks a [`RedirectPolicy`] about each request, and lets it through
//! untouched or answers it with a redirection that keeps method and body: 307. On the client,
//! [`FollowRedirectsLayer`] follows what servers answer, sends the body again on 307 and 308, becomes
//! GET on 302 and 303, and takes no credential to another origin.
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
//! | you want | take |
//! |---|---|
//! | nothing in clear | [`HttpsOnly`], and [`HstsLayer`] outside |
//! | one name for a site | [`CanonicalHost`] |
//! | work to go on elsewhere, or a page or 503 to say that it cannot | [`Maintenance`], with its [`MaintenanceSwitch`] |
//! | an old version's clients to reach the new one, at once or by date | [`Versioning`], with a [`Retirement`] |
//! | the same for a version in a header or in `Accept` | [`HeaderVersioning`] |
//! | one moved URL, or rules of your own | [`policy_fn`] with a [`Redirection`] |
//! | several of these | a tuple: the first that decides wins |
//!
//! # Behind a proxy
//!
//! A proxy that terminates TLS makes every request look plain, and [`HttpsOnly`] would redirect it
//! forever. Say which peers are yours, and which field they set:
//! `.trust(Trust::proxies(["10.0.0.0/8"])?.x_forwarded())`, for [`RedirectLayer`] and [`HstsLayer`]
//! alike; see [`trust`] for the rules. Where a request goes round in circles all the same,
//! [`RedirectLayer::on_diagnosis`] says why.
//!
//! # Features
//!
//! `follow`, on by default: the client side, and with it the `url` crate. A server does without:
//! `tower-redirect = { version = "0.1", default-features = false }`. `axum`: the call `.axum()`, for
//! nested routers and `ConnectInfo`. `bypass`: secrets that let someone through [`Maintenance`].
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
