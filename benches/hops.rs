//! Run with: `cargo bench --bench hops` (needs valgrind)
//!
//! Counts the instructions that the client side adds: to a call of the bare service (C1 to C3), for a hop
//! as the mean of ten (C4 to C6), with and without the server's own work, for a frame that is recorded
//! (R1), and with feature `hyper` for a short body through `ExpectContinueLayer` (E1), beside a layer that
//! only changes the types of both bodies (E1-types). C10 is ten hops over hyper-util. The same is measured
//! for tower-http's follower, 0.6 and 0.7.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::pin::{Pin, pin};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body::Frame;
use http_body_util::{Empty, Full};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_http::follow_redirect::FollowRedirectLayer;
use tower_http_07::follow_redirect::FollowRedirectLayer as FollowRedirectLayer07;
use tower_redirect::follow::FollowOptions;
#[cfg(feature = "hyper")]
use tower_redirect::follow::expect::ExpectContinueLayer;
use tower_redirect::{FollowRedirects, FollowRedirectsLayer, Replay, ReplayBody};

mod harness;

type Body = Empty<Bytes>;

/// Where a server redirects to.
#[derive(Clone)]
enum Location {
    Fixed(HeaderValue),
    /// A different one on each hop.
    Numbered,
}

/// A server that answers after every `hops` redirections, and accepts any body.
#[derive(Clone)]
struct Redirecting {
    location: Location,
    hops: usize,
    requests: Arc<AtomicUsize>,
}

impl Redirecting {
    fn new(location: &'static str, hops: usize) -> Self {
        let location = Location::Fixed(HeaderValue::from_static(location));
        Self { location, hops, requests: Arc::default() }
    }

    fn numbered(hops: usize) -> Self {
        Self { location: Location::Numbered, ..Self::new("/", hops) }
    }

    fn never() -> Self {
        Self::new("/", 0)
    }
}

impl<B> Service<Request<B>> for Redirecting {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        black_box(&request);
        let mut response = Response::new(Body::new());
        if self.hops > 0 {
            let number = self.requests.fetch_add(1, Ordering::Relaxed) % (self.hops + 1);
            if number < self.hops {
                let location = match &self.location {
                    Location::Fixed(location) => location.clone(),
                    Location::Numbered => HeaderValue::from(number),
                };
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                response.headers_mut().insert(header::LOCATION, location);
            }
        }
        ready(Ok(response))
    }
}

/// A GET with up to ten header fields, whose values are allocated as in clients.
fn with_fields<B>(fields: usize, body: B) -> Request<B> {
    let mut request = Request::new(body);
    *request.uri_mut() = Uri::from_static("http://shop.example.com/api/v2/orders?id=7");
    let all = [
        (header::ACCEPT, "application/json"),
        (header::ACCEPT_ENCODING, "gzip, br"),
        (header::ACCEPT_LANGUAGE, "en"),
        (header::AUTHORIZATION, "Bearer 0123456789abcdef"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::COOKIE, "session=0123456789abcdef"),
        (header::DNT, "1"),
        (header::PRAGMA, "no-cache"),
        (header::REFERER, "http://shop.example.com/"),
        (header::USER_AGENT, "bench"),
    ];
    for (name, value) in all.into_iter().take(fields) {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            request.headers_mut().insert(name, value);
        }
    }
    request
}

fn send<S, B>(mut service: S, make: impl Fn() -> Request<B>, times: usize)
where
    S: Service<Request<B>>,
{
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..times {
        let mut future = pin!(service.call(make()));
        // tower-http's follower yields once a hop.
        while black_box(future.as_mut().poll(&mut cx).is_pending()) {}
    }
}

/// tower-http's follower, version 0.6.
fn peer_06(inner: Redirecting) -> impl Service<Request<Body>> {
    let policy = tower_http::follow_redirect::policy::Limited::new(1000);
    FollowRedirectLayer::with_policy(policy).layer(inner)
}

/// tower-http's follower, version 0.7.
fn peer_07(inner: Redirecting) -> impl Service<Request<Body>> {
    let policy = tower_http_07::follow_redirect::policy::Limited::new(1000);
    FollowRedirectLayer07::with_policy(policy).layer(inner)
}

fn follow(inner: Redirecting) -> FollowRedirects<Redirecting> {
    FollowRedirectsLayer::new().limit(1000).layer(inner)
}

/// The locations of C4 to C6.
const LOCATIONS: [(&str, &str); 6] = [
    ("C4", "/api/v3/orders?id=7"),
    ("C5", "http://shop.example.com/api/v3/orders"),
    ("C6", "../v3/orders"),
    ("C6-query", "?page=2"),
    ("C6-dots", "/api/./v3/orders"),
    ("C6-host", "//shop.example.com/api/v3/orders"),
];

fn location_of(row: &str) -> harness::Outcome<&'static str> {
    let found = LOCATIONS.iter().find(|(name, _)| *name == row);
    found.map(|(_, location)| *location).ok_or_else(|| format!("no scenario {row:?}").into())
}

/// The size of a body that may wait, or that ends a body that waits.
fn with_pointer<B>(body: B) -> (B, Option<Box<()>>) {
    (body, None)
}

/// A scenario is named `row/number of fields`, or `row/number of fields/number of hops`.
fn scenario(name: &str, times: usize) -> harness::Outcome {
    let mut parts = name.split('/');
    let row = parts.next().unwrap_or_default();
    let fields = parts.next().unwrap_or("10").parse()?;
    let hops: usize = parts.next().unwrap_or("1").parse()?;
    let get = || with_fields(fields, Body::new());
    let full = |length: usize| {
        let bytes = Bytes::from(vec![7; length]);
        move || with_fields(fields, Full::new(bytes.clone()))
    };
    let manual = || {
        let mut request = get();
        request.extensions_mut().insert(FollowOptions::do_not_follow());
        request
    };
    match row {
        "request" => (0..times).for_each(|_| drop(black_box(get()))),
        "bare" => send(Redirecting::never(), get, times),
        // A new server each time, so that each answer is a redirection.
        "server" => {
            (0..times).for_each(|_| send(Redirecting::new("/api/v3/orders?id=7", 1), get, 1))
        }
        "server-of" => (0..times).for_each(|_| drop(black_box((get(), Redirecting::new("/", 1))))),
        "bare-full" => send(Redirecting::never(), full(1024), times),
        "bare-manual" => send(Redirecting::never(), manual, times),
        "C1" => send(follow(Redirecting::never()), get, times),
        "C1-0.6" => send(peer_06(Redirecting::never()), get, times),
        "C1-0.7" => send(peer_07(Redirecting::never()), get, times),
        "C2-1KiB" => send(follow(Redirecting::never()), full(1024), times),
        "C2-1MiB" => send(follow(Redirecting::never()), full(1024 * 1024), times),
        "C3" => send(follow(Redirecting::never()), manual, times),
        #[cfg(feature = "hyper")]
        "E1" => {
            let expect = ExpectContinueLayer::new(|_| std::future::pending());
            send(expect.layer(Redirecting::never()), full(1024), times);
        }
        // Only the types change.
        "E1-types" => {
            let types = ServiceBuilder::new()
                .map_request(|request: Request<Full<Bytes>>| request.map(with_pointer))
                .map_response(|response: Response<Body>| response.map(with_pointer));
            send(types.service(Redirecting::never()), full(1024), times);
        }
        "frames" => frames(hops, times, |body| body),
        "R1" => frames(hops, times, |body| ReplayBody::new(body, u64::MAX)),
        "serve" => serve()?,
        row if row.starts_with("C10") => over_hyper(row, times / 100)?,
        row if row.starts_with("growth") => growth(row, hops, times / 100)?,
        row => match row.split_once("-0.") {
            Some((row, "6")) => {
                send(peer_06(Redirecting::new(location_of(row)?, hops)), get, times)
            }
            Some((row, _)) => send(peer_07(Redirecting::new(location_of(row)?, hops)), get, times),
            None => send(follow(Redirecting::new(location_of(row)?, hops)), get, times),
        },
    }
    Ok(())
}

/// Scenarios whose cost must not grow faster than `number`.
fn growth(row: &str, number: usize, times: usize) -> harness::Outcome {
    let get = || with_fields(0, Body::new());
    match row {
        "growth-loop" => {
            let layer = FollowRedirectsLayer::new().limit(1000).error_on_loop();
            send(layer.layer(Redirecting::numbered(number)), get, times);
        }
        "growth-connection" => {
            let names: Vec<String> = (0..number).map(|n| format!("x-field-{n}")).collect();
            let list = HeaderValue::try_from(names.join(", "))?;
            let mut fields = HeaderMap::new();
            for name in names {
                fields.insert(HeaderName::try_from(name)?, HeaderValue::from_static("x"));
            }
            fields.insert(header::CONNECTION, list);
            let named = || {
                let mut request = get();
                *request.headers_mut() = fields.clone();
                request
            };
            send(follow(Redirecting::new("/next", 1)), named, times);
        }
        "growth-trust" => {
            // The hop looks up both of its origins.
            let origins: Vec<String> = (0..number).map(|n| format!("http://{n}.a.test")).collect();
            let origins = origins.iter().map(String::as_str).chain(["http://shop.example.com"]);
            let layer = FollowRedirectsLayer::new().trust_origins(origins)?;
            send(layer.layer(Redirecting::new("http://1.a.test/", 1)), get, times);
        }
        other => return Err(format!("no scenario {other:?}").into()),
    }
    Ok(())
}

/// Runs a server on the loopback interface that redirects `/0` to `/1`, and so on up to `/10`. It prints its
/// address, and runs until it is killed.
fn serve() -> harness::Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            let answer = service_fn(|request: Request<hyper::body::Incoming>| {
                let number = request.uri().path().trim_start_matches('/').parse().unwrap_or(10);
                let mut response = Response::new(Body::new());
                if number < 10 {
                    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                    let next = HeaderValue::try_from(format!("/{}", number + 1));
                    response.headers_mut().extend(next.map(|next| (header::LOCATION, next)));
                }
                ready(Ok::<_, Infallible>(response))
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
        }
    })
}

/// The server in another process, so that its instructions are not counted.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> harness::Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.args(["serve", "0"]).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut address)?;
        }
        Ok(Self { process, address: address.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Follows ten hops over hyper-util or reqwest, or for `C10-plain` sends the same eleven requests directly.
fn over_hyper(row: &str, times: usize) -> harness::Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let server = Server::start()?;
        let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let follows = match row {
            "C10-reqwest" => reqwest::redirect::Policy::limited(1000),
            _ => reqwest::redirect::Policy::none(),
        };
        let reqwest = reqwest::Client::builder().no_proxy().redirect(follows).build()?;
        let policy = || tower_http::follow_redirect::policy::Limited::new(1000);
        let policy_07 = || tower_http_07::follow_redirect::policy::Limited::new(1000);
        for _ in 0..times {
            let fields = with_fields(10, Body::new()).headers().clone();
            for number in 0..if row.starts_with("C10-plain") { 11 } else { 1 } {
                let mut request = Request::new(Body::new());
                *request.headers_mut() = fields.clone();
                *request.uri_mut() = Uri::try_from(format!("http://{}/{number}", server.address))?;
                if row.ends_with("reqwest") {
                    let url = request.uri().to_string();
                    let get = reqwest.get(url).headers(request.headers().clone());
                    black_box(get.send().await?);
                    continue;
                }
                let client = client.clone();
                let response = match row {
                    "C10-plain" => client.oneshot(request).await?,
                    "C10-0.6" => {
                        let layer = FollowRedirectLayer::with_policy(policy());
                        layer.layer(client).oneshot(request).await?
                    }
                    "C10-0.7" => {
                        let layer = FollowRedirectLayer07::with_policy(policy_07());
                        layer.layer(client).oneshot(request).await?
                    }
                    _ => FollowRedirectsLayer::new().layer(client).oneshot(request).await?,
                };
                black_box(response);
            }
        }
        Ok(())
    })
}

/// A stream of `left` frames of 1 KiB.
struct Frames {
    left: usize,
    chunk: Bytes,
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.chunk.clone()))))
    }
}

/// Reads bodies of `number` frames, and meanwhile keeps the one that could be sent again, if there is one.
fn frames<B>(number: usize, times: usize, wrap: impl Fn(Frames) -> B)
where
    B: http_body::Body + MaybeReplayed,
{
    let chunk = Bytes::from(vec![7; 1024]).slice(..);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..times {
        let (body, kept) = wrap(Frames { left: number, chunk: chunk.clone() }).split();
        let mut body = pin!(body);
        while let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
            drop(black_box(frame));
        }
        drop(kept);
    }
}

trait MaybeReplayed: Sized {
    /// Returns the body to read, and the one that is kept to send it again.
    fn split(self) -> (Self, Option<Self>);
}

impl MaybeReplayed for Frames {
    fn split(self) -> (Self, Option<Self>) {
        (self, None)
    }
}

impl MaybeReplayed for ReplayBody<Frames> {
    fn split(self) -> (Self, Option<Self>) {
        let sent = self.replay().unwrap_or_else(|_| Self::empty());
        (sent, Some(self))
    }
}

/// The scenarios of a call that is not redirected, each with the one that is subtracted from it.
const CALLS: [(&str, &str); 6] = [
    ("C1", "bare"),
    ("C1-0.6", "bare"),
    ("C1-0.7", "bare"),
    ("C2-1KiB", "bare-full"),
    ("C2-1MiB", "bare-full"),
    ("C3", "bare-manual"),
];

fn main() -> harness::Outcome {
    harness::run(scenario, |count| {
        for (row, bare) in CALLS {
            println!("{row:14} {:+7}", count(row)? - count(bare)?);
        }
        #[cfg(feature = "hyper")]
        for row in ["E1", "E1-types"] {
            println!("{row:14} {:+7}", count(row)? - count("bare-full")?);
        }
        let bare = count("bare")?;
        // The cost of making and dropping the server's redirection.
        let server = count("server")? - count("server-of")?;
        for follower in ["", "-0.6", "-0.7"] {
            let none = count(&format!("C1{follower}"))?;
            for (row, _) in LOCATIONS {
                let row = format!("{row}{follower}");
                let (one, ten) = (count(&row)?, count(&format!("{row}/10/10"))?);
                let hop = (ten - none) / 10;
                let (one, ten) = (one - bare - server, ten - bare - 10 * server);
                let over = hop - server;
                println!(
                    "{row:14} {over:+7} a hop, {hop} with the inner call; {one:+} with one, {ten:+} with ten"
                );
            }
        }
        let plain = count("C10-plain")?;
        let reqwest = count("C10-plain-reqwest")?;
        let over =
            [("C10", plain), ("C10-0.6", plain), ("C10-0.7", plain), ("C10-reqwest", reqwest)];
        for (row, eleven) in over {
            let percent = 100 * count(row)? / eleven;
            println!("{row:14} {percent:7} percent of eleven requests by the same client");
        }
        let cost_at = |row: &str, number: i128| count(&format!("{row}/0/{number}"));
        let recorded = cost_at("R1", 80)? - cost_at("R1", 16)?;
        let bare = cost_at("frames", 80)? - cost_at("frames", 16)?;
        println!("{:14} {:+7} a frame", "R1", (recorded - bare) / 64);
        for (row, number) in
            [("growth-loop", 50), ("growth-connection", 100), ("growth-trust", 250)]
        {
            let (few, many) = (cost_at(row, number)?, cost_at(row, 4 * number)?);
            // Shown per hundredth of a call, as `growth` makes only a hundredth of the calls.
            println!("{row:17} {few} with {number}, {many} with {}", 4 * number);
        }
        Ok(())
    })
}
