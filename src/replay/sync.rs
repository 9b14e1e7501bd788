//! The lock that attempts share. Under loom it is loom's lock, so that tests try all interleavings of two
//! threads.

#[cfg(not(tower_redirect_loom))]
pub(super) use std::sync::{Arc, Mutex, MutexGuard};

#[cfg(tower_redirect_loom)]
pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
