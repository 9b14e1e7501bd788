//! Run with: `cargo run --example download`, or `cargo run --example download -- http://example.com/`
//!
//! Downloads a file through redirections, and prints every hop, the headers that it dropped, and the URL
//! to remember.

use std::env;
use std::error::Error;

use axum::Router;
use axum::body::Body;
use axum::response::Redirect;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{ServiceBuilder, ServiceExt};
use tower_redirect::FollowRedirectsLayer;
use tower_redirect::follow::{Action, Attempt, RedirectHistory, follow_fn};

/// A server whose file has moved twice, the first time for good.
pub fn app() -> Router {
    Router::new()
        .route("/v1/file", get(|| async { Redirect::permanent("/v2/file") }))
        .route("/v2/file", get(|| async { Redirect::temporary("/mirror/file") }))
        .route("/mirror/file", get(|| async { Body::from(vec![b'x'; 100_000]) }))
        .route("/login", get(|| async { "who are you?" }))
        .route("/private", get(|| async { Redirect::to("/login") }))
}

/// A file that was downloaded.
#[derive(Debug)]
pub struct Download {
    /// The length of the file.
    pub bytes: usize,
    /// The redirections that led to it, if there were any.
    pub history: Option<RedirectHistory>,
}

/// Downloads a file. A redirection to a login page is an error.
pub async fn download(url: &str) -> Result<Download, Box<dyn Error>> {
    let no_login =
        follow_fn(|attempt: &Attempt<'_>| match attempt.next_uri().map(|uri| uri.path()) {
            Some("/login") => Action::Reject,
            _ => Action::Follow,
        });
    let client = ServiceBuilder::new()
        .layer(FollowRedirectsLayer::new().policy(no_login))
        .service(Client::builder(TokioExecutor::new()).build_http());
    let request = Request::get(url).body(Empty::<bytes::Bytes>::new())?;
    let response = client.oneshot(request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("{} instead of a file", response.status()).into());
    }
    let history = RedirectHistory::of(&response).cloned();
    let bytes = response.into_body().collect().await?.to_bytes().len();
    Ok(Download { bytes, history })
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let here = format!("http://{}/v1/file", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app()).await });
    let Download { bytes, history } = download(&env::args().nth(1).unwrap_or(here)).await?;
    println!("{bytes} bytes");
    if let Some(history) = history {
        println!("{history}");
        if let Some(uri) = history.permanent_uri() {
            println!("next time ask {uri}");
        }
    }
    Ok(())
}
