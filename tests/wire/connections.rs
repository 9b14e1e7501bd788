//! Connections are reused, and no hop waits for the connection of the hop before.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, ServiceExt};
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A long body of a redirection, which is endless if `left` is `None`.
struct Long {
    left: Option<usize>,
    sent: Arc<AtomicU64>,
}

impl Body for Long {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.left.unwrap_or(4096).min(4096);
        self.left = self.left.map(|left| left - length);
        self.sent.fetch_add(length as u64, Ordering::SeqCst);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(Bytes::from(vec![b'x'; length])))))
    }
}

#[derive(Clone, Default)]
struct Server {
    connections: Arc<AtomicUsize>,
    sent: Arc<AtomicU64>,
}

impl Server {
    /// `/n` leads to `/n-1`, with a body of 60 KiB; `/endless` to `/0`, with one that does not end.
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Long>, Infallible> {
        let path = request.uri().path().trim_start_matches('/');
        let (left, next) = match path.parse::<usize>() {
            Ok(0) => return Ok(Response::new(Long { left: Some(0), sent: self.sent })),
            Ok(n) => (Some(60 * 1024), format!("/{}", n - 1)),
            Err(_) => (None, "/0".to_owned()),
        };
        let response = Response::builder().status(StatusCode::FOUND).header("location", next);
        Ok(response.body(Long { left, sent: self.sent }).expect("valid"))
    }

    async fn serve(&self) -> Outcome<u16> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.connections.fetch_add(1, Ordering::SeqCst);
                let server = server.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| server.clone().answer(request));
                    let connection = auto::Builder::new(TokioExecutor::new());
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(port)
    }
}

type Plain = Client<HttpConnector, Full<Bytes>>;

fn client(http2: bool) -> Plain {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .http2_only(http2)
        .pool_max_idle_per_host(1)
        .build_http()
}

fn get(port: u16, path: &str) -> Outcome<Request<Full<Bytes>>> {
    Ok(Request::get(format!("http://127.0.0.1:{port}{path}")).body(Full::default())?)
}

/// Fails instead of hanging.
async fn within<T>(future: impl Future<Output = T>) -> Outcome<T> {
    Ok(tokio::time::timeout(Duration::from_secs(30), future).await?)
}

#[tokio::test]
async fn twenty_hops_take_one_connection() -> Outcome {
    for http2 in [false, true] {
        let server = Server::default();
        let port = server.serve().await?;
        let follower = FollowRedirectsLayer::new().limit(20);
        // There is one permit: a follower that keeps a response would wait for itself.
        let client = follower.layer(ConcurrencyLimit::new(client(http2), 1));
        for _ in 0..2 {
            let response = within(client.clone().oneshot(get(port, "/20")?)).await??;
            assert_eq!(RedirectHistory::of(&response).map(RedirectHistory::len), Some(20));
            response.into_body().collect().await?;
        }
        assert_eq!(server.connections.load(Ordering::SeqCst), 1, "http2 {http2}");
    }
    Ok(())
}

#[tokio::test]
async fn an_endless_redirection_costs_the_drain_limit_at_most() -> Outcome {
    for http2 in [false, true] {
        let server = Server::default();
        let port = server.serve().await?;
        let read = Arc::new(AtomicU64::new(0));
        let counted = read.clone();
        let counting = client(http2).map_response(move |response: Response<Incoming>| {
            response.map(|body| Counting { body, read: counted.clone() })
        });
        let follower = FollowRedirectsLayer::new().response_drain_limit(100_000);
        let response = within(follower.layer(counting).oneshot(get(port, "/endless")?)).await??;
        assert_eq!(response.status(), StatusCode::OK);
        let read = read.load(Ordering::SeqCst);
        // The frame that reaches the limit is read whole. Over HTTP/2 the next response may come first.
        let least = if http2 { 0 } else { 100_000 };
        assert!((least..100_000 + 512 * 1024).contains(&read), "http2 {http2}: {read}");
    }
    Ok(())
}

struct Counting {
    body: Incoming,
    read: Arc<AtomicU64>,
}

impl Body for Counting {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.read.fetch_add(length as u64, Ordering::SeqCst);
        }
        polled
    }
}

/// A server that answers `/ok`, and redirects other paths there with a body of 100 bytes that it never sends.
async fn stalling() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    let answer: &[u8] = if buffer[..read].starts_with(b"GET /ok ") {
                        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
                    } else {
                        b"HTTP/1.1 302 Found\r\nlocation: /ok\r\ncontent-length: 100\r\n\r\n"
                    };
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(port)
}

#[tokio::test]
async fn a_stalled_redirection_waits_for_the_callers_timeout_and_leaves_the_pool_usable() -> Outcome
{
    let port = stalling().await?;
    let client = FollowRedirectsLayer::new().layer(ConcurrencyLimit::new(client(false), 1));
    let mut stalled = Box::pin(client.clone().oneshot(get(port, "/stalls")?));
    // Without the caller's timeout, the call would never end.
    let outcome = tokio::time::timeout(Duration::from_millis(300), &mut stalled).await;
    assert!(outcome.is_err(), "it waits");
    drop(stalled);
    let response = within(client.oneshot(get(port, "/ok")?)).await??;
    assert_eq!(response.into_body().collect().await?.to_bytes(), "ok");
    Ok(())
}
