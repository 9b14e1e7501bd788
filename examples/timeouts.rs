//! Run with: `cargo run --example timeouts`
//!
//! Limits the time of each hop and that of the whole call, and prints the errors. If a hop takes too
//! long, the error names the URL and the number of the hop, and the error's source is the timeout.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::timeout::TimeoutLayer;
use tower::{BoxError, ServiceBuilder, ServiceExt};
use tower_redirect::{FollowError, FollowRedirectsLayer};

/// A server that redirects twice, and then does not answer.
pub fn app() -> Router {
    Router::new()
        .route("/report", get(|| async { Redirect::temporary("/v2/report") }))
        .route("/v2/report", get(|| async { Redirect::temporary("/v2/slow") }))
        .route("/v2/slow", get(std::future::pending::<()>))
}

/// Sends a GET that may take `per_hop` for each request, and `in_all` for all of them.
pub async fn fetch(
    url: &str,
    per_hop: Duration,
    in_all: Duration,
) -> Result<Response<Incoming>, BoxError> {
    let client = ServiceBuilder::new()
        .layer(TimeoutLayer::new(in_all))
        // A `BoxError`, such as that of a timeout, is boxed again together with the URL and the hop.
        .map_err(FollowError::into_boxed)
        .layer(FollowRedirectsLayer::new())
        .layer(TimeoutLayer::new(per_hop))
        .service(Client::builder(TokioExecutor::new()).build_http());
    client.oneshot(Request::get(url).body(Empty::<Bytes>::new())?).await
}

/// The error and its sources, as `anyhow` prints them.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/report", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app()).await });
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(10));
    for (per_hop, in_all) in [(short, long), (long, short)] {
        if let Err(error) = fetch(&url, per_hop, in_all).await {
            println!("{per_hop:?} for each hop, {in_all:?} in all: {}", chain(&*error));
        }
    }
    Ok(())
}
