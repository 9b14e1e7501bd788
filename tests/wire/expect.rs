//! Uploads that wait for a 100, over TCP, to servers that answer in different ways.

use std::convert::Infallible;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tower::{Layer, Service, ServiceExt};
use tower_redirect::follow::expect::{ExpectBody, ExpectContinueLayer, ExpectOptions};
use tower_redirect::{FollowRedirectsLayer, Replay, ReplayBody, ReplayBodyLayer, ReplayFn};

use crate::support::Frames;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// More bytes than any socket buffers.
const LONG: usize = 8 * 1024 * 1024;

fn content() -> Bytes {
    (0..LONG).map(|at| (at / 7 % 251) as u8).collect()
}

fn frames() -> Frames {
    let content = content();
    Frames::new((0..LONG).step_by(1 << 16).map(|at| content.slice(at..at + (1 << 16))))
}

/// A connection, as a server sees it.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// The next head, in lower case; `None` if the connection ends before.
    async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head: Vec<u8> = self.read.drain(..end + 4).collect();
                return Some(String::from_utf8_lossy(&head).to_lowercase());
            }
            self.more().await?;
        }
    }

    /// Reads what is there; `None` at the end.
    async fn more(&mut self) -> Option<usize> {
        let mut buffer = vec![0; 1 << 16];
        let length = self.stream.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        self.read.extend_from_slice(buffer.get(..length)?);
        Some(length)
    }

    /// Reads `length` bytes of a body.
    async fn body(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.read.len() < length {
            self.more().await?;
        }
        Some(self.read.drain(..length).collect())
    }

    /// Reads to the end of the connection.
    async fn rest(&mut self) -> usize {
        while self.more().await.is_some() {}
        self.read.len()
    }

    async fn send(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes()).await;
    }
}

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";

fn moved(to: &str) -> String {
    format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

/// Serves each connection with `serve`, which gets its number from 0. Returns the address.
async fn serve<F, T>(serve: F) -> Outcome<String>
where
    F: Fn(Connection, usize) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(Connection { stream, read: Vec::new() }, number));
            number += 1;
        }
    });
    Ok(format!("http://{address}"))
}

/// A server that asks for each upload and answers with its length and whether it is whole.
async fn reader() -> Outcome<String> {
    serve(async |mut connection, _| {
        while let Some(head) = connection.head().await {
            if head.contains("expect: 100-continue") {
                connection.send(CONTINUE).await;
            }
            let body = if head.contains("transfer-encoding: chunked") {
                chunked(&mut connection).await
            } else {
                let length = head.split("content-length: ").nth(1).and_then(|rest| {
                    rest.split("\r\n").next().and_then(|length| length.parse().ok())
                });
                connection.body(length.unwrap_or(0)).await
            };
            let whole = body.is_some_and(|body| body == content());
            let text = if whole { "whole" } else { "wrong" };
            connection.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{text}")).await;
        }
    })
    .await
}

async fn chunked(connection: &mut Connection) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            match connection.read.windows(2).position(|bytes| bytes == b"\r\n") {
                Some(end) => break end,
                None => connection.more().await?,
            };
        };
        let size: Vec<u8> = connection.read.drain(..end + 2).collect();
        let size = std::str::from_utf8(size.get(..end)?).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        let chunk = connection.body(size + 2).await?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk.get(..size)?);
    }
}

fn hyper<B: Body<Data: Send> + Send>() -> Client<HttpConnector, B> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// A layer that counts its waits, each of which takes `wait`.
fn counted(wait: Duration) -> (ExpectContinueLayer, Arc<AtomicUsize>) {
    let waits = Arc::new(AtomicUsize::new(0));
    let count = waits.clone();
    let layer = ExpectContinueLayer::new(move |time| {
        count.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(time)
    });
    (layer.wait(wait), waits)
}

/// A wait that no test reaches.
const ENDLESS: Duration = Duration::from_secs(600);

/// Sends an upload, and returns the status and the body, or the error.
async fn put<S, B, R, E>(client: S, url: &str, body: B) -> Outcome<(StatusCode, String)>
where
    S: Service<Request<B>, Response = Response<R>, Error = E>,
    R: Body<Error: Error + 'static, Data: Send>,
    E: Error + 'static,
{
    let call = client.oneshot(Request::put(url).body(body)?);
    let response = tokio::time::timeout(Duration::from_secs(60), call).await??;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

fn whole() -> (StatusCode, String) {
    (StatusCode::OK, "whole".to_owned())
}

#[tokio::test]
async fn not_a_byte_goes_to_a_server_that_redirects() -> Outcome {
    let target = reader().await?;
    let uploaded = Arc::new(Mutex::new(Vec::new()));
    let noted = uploaded.clone();
    // Answers at once, and counts the bytes that the client sends after the head.
    let redirects = serve(move |mut connection, _| {
        let (target, noted) = (target.clone(), noted.clone());
        async move {
            let head = connection.head().await.expect("a head");
            connection.send(&moved(&format!("{target}/"))).await;
            let asked = head.contains("expect: 100-continue");
            let rest = connection.rest().await;
            noted.lock().expect("not poisoned").push((asked, rest));
        }
    })
    .await?;
    let (expect, waits) = counted(ENDLESS);
    let follow = FollowRedirectsLayer::new();
    let full = follow.layer(expect.layer(hyper::<ExpectBody<Full<Bytes>>>()));
    assert_eq!(put(full, &redirects, Full::new(content())).await?, whole());

    let client = hyper::<ExpectBody<ReplayBody<Frames>>>();
    let recorded = ReplayBodyLayer::new(2 * LONG as u64).layer(follow.layer(expect.layer(client)));
    assert_eq!(put(recorded, &redirects, frames()).await?, whole());

    let body = ReplayFn::new(|| Ok::<_, Infallible>(frames()))?;
    assert_eq!(put(follow.layer(expect.layer(hyper())), &redirects, body).await?, whole());

    assert_eq!(*uploaded.lock().expect("not poisoned"), [(true, 0); 3]);
    // The client waits once for each server and upload.
    assert_eq!(waits.load(Ordering::SeqCst), 6);
    Ok(())
}

#[tokio::test]
async fn an_upload_that_is_short_or_has_the_option_off_is_sent_at_once() -> Outcome {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = heads.clone();
    let server = serve(move |mut connection, _| {
        let noted = noted.clone();
        async move {
            while let Some(head) = connection.head().await {
                let expect = head.split("expect: ").nth(1).map(|rest| rest.split('\r').next());
                let expect = expect.flatten().map(str::to_owned);
                if expect.as_deref() == Some("100-continue") {
                    connection.send(CONTINUE).await;
                }
                noted.lock().expect("not poisoned").push(expect);
                connection.body(3).await;
                connection.send(OK).await;
            }
        }
    })
    .await?;
    let (expect, waits) = counted(ENDLESS);
    let upload = || Request::put(&server).body(Full::new(Bytes::from_static(b"tea")));
    let with = |expect: &str| {
        let request = Request::put(&server).header("expect", expect);
        request.body(Full::new(Bytes::from_static(b"tea")))
    };
    let mut off = upload()?;
    off.extensions_mut().insert(ExpectOptions::new().off());
    let rows = [
        (expect.clone(), upload()?, None),
        (expect.clone(), with("100-Continue")?, Some("100-continue")),
        (expect.clone(), with("something")?, Some("something")),
        (expect.clone().threshold(3), upload()?, None),
        (expect.clone().threshold(2), upload()?, Some("100-continue")),
        (expect.clone().threshold(2), off, None),
        (expect.clone().threshold(2).after_redirect(), upload()?, None),
    ];
    for (layer, request, sent) in rows {
        let response = layer.layer(hyper()).oneshot(request).await?;
        assert_eq!(response.into_body().collect().await?.to_bytes(), "done");
        let seen = heads.lock().expect("not poisoned").pop().expect("a head");
        assert_eq!(seen.as_deref(), sent);
    }
    assert_eq!(waits.load(Ordering::SeqCst), 2);
    Ok(())
}

#[tokio::test]
async fn a_server_that_never_asks_is_waited_for_once() -> Outcome {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = heads.clone();
    let server = serve(move |mut connection, _| {
        let noted = noted.clone();
        async move {
            while let Some(head) = connection.head().await {
                noted.lock().expect("not poisoned").push(head.contains("expect:"));
                let whole = connection.body(LONG).await.is_some_and(|body| body == content());
                let text = if whole { "whole" } else { "wrong" };
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
                connection.send(&format!("{head}{text}")).await;
            }
        }
    })
    .await?;
    let (expect, waits) = counted(Duration::from_millis(20));
    let client = expect.layer(hyper());
    for _ in 0..3 {
        assert_eq!(put(client.clone(), &server, Full::new(content())).await?, whole());
    }
    assert_eq!(*heads.lock().expect("not poisoned"), [true, false, false]);
    assert_eq!(waits.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn informational_responses_may_come_in_any_order() -> Outcome {
    const PROCESSING: &str = "HTTP/1.1 102 Processing\r\n\r\n";
    const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let server = serve(async |mut connection, number| {
        if connection.head().await.is_some() {
            for text in
                [&[CONTINUE][..], &[PROCESSING, HINTS, CONTINUE], &[CONTINUE, CONTINUE, HINTS]]
                    [number % 3]
            {
                connection.send(text).await;
            }
            let whole = connection.body(LONG).await.is_some_and(|body| body == content());
            if number % 3 == 2 {
                connection.send(CONTINUE).await;
            }
            let text = if whole { "whole" } else { "wrong" };
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
            connection.send(&format!("{head}{text}")).await;
        }
    })
    .await?;
    let (expect, waits) = counted(ENDLESS);
    for _ in 0..6 {
        let client = expect.layer(hyper());
        assert_eq!(put(client, &server, Full::new(content())).await?, whole());
    }
    assert_eq!(waits.load(Ordering::SeqCst), 6);
    Ok(())
}

#[tokio::test]
async fn refused_expectations_are_not_sent_to_that_server_again() -> Outcome {
    let heads = Arc::new(AtomicUsize::new(0));
    let count = heads.clone();
    let server = serve(move |mut connection, _| {
        let count = count.clone();
        async move {
            while let Some(head) = connection.head().await {
                count.fetch_add(1, Ordering::SeqCst);
                if head.contains("expect:") {
                    let refuse = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
                    connection.send(refuse).await;
                    assert_eq!(connection.rest().await, 0);
                    return;
                }
                let whole = connection.body(LONG).await.is_some_and(|body| body == content());
                let text = if whole { "whole" } else { "wrong" };
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
                connection.send(&format!("{head}{text}")).await;
            }
        }
    })
    .await?;
    let (expect, _) = counted(ENDLESS);
    let client = expect.layer(hyper());
    assert_eq!(put(client.clone(), &server, Full::new(content())).await?, whole());
    assert_eq!(heads.load(Ordering::SeqCst), 2);
    // The next upload has no expectation.
    assert_eq!(put(client, &server, Full::new(content())).await?, whole());
    assert_eq!(heads.load(Ordering::SeqCst), 3);

    // If the body cannot be sent again, the caller gets the 417, and no empty body is sent in its place.
    let server = serve(async |mut connection, _| {
        while let Some(head) = connection.head().await {
            assert!(head.contains("expect:"), "{head}");
            connection.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n").await;
            assert_eq!(connection.rest().await, 0);
        }
    })
    .await?;
    let made = std::sync::atomic::AtomicBool::new(false);
    let once = ReplayFn::new(move || match made.swap(true, Ordering::SeqCst) {
        false => Ok(frames()),
        true => Err(std::io::Error::other("opened once")),
    })?;
    let (expect, _) = counted(ENDLESS);
    let (status, body) = put(expect.layer(hyper()), &server, once).await?;
    assert_eq!((status, body.as_str()), (StatusCode::EXPECTATION_FAILED, ""));
    Ok(())
}

#[tokio::test]
async fn a_redirection_after_the_100_replays_the_whole_body() -> Outcome {
    let target = reader().await?;
    let server = serve(move |mut connection, _| {
        let target = target.clone();
        async move {
            connection.head().await.expect("a head");
            connection.send(CONTINUE).await;
            connection.body(LONG / 2).await.expect("half of it");
            connection.send(&moved(&format!("{target}/"))).await;
            connection.rest().await;
        }
    })
    .await?;
    let (expect, _) = counted(ENDLESS);
    let follow = FollowRedirectsLayer::new();
    let full = follow.layer(expect.layer(hyper()));
    assert_eq!(put(full, &server, Full::new(content())).await?, whole());
    let recorded = ReplayBodyLayer::new(2 * LONG as u64).layer(follow.layer(expect.layer(hyper())));
    assert_eq!(put(recorded, &server, frames()).await?, whole());
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_read_whole_and_its_connection_is_not_used_again() -> Outcome {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    let page = "x".repeat(200_000);
    let sent = page.clone();
    let server = serve(move |mut connection, _| {
        let (count, page) = (count.clone(), sent.clone());
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            let head = connection.head().await.expect("a head");
            if head.starts_with("get") {
                connection.send(&OK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
            } else {
                let length = page.len();
                let head = format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\n\r\n");
                connection.send(&format!("{head}{page}")).await;
            }
            // A second request on this connection would be read as the body that was announced.
            assert_eq!(connection.rest().await, 0);
        }
    })
    .await?;
    let (expect, _) = counted(ENDLESS);
    let client = expect.layer(hyper());
    for number in 1..=3 {
        let (status, body) = put(client.clone(), &server, Full::new(content())).await?;
        assert_eq!((status.as_u16(), body.len()), (403, page.len()));
        assert_eq!(connections.load(Ordering::SeqCst), 2 * number - 1);
        let get = Request::get(&server).body(Full::default())?;
        assert_eq!(client.clone().oneshot(get).await?.status(), 200);
        assert_eq!(connections.load(Ordering::SeqCst), 2 * number);
    }
    Ok(())
}

/// A body that reports when it is dropped.
struct Tracked(Frames, Option<oneshot::Sender<()>>);

impl Drop for Tracked {
    fn drop(&mut self) {
        let _ = self.1.take().map(|dropped| dropped.send(()));
    }
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }
}

impl Replay for Tracked {
    fn replay(&self) -> Result<Self, tower_redirect::replay::NotReplayable> {
        Err(tower_redirect::replay::NotReplayable::Unsupported)
    }

    fn empty() -> Self {
        Self(Frames::new([]), None)
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_or_cut_leaves_nothing_behind() -> Outcome {
    let (arrived, mut arrives) = tokio::sync::mpsc::unbounded_channel();
    let server = serve(move |mut connection, number| {
        let arrived = arrived.clone();
        async move {
            connection.head().await.expect("a head");
            arrived.send(number).expect("awaited");
            if number == 0 {
                // The client aborts the call, and its connection ends without a byte of the body.
                assert_eq!(connection.rest().await, 0);
                arrived.send(100).expect("awaited");
            }
            // The server closes the second connection.
        }
    })
    .await?;
    let (expect, _) = counted(ENDLESS);
    let client = expect.layer(hyper());
    let upload = |dropped| Request::put(&server).body(Tracked(frames(), Some(dropped)));

    let (dropped, is_dropped) = oneshot::channel();
    let call = tokio::spawn(client.clone().oneshot(upload(dropped)?));
    assert_eq!(arrives.recv().await, Some(0));
    call.abort();
    is_dropped.await?;
    assert_eq!(arrives.recv().await, Some(100));

    let (dropped, is_dropped) = oneshot::channel();
    assert!(client.oneshot(upload(dropped)?).await.is_err());
    is_dropped.await?;
    Ok(())
}

#[tokio::test]
async fn after_redirect_waits_only_for_origins_that_redirected_before() -> Outcome {
    let target = reader().await?;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let server = serve(move |mut connection, _| {
        let (target, noted) = (target.clone(), noted.clone());
        async move {
            while let Some(head) = connection.head().await {
                let has_expect = head.contains("expect:");
                noted.lock().expect("not poisoned").push(has_expect);
                if !has_expect {
                    connection.body(LONG).await;
                }
                connection.send(&moved(&format!("{target}/"))).await;
            }
        }
    })
    .await?;
    let (expect, _) = counted(ENDLESS);
    let client = FollowRedirectsLayer::new().layer(expect.after_redirect().layer(hyper()));
    for _ in 0..3 {
        assert_eq!(put(client.clone(), &server, Full::new(content())).await?, whole());
    }
    assert_eq!(*asked.lock().expect("not poisoned"), [false, true, true]);
    Ok(())
}

#[tokio::test]
async fn an_origin_with_http_2_is_waited_for_once() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let answer = hyper::service::service_fn(async |request: Request<hyper::body::Incoming>| {
        let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
        let text = if body.is_ok_and(|body| body == content()) { "whole" } else { "wrong" };
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(text.as_bytes()))))
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let io = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(server.serve_connection(io, answer));
        }
    });
    let (expect, waits) = counted(Duration::from_millis(20));
    let http2 = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let client = expect.layer(http2);
    for _ in 0..3 {
        assert_eq!(put(client.clone(), &url, Full::new(content())).await?, whole());
    }
    assert_eq!(waits.load(Ordering::SeqCst), 1);
    Ok(())
}
