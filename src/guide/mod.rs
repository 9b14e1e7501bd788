//! Guides: one page for each task, whose examples are compiled and run.
//!
//! Servers: [`policies`], [`https`], [`behind_a_proxy`], [`caches`], [`maintenance`], [`versions`], and,
//! behind features, `rules` and `observability`. Clients: `following` and `uploads`. To replace other
//! software: [`migrating`]. When something goes wrong: [`troubleshooting`].

#[doc = include_str!("behind_a_proxy.md")]
pub mod behind_a_proxy {}

#[doc = include_str!("caches.md")]
pub mod caches {}

#[doc = include_str!("following.md")]
#[cfg(feature = "follow")]
pub mod following {}

#[doc = include_str!("https.md")]
pub mod https {}

#[doc = include_str!("maintenance.md")]
pub mod maintenance {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}

#[doc = include_str!("observability.md")]
#[cfg(all(feature = "follow", feature = "live"))]
pub mod observability {}

#[doc = include_str!("policies.md")]
pub mod policies {}

#[doc = include_str!("rules.md")]
#[cfg(all(feature = "config", feature = "live"))]
pub mod rules {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}

#[doc = include_str!("uploads.md")]
#[cfg(feature = "follow")]
pub mod uploads {}

#[doc = include_str!("versions.md")]
pub mod versions {}
