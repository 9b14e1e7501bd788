//! Run with: `cargo run --example follow_hyper`, or give it a url:
//! `cargo run --example follow_hyper -- http://127.0.0.1:3000/api/v1/orders`
//!
//! Posts a streamed body with a hyper-util client that follows redirects, and prints the chain.

use std::error::Error;

use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_redirect::{FollowError, FollowRedirectsLayer, RedirectHistory, ReplayBodyLayer};

#[path = "api_versions.rs"]
#[allow(dead_code)]
mod api_versions;

/// Follows up to 10 redirections, and keeps up to 256 KiB of each body to send it again.
pub fn client()
-> impl Service<Request<Body>, Response = Response<Incoming>, Error = FollowError<legacy::Error>> + Clone
{
    let hyper = Client::builder(TokioExecutor::new()).build_http();
    ServiceBuilder::new()
        .layer(ReplayBodyLayer::new(256 * 1024))
        .layer(FollowRedirectsLayer::new())
        .service(hyper)
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = match std::env::args().nth(1) {
        Some(url) => url,
        None => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let url = format!("http://{}/api/v1/orders", listener.local_addr()?);
            let app = api_versions::app()?;
            tokio::spawn(async move { axum::serve(listener, app).await });
            url
        }
    };
    let response = client().oneshot(Request::post(url).body(Body::from("tea"))?).await?;
    if let Some(history) = RedirectHistory::of(&response) {
        println!("{history}");
    }
    println!("{}", response.status());
    let body = response.into_body().collect().await?.to_bytes();
    print!("{}", String::from_utf8_lossy(&body));
    Ok(())
}
