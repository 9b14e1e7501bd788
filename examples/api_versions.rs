//! Run with: `cargo run --example api_versions`, then
//! `curl -i -L -d tea http://127.0.0.1:3000/api/v1/orders`
//!
//! Requests for the retired version, and those that name no version, arrive with their bodies at the
//! current one.

use std::error::Error;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tower_redirect::{ConfigError, RedirectLayer, Versioning};

/// An API whose second version accepts every request of the first.
pub fn app() -> Result<Router, ConfigError> {
    let versions = Versioning::new("/api", "v2")?.retire("v1")?;
    Ok(Router::new()
        .route("/", get(|| async { "an api\n" }))
        .route("/api/v2/orders", post(|body: String| async move { format!("v2 took: {body}\n") }))
        .layer(RedirectLayer::new(versions).drain_timer(tokio::time::sleep)))
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("http://127.0.0.1:3000/api/v1/orders");
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app()?).await?;
    Ok(())
}
