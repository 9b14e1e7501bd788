//! Both ends over sockets: TCP and TLS, HTTP/1.1 and HTTP/2, foreign clients, proxies and browsers.
#![allow(clippy::duplicate_mod)] // Two examples of clients include the same server.

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "follow")]
#[path = "../../examples/tour/app.rs"]
mod app;
#[cfg(feature = "follow")]
#[path = "../../examples/tour/client.rs"]
mod client;
#[path = "../../examples/https_only.rs"]
#[allow(dead_code)] // Tests do not run `main`.
mod https_only;
#[path = "../../examples/maintenance_page.rs"]
#[allow(dead_code)]
mod maintenance_page;
#[cfg(feature = "follow")]
#[path = "../../examples/tour/policy.rs"]
mod policy;
#[cfg(feature = "follow")]
#[path = "../../examples/tour/servers.rs"]
#[allow(dead_code)] // The tour uses more of the addresses.
mod servers;

use https_only::tls;

#[cfg(feature = "follow")]
mod arrives;
#[cfg(feature = "follow")]
mod cases;
mod chromium;
#[cfg(feature = "follow")]
mod connections;
#[cfg(feature = "follow")]
mod curl;
#[cfg(feature = "follow")]
mod early;
#[cfg(feature = "follow")]
mod examples;
#[cfg(feature = "hyper")]
mod expect;
#[cfg(feature = "follow")]
mod fits;
#[cfg(feature = "follow")]
mod foreign_servers;
mod http2;
mod leaks;
mod maintenance;
#[cfg(all(feature = "axum", feature = "regex"))]
mod migrating;
#[cfg(feature = "follow")]
mod migrating_clients;
mod nginx_cache;
#[cfg(feature = "axum")]
mod proxies;
#[cfg(feature = "follow")]
mod reqwest_adapter;
mod upload;
mod uploads_http2;
