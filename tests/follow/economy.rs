//! The body of a redirection is read or dropped, and an upload that a redirection overtakes ends.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tower::retry::{Policy, RetryLayer};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_redirect::replay::ReplayError;
use tower_redirect::{FollowError, FollowRedirectsLayer, RedirectHistory, ReplayBody, ReplayFn};

use crate::support::{self, Fed, Frames, fed};

/// What happened, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// The body of a response, in frames of ten bytes. It logs that it was read, reached its end, or was dropped.
struct Noted {
    frames: usize,
    announced: Option<u64>,
    log: Log,
}

impl Body for Noted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.frames.checked_sub(1);
        self.frames = next.unwrap_or(0);
        self.log
            .lock()
            .expect("not poisoned")
            .push(if next.is_some() { "read" } else { "end" }.into());
        Poll::Ready(next.map(|_| Ok(Frame::data(Bytes::from_static(b"0123456789")))))
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or(SizeHint::default(), SizeHint::with_exact)
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.log.lock().expect("not poisoned").push("drop".into());
    }
}

/// Redirects once, with a body, and logs readiness and calls.
#[derive(Clone)]
struct Chatty {
    frames: usize,
    announced: Option<u64>,
    version: Version,
    log: Log,
}

impl<B> Service<Request<B>> for Chatty {
    type Response = Response<Noted>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.log.lock().expect("not poisoned").push("ready".into());
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.log.lock().expect("not poisoned").push(format!("call {}", request.uri().path()));
        let Self { frames, announced, version, log } = self.clone();
        let mut response = Response::new(Noted { frames, announced, log });
        *response.version_mut() = version;
        if request.uri().path() == "/" {
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/next"));
        }
        ready(Ok(response))
    }
}

async fn log_of(layer: FollowRedirectsLayer, frames: usize, announced: Option<u64>) -> String {
    log_over(Version::HTTP_11, layer, frames, announced).await
}

async fn log_over(
    version: Version,
    layer: FollowRedirectsLayer,
    frames: usize,
    announced: Option<u64>,
) -> String {
    let log = Log::default();
    let client = layer.layer(Chatty { frames, announced, version, log: log.clone() });
    let request = Request::get("http://a.test/").body(String::new()).expect("valid");
    let response = client.oneshot(request).await.expect("followed");
    let events = log.lock().expect("not poisoned").join(" ");
    drop(response);
    events
}

#[tokio::test]
async fn a_redirection_is_read_and_dropped_before_readiness_is_asked_for() {
    let layer = FollowRedirectsLayer::new;
    assert_eq!(log_of(layer(), 2, None).await, "ready call / read read end drop ready call /next");
    let limited = |bytes| layer().response_drain_limit(bytes);
    assert_eq!(
        log_of(limited(20), 2, None).await,
        "ready call / read read drop ready call /next",
        "at the limit"
    );
    assert_eq!(
        log_of(limited(25), 1000, None).await,
        "ready call / read read read drop ready call /next",
        "over it"
    );
    assert_eq!(
        log_of(limited(25), 1000, Some(26)).await,
        "ready call / drop ready call /next",
        "announced to be over it"
    );
    assert_eq!(log_of(limited(0), 2, None).await, "ready call / drop ready call /next");
}

/// Resetting a stream leaves its connection usable, but servers count resets.
#[tokio::test]
async fn a_redirection_over_http_2_is_read_as_far_as_it_has_arrived() {
    for version in [Version::HTTP_2, Version::HTTP_3] {
        let log = log_over(version, FollowRedirectsLayer::new(), 2, None).await;
        assert_eq!(log, "ready call / read read end drop ready call /next", "{version:?}");
        let layer = FollowRedirectsLayer::new().response_drain_limit(0);
        let log = log_over(version, layer, 2, None).await;
        assert_eq!(log, "ready call / drop ready call /next", "{version:?}");
    }
}

/// Some servers announce that they close the connection, and then take their time.
#[tokio::test]
async fn a_redirection_whose_connection_closes_is_not_read() {
    for (version, connection, is_read) in [
        (Version::HTTP_11, &[][..], true),
        (Version::HTTP_11, &["keep-alive", "x-close"], true),
        (Version::HTTP_11, &["close"], false),
        (Version::HTTP_11, &["x-hop, Close ,"], false),
        (Version::HTTP_11, &["keep-alive", "close"], false),
        (Version::HTTP_10, &[], false),
        (Version::HTTP_10, &["close"], false),
        (Version::HTTP_10, &["Keep-Alive"], true),
        (Version::HTTP_2, &["close"], true),
    ] {
        let log = Log::default();
        let inner = tower::service_fn(|request: Request<String>| {
            let body = Noted { frames: 2, announced: None, log: log.clone() };
            let mut response = Response::new(body);
            *response.version_mut() = version;
            if request.uri().path() == "/" {
                *response.status_mut() = StatusCode::FOUND;
                let headers = response.headers_mut();
                headers.insert(header::LOCATION, HeaderValue::from_static("/next"));
                for line in connection {
                    headers.append(header::CONNECTION, HeaderValue::from_static(line));
                }
            }
            ready(Ok::<_, Infallible>(response))
        });
        let request = Request::get("http://a.test/").body(String::new()).expect("valid");
        let response = FollowRedirectsLayer::new().layer(inner).oneshot(request).await;
        let events = log.lock().expect("not poisoned").join(" ");
        assert_eq!(response.expect("followed").status(), StatusCode::OK);
        let read = if is_read { "read read end drop" } else { "drop" };
        assert!(events.starts_with(read), "{version:?} {connection:?}: {events}");
    }
}

/// An endless body of empty data frames, or of empty trailers.
struct Endless {
    trailers: bool,
    left: usize,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.left = self.left.checked_sub(1).expect("read on and on");
        let trailers = self.trailers.then(HeaderMap::new);
        Poll::Ready(Some(Ok(trailers.map_or_else(|| Frame::data(Bytes::new()), Frame::trailers))))
    }
}

#[tokio::test]
async fn endless_empty_frames_are_not_read_for_ever() {
    for trailers in [false, true] {
        let inner = tower::service_fn(|request: Request<String>| {
            let mut response = Response::new(Endless { trailers, left: 1_000_000 });
            if request.uri().path() == "/" {
                *response.status_mut() = StatusCode::FOUND;
                response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/next"));
            }
            ready(Ok::<_, Infallible>(response))
        });
        let request = Request::get("http://a.test/").body(String::new()).expect("valid");
        let response = FollowRedirectsLayer::new().layer(inner).oneshot(request).await;
        assert_eq!(response.expect("followed").status(), StatusCode::OK, "trailers: {trailers}");
    }
}

/// Answers at once, as listed, and reads only the first frame of each upload.
#[derive(Clone, Default)]
struct Hasty {
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    uploads: Arc<Mutex<Vec<ReplayBody<Fed>>>>,
}

impl Hasty {
    fn new(answers: impl IntoIterator<Item = (u16, &'static str)>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { answers, uploads: Arc::default() }
    }

    /// Reads the next frame of the upload with this index.
    fn read(&self, number: usize) -> Poll<Option<Result<Frame<Bytes>, ReplayError>>> {
        let mut uploads = self.uploads.lock().expect("not poisoned");
        Pin::new(&mut uploads[number]).poll_frame(&mut Context::from_waker(Waker::noop()))
    }
}

impl Service<Request<ReplayBody<Fed>>> for Hasty {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReplayBody<Fed>>) -> Self::Future {
        let mut uploads = self.uploads.lock().expect("not poisoned");
        let number = uploads.len();
        uploads.push(request.into_body());
        drop(uploads);
        // Begins to send, as a connection does.
        let _ = self.read(number);
        let answer = self.answers.lock().expect("not poisoned").pop_front();
        let mut response = Response::new(String::new());
        if let Some((status, location)) = answer {
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(location));
        }
        ready(Ok(response))
    }
}

fn upload(limit: u64) -> (tokio::sync::mpsc::UnboundedSender<Bytes>, Request<ReplayBody<Fed>>) {
    let (sender, source) = fed();
    sender.send("first".into()).expect("open");
    let body = ReplayBody::new(source, limit);
    (sender, Request::put("http://a.test/").body(body).expect("valid"))
}

fn is_superseded(read: Poll<Option<Result<Frame<Bytes>, ReplayError>>>) -> bool {
    matches!(read, Poll::Ready(Some(Err(ReplayError::Superseded))))
}

#[tokio::test]
async fn an_upload_overtaken_by_307_ends_and_the_next_is_whole() {
    let server = Hasty::new([(307, "/next")]);
    let (sender, request) = upload(1000);
    let client = FollowRedirectsLayer::new().layer(server.clone());
    let response = client.oneshot(request).await.expect("followed");
    assert_eq!(RedirectHistory::of(&response).expect("a hop").len(), 1);
    assert!(is_superseded(server.read(0)));
    // `Hasty` has read the recorded part for the second attempt; the rest comes from the source.
    sender.send(" second".into()).expect("open");
    drop(sender);
    let last = server.uploads.lock().expect("not poisoned").remove(1);
    assert_eq!(last.collect().await.expect("whole").to_bytes(), " second");
}

#[tokio::test]
async fn an_upload_overtaken_by_303_ends_whatever_was_kept_of_it() {
    for limit in [0, 1000] {
        let server = Hasty::new([(303, "/next")]);
        let (sender, request) = upload(limit);
        let client = FollowRedirectsLayer::new().layer(server.clone());
        client.oneshot(request).await.expect("followed");
        assert!(is_superseded(server.read(0)), "limit {limit}");
        assert!(sender.is_closed(), "limit {limit}: the source is dropped");
        assert!(server.uploads.lock().expect("not poisoned")[1].is_end_stream());
    }
}

type Opened = ReplayFn<OpenOnce, Fed>;
type OpenOnce = Box<dyn Fn() -> Result<Fed, &'static str> + Send + Sync>;

#[tokio::test]
async fn an_upload_that_cannot_be_opened_again_ends_all_the_same() {
    for (status, followed) in [(303, true), (307, false)] {
        let (sender, source) = fed();
        sender.send(Bytes::from("first")).expect("open");
        let once = Mutex::new(Some(source));
        let open = move || once.lock().expect("not poisoned").take().ok_or("in use");
        let body = Opened::new(Box::new(open)).expect("opened");
        let uploads = Arc::new(Mutex::new(Vec::<Opened>::new()));
        let noted = uploads.clone();
        let inner = tower::service_fn(move |request: Request<Opened>| {
            let first = request.uri().path() == "/";
            let mut upload = request.into_body();
            // Begins to send, as a connection does.
            let _ = Pin::new(&mut upload).poll_frame(&mut Context::from_waker(Waker::noop()));
            noted.lock().expect("not poisoned").push(upload);
            let mut response = Response::new(Never);
            if first {
                *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/next"));
            }
            ready(Ok::<_, Infallible>(response))
        });
        let request = Request::put("http://a.test/").body(body).expect("valid");
        let call = FollowRedirectsLayer::new().layer(inner).oneshot(request);
        let mut call = tokio_test::task::spawn(call);
        // The redirection's body never arrives, so that a follower that reads it waits for ever.
        let Poll::Ready(answer) = call.poll() else { panic!("{status}: it waits") };
        assert_eq!(answer.is_ok(), followed, "{status}");
        let mut uploads = uploads.lock().expect("not poisoned");
        let read = Pin::new(&mut uploads[0]).poll_frame(&mut Context::from_waker(Waker::noop()));
        assert!(is_superseded(read), "{status}");
        assert!(sender.is_closed(), "{status}: what was opened is dropped");
        assert_eq!(uploads.len(), if followed { 2 } else { 1 });
    }
}

/// A body that never comes.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn an_upload_ends_with_a_chain_that_fails() {
    for (location, limit) in [("ftp://b.test/", 1000), ("/next", 0)] {
        let server = Hasty::new([(307, location)]);
        let (sender, request) = upload(limit);
        let client = FollowRedirectsLayer::new().layer(server.clone());
        let error = client.oneshot(request).await.expect_err("refused");
        assert!(error.redirect().is_some());
        assert!(is_superseded(server.read(0)) && sender.is_closed(), "{location}");
        assert_eq!(server.uploads.lock().expect("not poisoned").len(), 1);
    }
}

#[tokio::test]
async fn a_final_answer_lets_an_upload_go_on() {
    let server = Hasty::new([]);
    let (sender, request) = upload(1000);
    let client = FollowRedirectsLayer::new().layer(server.clone());
    client.oneshot(request).await.expect("answered");
    sender.send(" second".into()).expect("open");
    drop(sender);
    let upload = server.uploads.lock().expect("not poisoned").remove(0);
    assert_eq!(upload.collect().await.expect("whole").to_bytes(), " second");
}

/// Tries again after a 503, twice.
#[derive(Clone)]
struct Again(usize);

impl<R, E> Policy<Request<ReplayBody<Frames>>, Response<R>, E> for Again {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<ReplayBody<Frames>>,
        result: &mut Result<Response<R>, E>,
    ) -> Option<Ready<()>> {
        let failed = result.as_ref().map_or(true, |response| response.status() == 503);
        self.0 = self.0.checked_sub(1)?;
        failed.then(|| ready(()))
    }

    fn clone_request(
        &mut self,
        request: &Request<ReplayBody<Frames>>,
    ) -> Option<Request<ReplayBody<Frames>>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn a_retry_outside_still_has_the_body() {
    for status in [303, 307] {
        let unavailable = || {
            let mut response = support::redirection(503, "/");
            response.headers_mut().clear();
            response
        };
        let script = support::Script::new([
            support::redirection(status, "/next"),
            unavailable(),
            support::redirection(status, "/next"),
            unavailable(),
        ]);
        let client = ServiceBuilder::new()
            .layer(RetryLayer::new(Again(2)))
            .layer(FollowRedirectsLayer::new())
            .service(script.clone());
        let body = ReplayBody::new(Frames::new([Bytes::from("te"), Bytes::from("a")]), 100);
        let request = Request::post("http://a.test/").body(body).expect("valid");
        let response: Result<_, FollowError<Infallible>> = client.oneshot(request).await;
        assert_eq!(response.expect("answered").status(), StatusCode::OK);
        let sent: Vec<_> = script.seen().into_iter().map(|seen| seen.body).collect();
        let next = if status == 307 { "tea" } else { "" };
        assert_eq!(sent, ["tea", next, "tea", next, "tea"], "{status}");
    }
}
