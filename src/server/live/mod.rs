//! A [`RedirectLayer`](crate::RedirectLayer) that is replaced while it serves (feature `live`).
//!
//! 1. [`Live`] is a handle to a layer. Clones of the handle, and the services that it has made, share
//!    the layer. [`Live::store`] replaces policy, trust, hosts and all other options together.
//! 2. One layer, the old or the new one, decides about a request from its arrival to its answer. A store
//!    never waits for requests, and a request never waits for a store.
//! 3. [`Live::follow`] stores the layers of a [`Stream`](futures_core::Stream). On an error, or on a
//!    revision that is not newer than the one that is served, the layer stays, and the error is reported.
//! 4. [`Live::status`] returns the revision that is served, the time of the last change, and the reason why
//!    the last update was refused, if it was.
//!
//! Pitfalls: only whole layers can be replaced. A policy alone cannot, because it may be asked
//! twice about one request. To keep the state of a switch, give the next layer a clone of the same
//! [`MaintenanceSwitch`](crate::MaintenanceSwitch).
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Empty;
//! use tower::{Layer, ServiceExt, service_fn};
//! use tower_redirect::policy::{Rule, Rules};
//! use tower_redirect::server::live::Live;
//! use tower_redirect::RedirectLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
//! });
//! let live = Live::new(RedirectLayer::new(Rules::new([Rule::new("/a")?.to("/b")?])?));
//! let service = live.layer(inner);
//! let request = || Request::get("/a").body(Empty::new());
//!
//! let moved = service.clone().oneshot(request()?).await?;
//! assert_eq!(moved.headers()["location"], "/b");
//! live.store(RedirectLayer::new(Rules::new([Rule::new("/old")?.to("/new")?])?));
//! assert_eq!(service.oneshot(request()?).await?.status(), StatusCode::OK);
//! # Ok(())
//! # }
//! ```

#[cfg_attr(feature = "metrics", path = "count_metrics.rs")]
#[cfg_attr(not(feature = "metrics"), path = "no_count.rs")]
mod count;
mod follow;
mod handle;
mod service;
mod status;

pub use follow::{Update, UpdateError};
pub use handle::Live;
pub use service::LiveRedirect;
pub use status::{Rejection, Status};
