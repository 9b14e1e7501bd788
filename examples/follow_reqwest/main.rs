//! Run with: `cargo run --example follow_reqwest`, or give it a url:
//! `cargo run --example follow_reqwest -- http://127.0.0.1:3000/api/v1/orders`
//!
//! A `reqwest::Client` as a tower service that follows redirects. Its requests and responses remain those
//! of `reqwest`. For a client with a guard, `resolver.rs` checks the addresses of names.

use std::error::Error;
use std::time::Duration;

use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_redirect::RedirectHistory;

mod adapter;
#[path = "../api_versions.rs"]
#[allow(dead_code)]
mod api_versions;

pub use adapter::following;

/// A builder whose clients leave redirects to the layer.
pub fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none())
}

/// Chooses the cryptography of TLS for the whole program.
pub fn choose_cryptography() {
    // An error means that the choice was made before.
    let _ = rustls::crypto::ring::default_provider().install_default();
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
    choose_cryptography();
    let client = builder().build()?;
    let request = client.post(url).timeout(Duration::from_secs(5)).body("tea").build()?;
    let response = following(client).oneshot(request).await?;
    if let Some(history) = response.extensions().get::<RedirectHistory>() {
        println!("{history}");
    }
    println!("{} from {}", response.status(), response.url());
    print!("{}", response.text().await?);
    Ok(())
}
