//! Run with: `cargo run --example guarded_fetch -- http://example.com/`
//!
//! Fetches a URL from an untrusted source, as a service for link previews does. Neither the URL, nor a
//! redirection, nor a host name can lead the client into its own network: the guard checks addresses in
//! URLs, and the resolver checks those that names resolve to. The connection is made to an address that was
//! checked, so a name cannot change its address between check and connection.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioExecutor;
use tower::{Layer, Service, ServiceExt};
use tower_redirect::FollowRedirectsLayer;
use tower_redirect::follow::guard::TargetGuard;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Resolves names with `inner`, and keeps the addresses that the guard allows. If there are none, the error
/// is the same as for a name that does not exist, so that it does not reveal which names exist.
#[derive(Clone, Debug)]
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

impl<R> Service<Name> for GuardedResolver<R>
where
    R: Service<Name, Response: Iterator<Item = SocketAddr>, Future: Send + 'static>,
{
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_ready(cx).map_err(|_| refused())
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (resolving, guard) = (self.inner.call(name), self.guard.clone());
        Box::pin(async move {
            let addresses = resolving.await.map_err(|_| refused())?;
            let allowed = addresses.filter(|address| guard.allows_address(address.ip()));
            let allowed: Vec<_> = allowed.collect();
            if allowed.is_empty() { Err(refused()) } else { Ok(allowed.into_iter()) }
        })
    }
}

fn refused() -> io::Error {
    io::Error::other("the target is not allowed")
}

/// Fetches the content of a URL. More than 64 KiB is an error.
pub async fn fetch<R>(url: &str, resolver: R, guard: TargetGuard) -> Outcome<Bytes>
where
    R: Service<Name, Response: Iterator<Item = SocketAddr>, Future: Send + 'static>,
    R: Clone + Send + Sync + 'static,
{
    let connector = HttpConnector::new_with_resolver(GuardedResolver::new(resolver, guard.clone()));
    let hyper = Client::builder(TokioExecutor::new()).build(connector);
    let client = FollowRedirectsLayer::new().limit(5).guard(guard).layer(hyper);
    let request = Request::get(url).body(Full::<Bytes>::default())?;
    let response = client.oneshot(request).await?;
    Ok(Limited::new(response.into_body(), 64 * 1024).collect().await?.to_bytes())
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Outcome<()> {
    let url = std::env::args().nth(1).ok_or("a URL is needed")?;
    let guard = TargetGuard::new().ports([80, 443]);
    let page = fetch(&url, GaiResolver::new(), guard).await?;
    println!("{}", String::from_utf8_lossy(&page));
    Ok(())
}
