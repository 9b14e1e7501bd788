//! Run with: `cargo run --example https_only`, then
//! `curl -k -i -L -d tea http://127.0.0.1:3000/orders`
//!
//! The same application over http and https; over http it only answers health checks and the
//! challenges that certificates need.

use std::error::Error;

use axum::body::Bytes;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tower_redirect::{ConfigError, HttpsOnly, RedirectLayer, Transport};

#[path = "tour/tls.rs"]
pub mod tls;

/// The application, for both listeners. Requests over http are redirected to `https_port`.
pub fn app(https_port: u16) -> Result<Router, ConfigError> {
    let https = HttpsOnly::new().port(https_port).exempt("/health")?;
    let redirects = RedirectLayer::new(https)
        .hosts(["127.0.0.1", "localhost"])?
        .drain_timer(tokio::time::sleep)
        .on_diagnosis(|diagnosis| eprintln!("{diagnosis}"));
    Ok(Router::new()
        .route("/health", get(|| async { "fine\n" }))
        .route("/orders", post(order))
        .layer(redirects))
}

async fn order(transport: Option<Extension<Transport>>, body: Bytes) -> String {
    let secure = matches!(transport, Some(Extension(Transport::Secure)));
    format!("took {} bytes, secure: {secure}\n", body.len())
}

/// The application on the TLS listener. Only TLS reaches that listener, so its requests are secure.
pub fn secure(app: Router) -> Router {
    app.layer(Transport::Secure)
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    let http = TcpListener::bind("127.0.0.1:3000").await?;
    let https = TcpListener::bind("127.0.0.1:3443").await?;
    let app = app(3443)?;
    let https = tls::TlsListener::new(https, &tls::Identity::self_signed()?)?;
    println!("http://127.0.0.1:3000 https://127.0.0.1:3443");
    let secure = secure(app.clone());
    tokio::spawn(async move { axum::serve(https, secure).await });
    axum::serve(http, app).await?;
    Ok(())
}
