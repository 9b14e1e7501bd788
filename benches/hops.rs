//! Run with: `cargo bench --bench hops` (needs valgrind)
//!
//! What the client side costs, in instructions over the bare service; a hop (C4 to C6) over a call
//! that is not redirected and what the server takes for its answer. The peer is tower-http's follower.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{Empty, Full};
use tower::{Layer, Service};
use tower_redirect::FollowRedirectsLayer;
use tower_redirect::follow::FollowOptions;

mod harness;

type Body = Empty<Bytes>;

/// A server that redirects once, and takes any body.
#[derive(Clone)]
struct Attempt {
    location: Option<HeaderValue>,
    left: Arc<AtomicUsize>,
}

impl Attempt {
    fn new(location: Option<&'static str>) -> Self {
        Self { location: location.map(HeaderValue::from_static), left: Arc::default() }
    }
}

impl<B> Service<Request<B>> for Attempt {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        black_box(request);
        let mut response = Response::new(Body::new());
        if let Some(location) = &self.location {
            if self.left.fetch_xor(1, Ordering::Relaxed) == 0 {
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                response.headers_mut().insert(header::LOCATION, location.clone());
            }
        }
        ready(Ok(response))
    }
}

/// A GET with up to ten fields, each in memory of its own, as clients make them.
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
        let future = pin!(service.call(make()));
        let _ = black_box(future.poll(&mut cx).is_ready());
    }
}

/// tower-http's follower.
fn peer(location: Option<&'static str>) -> impl Service<Request<Body>> {
    tower_http::follow_redirect::FollowRedirectLayer::new().layer(Attempt::new(location))
}

fn scenario(name: &str, times: usize) -> harness::Outcome {
    let (name, fields) = name.rsplit_once('/').unwrap_or((name, "10"));
    let fields = fields.parse()?;
    let get = || with_fields(fields, Body::new());
    let full = |length: usize| {
        let bytes = Bytes::from(vec![7; length]);
        move || with_fields(fields, Full::new(bytes.clone()))
    };
    let follow = |location| FollowRedirectsLayer::new().layer(Attempt::new(location));
    let manual = || {
        let mut request = get();
        request.extensions_mut().insert(FollowOptions::do_not_follow());
        request
    };
    match name {
        "c-request" => (0..times).for_each(|_| drop(black_box(get()))),
        "c-bare" => send(Attempt::new(None), get, times),
        // Always the first answer of the two.
        "c-server" => {
            (0..times).for_each(|_| send(Attempt::new(Some("/api/v3/orders?id=7")), get, 1))
        }
        "c-server-of" => (0..times).for_each(|_| drop(black_box((get(), Attempt::new(Some("/")))))),
        "c-bare-full" => send(Attempt::new(None), full(1024), times),
        "c-bare-manual" => send(Attempt::new(None), manual, times),
        "C1" => send(follow(None), get, times),
        "C2-1KiB" => send(follow(None), full(1024), times),
        "C2-1MiB" => send(follow(None), full(1024 * 1024), times),
        "C1-peer" => send(peer(None), get, times),
        "C4-peer" => send(peer(Some("/api/v3/orders?id=7")), get, times),
        "C5-peer" => send(peer(Some("http://shop.example.com/api/v3/orders")), get, times),
        "C3" => send(follow(None), manual, times),
        "C4" => send(follow(Some("/api/v3/orders?id=7")), get, times),
        "C5" => send(follow(Some("http://shop.example.com/api/v3/orders")), get, times),
        "C6" => send(follow(Some("../v3/orders")), get, times),
        other => return Err(format!("no scenario {other:?}").into()),
    }
    Ok(())
}

/// Each with what it is shown over, and how many fields the request has.
const CLIENT: [(&str, &str, &[&str]); 13] = [
    ("C1", "10", &["c-bare"]),
    ("C1-peer", "10", &["c-bare"]),
    ("C2-1KiB", "10", &["c-bare-full"]),
    ("C2-1MiB", "10", &["c-bare-full"]),
    ("C3", "10", &["c-bare-manual"]),
    ("C4", "10", &["C1", "hop"]),
    ("C4-peer", "10", &["C1-peer", "hop"]),
    ("C4", "0", &["C1", "hop"]),
    ("C4-peer", "0", &["C1-peer", "hop"]),
    ("C5", "10", &["C1", "hop"]),
    ("C5-peer", "10", &["C1-peer", "hop"]),
    ("C6", "10", &["C1", "hop"]),
    ("C6", "0", &["C1", "hop"]),
];

fn main() -> harness::Outcome {
    harness::run(scenario, |each| {
        for (name, fields, over) in CLIENT {
            let each = |name: &str| each(&format!("{name}/{fields}"));
            let mut less = 0;
            for base in over {
                less += match *base {
                    // What the server takes to make and drop a redirection.
                    "hop" => each("c-server")? - each("c-server-of")?,
                    base => each(base)?,
                };
            }
            let each = each(name)?;
            println!("{name:8} with {fields:2} fields {each:6} instructions, {:+}", each - less);
        }
        Ok(())
    })
}
