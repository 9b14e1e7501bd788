//! Clients get a 307 for an upload of 64 MiB that is already under way, follow it, and every byte arrives.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::post;
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{ServiceBuilder, ServiceExt};
use tower_redirect::{
    FollowRedirectsLayer, RedirectHistory, RedirectLayer, ReplayBodyLayer, Versioning,
};

type Outcome = Result<(), Box<dyn Error>>;
const LENGTH: usize = 64 * 1024 * 1024;

fn content() -> Bytes {
    let block = Sha256::digest(b"tea");
    Bytes::from(block.iter().copied().cycle().take(LENGTH).collect::<Vec<u8>>())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes an upload, frame by frame.
async fn upload(request: Request) -> String {
    let mut body = request.into_body();
    let (mut hash, mut length) = (Sha256::new(), 0);
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            hash.update(data);
            length += data.len();
        }
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{length} {digest}")
}

fn versions() -> RedirectLayer<Versioning> {
    let versions = Versioning::new("/api", "v2").and_then(|v| v.retire("v1"));
    RedirectLayer::new(versions.expect("valid"))
}

fn app() -> Router {
    Router::new().route("/api/v2/upload", post(upload))
}

async fn serve(app: Router) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

struct Chunks(Bytes);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let length = self.0.len().min(64 * 1024);
        let chunk = self.0.split_to(length);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(chunk))))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_of_twenty_uploads_arrive_by_hyper_util_and_this_follower() -> Outcome {
    let url = format!("http://{}/api/v1/upload", serve(app().layer(versions())).await?);
    let client = ServiceBuilder::new()
        .layer(ReplayBodyLayer::new(LENGTH as u64))
        .layer(FollowRedirectsLayer::new())
        .service(Client::builder(TokioExecutor::new()).build_http());
    let content = content();
    let expected = format!("{LENGTH} {}", digest(&content));
    for _ in 0..20 {
        let request = Request::post(&url).body(Body::new(Chunks(content.clone())))?;
        let response = client.clone().oneshot(request).await?;
        assert_eq!(RedirectHistory::of(&response).map(RedirectHistory::len), Some(1));
        assert_eq!(response.into_body().collect().await?.to_bytes(), expected);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_of_twenty_uploads_arrive_by_reqwest_with_its_own_redirects() -> Outcome {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("http://{}/api/v1/upload", serve(app().layer(versions())).await?);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let content = content();
    let expected = format!("{LENGTH} {}", digest(&content));
    for _ in 0..20 {
        let response = client.post(&url).body(content.clone()).send().await?;
        assert!(response.url().path().starts_with("/api/v2/"));
        let bytes = http::Response::from(response).into_body().collect().await?.to_bytes();
        assert_eq!(bytes, expected);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs curl"]
async fn twenty_of_twenty_uploads_arrive_by_curl() -> Outcome {
    let url = format!("http://{}/api/v1/upload", serve(app().layer(versions())).await?);
    let content = content();
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("arrives");
    std::fs::write(&file, &content)?;
    let expected = format!("{LENGTH} {} 200 1", digest(&content));
    for _ in 0..20 {
        let output = tokio::process::Command::new("curl")
            .args(["-q", "--noproxy", "*", "-L", "-s", "-S", "--max-time", "60", "-H", "Expect:"])
            .args(["-w", " %{http_code} %{num_redirects}", "--data-binary"])
            .arg(format!("@{}", file.display()))
            .arg(&url)
            .output()
            .await?;
        assert_eq!(String::from_utf8(output.stdout)?, expected);
    }
    Ok(())
}

/// Sends a head and the beginning of a body, and reads the head of the answer.
async fn answer(address: SocketAddr, sent: &str) -> std::io::Result<(TcpStream, String)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(sent.as_bytes()).await?;
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await?;
        seen.push(byte[0]);
    }
    Ok((stream, String::from_utf8_lossy(&seen).to_lowercase()))
}

const HEAD: &str = "POST /api/v1/upload HTTP/1.1\r\nHost: a.test\r\nContent-Length: 67108864\r\n";

#[tokio::test]
async fn with_expect_nothing_is_uploaded() -> Outcome {
    let address = serve(app().layer(versions())).await?;
    let (mut stream, seen) =
        answer(address, &format!("{HEAD}Expect: 100-continue\r\n\r\n")).await?;
    assert!(seen.starts_with("http/1.1 307 ") && seen.contains("connection: close"), "{seen}");
    // Nothing comes after the answer.
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await?;
    assert!(rest.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_answer_does_not_wait_for_an_upload_that_a_task_drains() -> Outcome {
    let address = serve(app().layer(versions().drain_on(tokio::spawn))).await?;
    let (mut stream, seen) = answer(address, &format!("{HEAD}\r\nfirst bytes")).await?;
    assert!(seen.starts_with("http/1.1 307 ") && !seen.contains("connection: close"), "{seen}");
    // The rest is still read, and the next request on the connection is answered.
    let rest = vec![0; LENGTH - "first bytes".len()];
    stream.write_all(&rest).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n").await?;
    let mut next = Vec::new();
    stream.read_to_end(&mut next).await?;
    assert!(next.starts_with(b"HTTP/1.1 404 "));
    Ok(())
}

#[tokio::test]
async fn bodies_that_never_arrive_do_not_delay_other_requests() -> Outcome {
    let address = serve(app().layer(versions())).await?;
    let mut silent = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("{HEAD}\r\n").as_bytes()).await?;
        silent.push(stream);
    }
    let short = HEAD.replace("67108864", "3");
    let (_, seen) = answer(address, &format!("{short}\r\ntea")).await?;
    assert!(seen.starts_with("http/1.1 307 "), "{seen}");
    drop(silent);
    Ok(())
}
