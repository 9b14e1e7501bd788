//! The lock that attempts share: loom's where all orders of two threads are tried.

#[cfg(not(tower_redirect_loom))]
pub(super) use std::sync::{Arc, Mutex, MutexGuard};

#[cfg(tower_redirect_loom)]
pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
