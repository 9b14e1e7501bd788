//! A resolver for `reqwest` that keeps only the addresses which a guard allows: for
//! `ClientBuilder::dns_resolver`. URLs with an address in place of a name are not resolved, so the follower
//! needs the guard, too.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tower_redirect::follow::guard::TargetGuard;

/// Resolves names with `inner`, and keeps the addresses that the guard allows. If the guard allows none, the
/// error is the same for every such name. An error of `inner` is returned unchanged: to hide which names
/// exist, replace it, too, as `examples/guarded_fetch.rs` does.
pub struct GuardedResolver<R> {
    inner: R,
    guard: TargetGuard,
}

impl<R> GuardedResolver<R> {
    /// Wraps a resolver.
    pub fn new(inner: R, guard: TargetGuard) -> Self {
        Self { inner, guard }
    }
}

impl<R: Resolve> Resolve for GuardedResolver<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolving, guard) = (self.inner.resolve(name), self.guard.clone());
        Box::pin(async move {
            let addresses = resolving.await?;
            let is_allowed = |address: &SocketAddr| guard.allows_address(address.ip());
            let allowed: Vec<_> = addresses.filter(is_allowed).collect();
            match allowed.is_empty() {
                true => Err("the target is not allowed".into()),
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
