//! Run with: `cargo run --example follow_reqwest`, or give it a url:
//! `cargo run --example follow_reqwest -- http://127.0.0.1:3000/api/v1/orders`
//!
//! A `reqwest::Client` with its own redirects off, as a tower service that follows them.

use std::error::Error;

use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_redirect::{
    FollowError, FollowRedirectsLayer, RedirectHistory, ReplayBody, ReplayBodyLayer,
};

#[path = "api_versions.rs"]
#[allow(dead_code)]
mod api_versions;

/// A builder whose clients leave redirects to the layer.
pub fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none())
}

/// Which cryptography TLS uses is the program's choice, made once.
pub fn choose_cryptography() {
    // An earlier choice stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// `client`, following up to 10 redirections, and keeping up to 256 KiB of each body.
pub fn following(
    client: reqwest::Client,
) -> impl Service<
    Request<Body>,
    Response = Response<reqwest::Body>,
    Error = FollowError<reqwest::Error>,
    Future: Send,
> + Clone {
    let send = service_fn(move |request: Request<ReplayBody<Body>>| {
        let client = client.clone();
        async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
            client.execute(request).await.map(Response::from)
        }
    });
    ServiceBuilder::new()
        .layer(ReplayBodyLayer::new(256 * 1024))
        .layer(FollowRedirectsLayer::new())
        .service(send)
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
    let client = following(builder().build()?);
    let response = client.oneshot(Request::post(url).body(Body::from("tea"))?).await?;
    if let Some(history) = RedirectHistory::of(&response) {
        println!("{history}");
    }
    println!("{}", response.status());
    let body = response.into_body().collect().await?.to_bytes();
    print!("{}", String::from_utf8_lossy(&body));
    Ok(())
}
