//! The server side, without sockets.

#[path = "../support/mod.rs"]
mod support;

mod after_not_found;
mod answered;
mod answers;
mod attack;
#[cfg(feature = "axum")]
mod axum_nested;
mod cache_model;
mod cases;
#[cfg(feature = "config")]
mod config;
mod diagnoses;
#[cfg(feature = "tracing")]
mod events;
mod exempt;
mod explained;
mod generated;
mod hop_by_hop;
mod hosts;
mod hsts;
mod layer;
#[cfg(feature = "live")]
mod live;
mod maintenance;
mod maintenance_window;
#[cfg(feature = "metrics")]
mod metrics;
mod one_hop;
mod properties;
mod retirement;
mod rules;
mod targets;
mod trailing_slash;
mod trust;
mod uploads;
