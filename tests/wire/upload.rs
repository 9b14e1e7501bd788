//! Clients see the 307 for an upload that they send without `Expect`.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_redirect::{RedirectLayer, Versioning};

/// This many chunks of 64 KiB, whose total length is not announced.
struct Zeros(usize);

static CHUNK: [u8; 64 * 1024] = [0; 64 * 1024];

impl Body for Zeros {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.checked_sub(1);
        self.0 = next.unwrap_or(0);
        Poll::Ready(next.map(|_| Ok(Frame::data(Bytes::from_static(&CHUNK)))))
    }
}

/// Sends 20 uploads of 64 MiB without `Expect`, and returns how many clients see the 307.
async fn seen(layer: RedirectLayer<Versioning>) -> usize {
    seen_by(layer, false).await
}

async fn seen_by(layer: RedirectLayer<Versioning>, http2: bool) -> usize {
    let app = Router::new().route("/api/v2/upload", post(|| async {})).layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/api/v1/upload", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let client = Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
    let mut seen = 0;
    for _ in 0..20 {
        let request = Request::post(&url).body(Zeros(1024)).expect("valid");
        let status = client.request(request).await.map(|response| response.status());
        seen += usize::from(matches!(status, Ok(StatusCode::TEMPORARY_REDIRECT)));
    }
    seen
}

fn versions() -> RedirectLayer<Versioning> {
    let versions = Versioning::new("/api", "v2").and_then(|v| v.retire("v1"));
    RedirectLayer::new(versions.expect("valid"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_307_for_an_upload_of_64_mib_is_seen_twenty_times_of_twenty() {
    assert_eq!(seen(versions()).await, 20);
    // Without the drain, it depends on the machine how often the 307 is seen, so that this is only printed.
    // `tests/server/uploads.rs` counts the bytes that are drained.
    let undrained = seen(versions().upload_drain_limit(0, Duration::ZERO)).await;
    println!("without the drain: {undrained} of 20");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_307_is_seen_over_http2_with_and_without_a_drain_timer() {
    assert_eq!(seen_by(versions().drain_timer(tokio::time::sleep), true).await, 20);
    assert_eq!(seen_by(versions(), true).await, 20, "hyper's client reads before it writes");
}

/// This is the loop of hyper's documentation. Its connections are tasks, so that the compiler has to find the
/// service `Send`.
#[tokio::test]
async fn a_bare_accept_loop_can_drain_on_tokio_spawn() {
    let inner = service_fn(async |_: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let layer = versions().drain_timer(tokio::time::sleep).drain_on(tokio::spawn);
    let service = layer.layer(inner);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/api/v1/upload", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await?;
            let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(service.clone()));
            tokio::spawn(async move { http1::Builder::new().serve_connection(io, service).await });
        }
        #[allow(unreachable_code)] // Names the error of the loop.
        Ok::<_, std::io::Error>(())
    });
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(&url).body(Zeros(16)).expect("valid");
    let response = client.request(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
}
