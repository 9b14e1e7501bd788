//! How much of an upload is read before its request is answered, and for how long.

use std::convert::Infallible;
use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, Interval, interval};
use tower::{Layer, Service, ServiceExt};
use tower_redirect::server::{DrainTask, ResponseBody};
use tower_redirect::{Decision, RedirectLayer, RedirectPolicy, Redirection, policy_fn};

use crate::support::{Inner, fed};

/// Redirects every request, but answers CONNECT, which cannot be redirected, with a response.
fn layer() -> RedirectLayer<impl RedirectPolicy> {
    let to = Redirection::to("/x").expect("valid");
    RedirectLayer::new(policy_fn(move |head| match *head.method() {
        Method::CONNECT => Decision::Respond(Response::new(Bytes::from_static(b"no tunnel"))),
        _ => Decision::Redirect(to.clone()),
    }))
}

/// A body that counts how often it is polled.
struct Upload {
    frames: usize,
    frame: Bytes,
    polled: Arc<Mutex<usize>>,
    announced: Option<u64>,
    fails: bool,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        *self.polled.lock().expect("not poisoned") += 1;
        if self.frames == 0 {
            return Poll::Ready(self.fails.then_some(Err("broke off")));
        }
        self.frames -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.frame.clone()))))
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or(SizeHint::default(), SizeHint::with_exact)
    }
}

/// Ten frames of ten bytes.
fn upload(announced: Option<u64>) -> (Request<Upload>, Arc<Mutex<usize>>) {
    let polled = Arc::new(Mutex::new(0));
    let frame = Bytes::from_static(b"0123456789");
    let body = Upload { frames: 10, frame, polled: polled.clone(), announced, fails: false };
    (Request::post("/p").body(body).expect("valid"), polled)
}

#[derive(Debug, PartialEq)]
struct Drained {
    polls: usize,
    closes: bool,
}

async fn drained<S>(service: S, (request, polled): (Request<Upload>, Arc<Mutex<usize>>)) -> Drained
where
    S: Service<Request<Upload>, Response = Response<ResponseBody<Full<Bytes>>>, Error = Infallible>,
{
    let response = service.oneshot(request).await.expect("infallible");
    assert!(response.headers()["cache-control"] == "no-store", "an answer of the layer");
    let closes = response.headers().get("connection").is_some_and(|value| value == "close");
    let polls = *polled.lock().expect("not poisoned");
    Drained { polls, closes }
}

/// Redirects an upload of ten frames of ten bytes, whose length is not announced.
async fn drain(change: impl FnOnce(&mut Request<Upload>), limit: u64, time: Duration) -> Drained {
    let mut upload = upload(None);
    change(&mut upload.0);
    drained(layer().upload_drain_limit(limit, time).layer(Inner::default()), upload).await
}

/// An upload that was polled this many times, on a connection that `closes` or stays open.
const fn at(polls: usize, closes: bool) -> Drained {
    Drained { polls, closes }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_upload_is_read_before_the_answer() {
    let expect = HeaderValue::from_static("100-continue");
    let nothing = |_: &mut Request<Upload>| {};
    assert_eq!(drain(nothing, 1000, MINUTE).await, at(11, false));
    assert_eq!(drain(nothing, 100, MINUTE).await, at(11, false));
    assert_eq!(drain(nothing, 99, MINUTE).await, at(10, true), "over the limit");
    assert_eq!(drain(nothing, 1000, Duration::ZERO).await, at(0, true), "out of time");
    let held = |r: &mut Request<Upload>| drop(r.headers_mut().insert(header::EXPECT, expect));
    assert_eq!(drain(held, 1000, MINUTE).await, at(0, true), "not even begun");
    let old = |r: &mut Request<Upload>| {
        *r.version_mut() = Version::HTTP_10;
        r.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
    };
    assert_eq!(drain(old, 1000, MINUTE).await, at(11, false), "HTTP/1.0 knows no 100");
    let other = |r: &mut Request<Upload>| {
        r.headers_mut().insert(header::EXPECT, HeaderValue::from_static("tea"));
    };
    assert_eq!(drain(other, 1000, MINUTE).await, at(11, false), "only 100-continue waits");
    let among = |r: &mut Request<Upload>| {
        r.headers_mut().insert(header::EXPECT, HeaderValue::from_static("tea, 100-Continue"));
    };
    assert_eq!(drain(among, 1000, MINUTE).await, at(0, true), "one of a list");
    let long = |r: &mut Request<Upload>| r.body_mut().announced = Some(1001);
    assert_eq!(drain(long, 1000, MINUTE).await, at(0, true), "too long from the start");
    let empty = |r: &mut Request<Upload>| r.body_mut().frame = Bytes::new();
    assert_eq!(drain(empty, 5, MINUTE).await, at(6, true), "empty frames are limited, too");
    let fails = |r: &mut Request<Upload>| r.body_mut().fails = true;
    assert_eq!(drain(fails, u64::MAX, MINUTE).await, at(11, true), "broken off");
    let fails = |r: &mut Request<Upload>| r.body_mut().fails = true;
    assert_eq!(drain(fails, 1000, MINUTE).await, at(11, true), "broken off");
}

#[tokio::test]
async fn an_http2_upload_has_the_same_limits_and_leaves_the_connection_open() {
    let drain = async |announced, limit, time, change: Change| {
        let mut upload = upload(announced);
        *upload.0.version_mut() = Version::HTTP_2;
        change(&mut upload.0);
        drained(layer().upload_drain_limit(limit, time).layer(Inner::default()), upload).await
    };
    let announced = Some(100);
    assert_eq!(drain(announced, 100, MINUTE, |_| {}).await, at(11, false));
    assert_eq!(drain(Some(50), 50, MINUTE, |_| {}).await, at(6, false), "over the limit");
    assert_eq!(drain(announced, 99, MINUTE, |_| {}).await, at(0, false), "too long at the start");
    assert_eq!(drain(announced, 100, Duration::ZERO, |_| {}).await, at(0, false), "out of time");
    let expect = |r: &mut Request<Upload>| {
        r.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
    };
    assert_eq!(drain(announced, 100, MINUTE, expect).await, at(0, false), "not even begun");
    let fails = |r: &mut Request<Upload>| r.body_mut().fails = true;
    assert_eq!(drain(announced, 100, MINUTE, fails).await, at(11, false), "broken off");
}

type Change = fn(&mut Request<Upload>);

/// Requests whose clients may wait for the answer before they send more: a name, the length that they
/// announce, and their method or headers.
fn conversations() -> [(&'static str, Option<u64>, Change); 5] {
    fn with(request: &mut Request<Upload>, name: header::HeaderName, value: &'static str) {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    [
        ("gRPC", None, |r| with(r, header::CONTENT_TYPE, "application/grpc")),
        ("gRPC of a length", Some(100), |r| {
            with(r, header::CONTENT_TYPE, "application/grpc+proto")
        }),
        ("an event stream", None, |r| with(r, header::ACCEPT, "text/event-stream")),
        ("a list", None, |r| with(r, header::ACCEPT, "application/json, text/event-stream")),
        ("CONNECT", None, |r| *r.method_mut() = Method::CONNECT),
    ]
}

#[tokio::test]
async fn a_conversation_is_answered_at_once() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        for (name, announced, change) in conversations() {
            let mut upload = upload(announced);
            *upload.0.version_mut() = version;
            change(&mut upload.0);
            let service = layer().drain_timer(|_| pending()).layer(Inner::default());
            let closes = version == Version::HTTP_11;
            assert_eq!(drained(service, upload).await, at(0, closes), "{name} {version:?}");
        }
        // A client that asks for events but announces a length sends the upload without waiting.
        let mut upload = upload(Some(100));
        *upload.0.version_mut() = version;
        upload.0.headers_mut().insert("accept", HeaderValue::from_static("text/event-stream"));
        assert_eq!(drained(layer().layer(Inner::default()), upload).await, at(11, false));
    }
}

#[tokio::test]
async fn an_http2_upload_of_unknown_length_is_read_only_under_a_timer() {
    let http2 = || {
        let mut upload = upload(None);
        *upload.0.version_mut() = Version::HTTP_2;
        upload
    };
    let untimed = layer().layer(Inner::default());
    assert_eq!(drained(untimed, http2()).await, at(0, false));
    let timed = layer().drain_timer(|_| pending()).layer(Inner::default());
    assert_eq!(drained(timed, http2()).await, at(11, false));
}

/// Answers at once, and reads the upload in a task that never runs. Returns the number of tasks.
async fn on_executor(upload: (Request<Upload>, Arc<Mutex<usize>>)) -> (Drained, usize) {
    let tasks = Arc::new(Mutex::new(Vec::new()));
    let spawned = tasks.clone();
    let layer = layer().drain_on(move |task: DrainTask| {
        spawned.lock().expect("not poisoned").push(task);
    });
    let drained = drained(layer.layer(Inner::default()), upload).await;
    let tasks = tasks.lock().expect("not poisoned").len();
    (drained, tasks)
}

#[tokio::test]
async fn on_an_executor_all_is_read_but_connect_expect_and_long_uploads() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let with = |change: fn(&mut Request<Upload>), announced| {
            let mut upload = upload(announced);
            *upload.0.version_mut() = version;
            change(&mut upload.0);
            on_executor(upload)
        };
        let closes = version == Version::HTTP_11;
        assert_eq!(with(|_| {}, None).await, (at(0, false), 1), "{version:?}");
        for (name, announced, change) in conversations() {
            let expected = if name == "CONNECT" { (at(0, closes), 0) } else { (at(0, false), 1) };
            assert_eq!(with(change, announced).await, expected, "{name} {version:?}");
        }
        let expect = |r: &mut Request<Upload>| {
            r.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
        };
        assert_eq!(with(expect, None).await, (at(0, closes), 0), "Expect, {version:?}");
        let long = with(|_| {}, Some(u64::MAX));
        assert_eq!(long.await, (at(0, closes), 0), "too long, {version:?}");
    }
}

#[test]
fn the_answer_waits_for_the_upload_and_a_timer_is_made_only_then() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = made.clone();
    let layer = layer().drain_timer(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        pending()
    });
    let (sender, body) = fed();
    let mut service = layer.layer(Inner::default());
    let future = service.call(Request::post("/p").body(body).expect("valid"));
    let mut future = std::pin::pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(made.load(Ordering::SeqCst), 0);
    assert!(future.as_mut().poll(&mut cx).is_pending());
    sender.send("x".into()).expect("open");
    assert!(future.as_mut().poll(&mut cx).is_pending());
    assert_eq!(made.load(Ordering::SeqCst), 1);
    drop(sender);
    let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) else { panic!("no answer") };
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
}

/// Counts the tasks that run: those of connections, of streams, and of uploads.
#[derive(Clone, Debug, Default)]
struct Tasks(Arc<AtomicUsize>);

impl Tasks {
    fn spawn<F>(&self, future: F)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let count = self.0.clone();
        count.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            future.await;
            count.fetch_sub(1, Ordering::SeqCst);
        });
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, future: F) {
        self.spawn(future);
    }
}

/// Serves a connection in memory, and returns the client's end of it.
fn connect<S>(service: S, version: Version, tasks: &Tasks) -> DuplexStream
where
    S: Service<Request<Incoming>, Response = Response<ResponseBody<Full<Bytes>>>>,
    S: Clone + Send + 'static,
    S::Error: std::error::Error + Send + Sync,
    S::Future: Send,
{
    let (client, server) = duplex(64 * 1024);
    let (io, service) = (TokioIo::new(server), TowerToHyperService::new(service));
    if version == Version::HTTP_2 {
        tasks.spawn(http2::Builder::new(tasks.clone()).serve_connection(io, service));
    } else {
        tasks.spawn(http1::Builder::new().serve_connection(io, service));
    }
    client
}

/// Clients that announce a thousand bytes: one sends none, the other one byte every 100 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Slow {
    Silent,
    Trickling,
}

/// Whether `elapsed` is the limit, or longer by no more than a turn of the timer.
fn is_at(limit: Duration, elapsed: Duration) -> bool {
    limit <= elapsed && elapsed <= limit + Duration::from_millis(2)
}

/// Uploads over HTTP/1, and returns the head of the answer and the time that it took. The server has to
/// end the connection.
async fn upload_over_http1(client: DuplexStream, slow: Slow) -> (String, Duration) {
    let start = Instant::now();
    let (mut reader, mut writer) = tokio::io::split(client);
    let head = b"POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\n";
    writer.write_all(head).await.expect("open");
    let trickle = async {
        let mut interval = interval(Duration::from_millis(100));
        while slow == Slow::Trickling && writer.write_all(b"x").await.is_ok() {
            interval.tick().await;
        }
        pending::<()>().await
    };
    let read = async {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            reader.read_exact(&mut byte).await.expect("a head");
            head.push(byte[0]);
        }
        let answered = start.elapsed();
        assert_eq!(reader.read(&mut byte).await.expect("an end"), 0);
        (String::from_utf8_lossy(&head).to_lowercase(), answered)
    };
    tokio::select! {
        answer = read => answer,
        () = trickle => unreachable!("pends"),
    }
}

/// The body of a slow client over HTTP/2.
struct SlowBody {
    interval: Option<Interval>,
    announced: Option<u64>,
}

impl Body for SlowBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(interval) = &mut self.interval else { return Poll::Pending };
        interval.poll_tick(cx).map(|_| Some(Ok(Frame::data(Bytes::from_static(b"x")))))
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or(SizeHint::default(), SizeHint::with_exact)
    }
}

/// Uploads over HTTP/2, and returns the answer and the time that it took. The client does not end
/// the connection before the server has nothing left to do.
async fn upload_over_http2(
    client: DuplexStream,
    slow: Slow,
    announced: Option<u64>,
) -> (Response<Incoming>, Duration) {
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, TokioIo::new(client)).await.expect("open");
    tokio::spawn(connection);
    let start = Instant::now();
    let interval = (slow == Slow::Trickling).then(|| interval(Duration::from_millis(100)));
    let body = SlowBody { interval, announced };
    let request = Request::post("http://a.test/p").body(body).expect("valid");
    let response = sender.send_request(request).await.expect("an answer");
    (response, start.elapsed())
}

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_slow_client_is_answered_or_disconnected_within_the_limit() {
    for slow in [Slow::Silent, Slow::Trickling] {
        let tasks = Tasks::default();
        let spawner = tasks.clone();
        let layer = layer().drain_timer(tokio::time::sleep);
        let inline = layer.clone().layer(Inner::default());
        let spawned = layer.drain_on(move |task| spawner.spawn::<DrainTask>(task));
        let spawned = spawned.layer(Inner::default());

        let start = Instant::now();
        let client = connect(inline.clone(), Version::HTTP_11, &tasks);
        let (head, answered) = upload_over_http1(client, slow).await;
        assert!(head.starts_with("http/1.1 307 ") && head.contains("connection: close"), "{head}");
        assert!(is_at(LIMIT, answered) && is_at(LIMIT, start.elapsed()), "{slow:?} {answered:?}");

        let start = Instant::now();
        let client = connect(spawned.clone(), Version::HTTP_11, &tasks);
        let (head, answered) = upload_over_http1(client, slow).await;
        assert!(head.starts_with("http/1.1 307 ") && !head.contains("connection:"), "{head}");
        assert!(is_at(Duration::ZERO, answered), "{slow:?} {answered:?}");
        assert!(is_at(LIMIT, start.elapsed()), "ended {slow:?} {:?}", start.elapsed());

        for (announced, limit) in [(Some(1000), LIMIT), (None, Duration::from_secs(1))] {
            let client = connect(inline.clone(), Version::HTTP_2, &tasks);
            let (response, answered) = upload_over_http2(client, slow, announced).await;
            assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
            assert!(!response.headers().contains_key(header::CONNECTION));
            assert!(is_at(limit, answered), "{slow:?} {answered:?}");

            let client = connect(spawned.clone(), Version::HTTP_2, &tasks);
            let (response, answered) = upload_over_http2(client, slow, announced).await;
            assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
            assert!(is_at(Duration::ZERO, answered), "{slow:?} {answered:?}");
        }
        tokio::time::sleep(2 * LIMIT).await;
        assert_eq!(tasks.count(), 0, "{slow:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_slow_clients_leave_no_task_and_no_connection() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        for slow in [Slow::Silent, Slow::Trickling] {
            for on_executor in [false, true] {
                let tasks = Tasks::default();
                let spawner = tasks.clone();
                let layer = layer()
                    .upload_drain_limit(1024, Duration::from_millis(300))
                    .drain_timer(tokio::time::sleep);
                let inline = layer.clone().layer(Inner::default());
                let spawned = layer.drain_on(move |task| spawner.spawn::<DrainTask>(task));
                let spawned = spawned.layer(Inner::default());
                let start = Instant::now();
                let mut clients = tokio::task::JoinSet::new();
                for _ in 0..1000 {
                    let client = match on_executor {
                        true => connect(spawned.clone(), version, &tasks),
                        false => connect(inline.clone(), version, &tasks),
                    };
                    clients.spawn(async move {
                        if version == Version::HTTP_2 {
                            let (response, _) = upload_over_http2(client, slow, Some(1000)).await;
                            response.into_body().collect().await.expect("whole");
                        } else {
                            upload_over_http1(client, slow).await;
                        }
                    });
                }
                assert_eq!(tasks.count(), 1000);
                clients.join_all().await;
                let limit = Duration::from_millis(300);
                assert!(start.elapsed() <= limit + Duration::from_millis(100));
                // The tasks end after the limit, whatever their clients do.
                tokio::time::sleep(2 * limit).await;
                assert_eq!(tasks.count(), 0, "{version:?} {slow:?} on an executor: {on_executor}");
            }
        }
    }
}
