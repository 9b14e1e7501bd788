//! Run with: `cargo bench --bench costs` (needs valgrind), with `--features live` for L1
//!
//! Counts the instructions per request that the server side adds to the bare service. Instruction counts
//! repeat within 0.1 %, times do not. S3 and its floor, a hand-written redirection without any check, are
//! compared with making and dropping a request, because they call no inner service. S4 is the redirection
//! of a request that a trusted proxy forwards, over a hyper connection, compared with a fixed answer there.
//! S4-router is the same in an axum router, beside a middleware as users of axum write it by hand (from_fn).

use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{Empty, Full};
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use tower::{Layer, Service, ServiceBuilder, service_fn};
use tower_redirect::trust::Peer;
use tower_redirect::{
    Hsts, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, Transport, Trust, Versioning,
    policy_fn,
};

#[path = "harness/connection.rs"]
mod connection;
mod harness;

type Body = Empty<Bytes>;

#[derive(Clone)]
struct Inner;

impl Service<Request<Body>> for Inner {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        black_box(request);
        ready(Ok(Response::new(Body::new())))
    }
}

/// Answers with a few headers, as most services do.
async fn a_page(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    black_box(request);
    let mut fields = HeaderMap::with_capacity(8);
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    let mut response = Response::new(Body::new());
    *response.headers_mut() = fields;
    Ok(response)
}

/// How a request reaches the server.
#[derive(Clone, Copy)]
enum Way {
    Plain,
    Secure,
    Proxied,
    /// Through a proxy that sends `Forwarded`, after this many elements that the client wrote.
    Forwarded(usize),
}

fn request(way: Way) -> Request<Body> {
    let mut request = Request::new(Body::new());
    *request.uri_mut() = Uri::from_static("/api/v2/orders?id=7");
    let fields = request.headers_mut();
    fields.insert(header::HOST, HeaderValue::from_static("shop.example.com"));
    fields.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    fields.insert(header::USER_AGENT, HeaderValue::from_static("bench"));
    // Two more fields: those that a proxy sends, or unrelated ones.
    let names = match way {
        Way::Proxied => ["x-forwarded-for", "x-forwarded-proto"],
        Way::Secure | Way::Plain | Way::Forwarded(_) => ["x-another-for", "x-another-proto"],
    };
    let [list, single] = names;
    fields.insert(list, HeaderValue::from_static("1.1.1.1"));
    fields.insert(single, HeaderValue::from_static("https"));
    if let Way::Forwarded(elements) = way {
        fields.insert(header::FORWARDED, forwarded(elements));
    }
    request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
    if matches!(way, Way::Secure) {
        request.extensions_mut().insert(Transport::Secure);
    }
    request
}

/// Makes the value of `Forwarded` once; all requests share it.
fn forwarded(elements: usize) -> HeaderValue {
    static LINE: OnceLock<HeaderValue> = OnceLock::new();
    let make = || {
        let line = "for=192.0.2.7;proto=https, ".repeat(elements) + "for=1.1.1.1;proto=https";
        HeaderValue::from_maybe_shared(Bytes::from(line)).unwrap_or(HeaderValue::from_static(""))
    };
    LINE.get_or_init(make).clone()
}

/// Ranges that do not adjoin each other, and contain no address of the requests.
fn ranges(count: u32) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("{}/32", Ipv4Addr::from(0xac10_0000 + 2 * n)))
}

fn run<S: Service<Request<Body>>>(mut service: S, way: Way, times: usize) {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..times {
        let future = pin!(service.call(request(way)));
        let _ = black_box(future.poll(&mut cx).is_ready());
    }
}

/// A hand-written redirection without any check, which shows the cost of the bytes alone.
#[derive(Clone)]
struct Floor;

impl Service<Request<Body>> for Floor {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let host =
            request.headers().get(header::HOST).map_or("", |host| host.to_str().unwrap_or(""));
        let path = request.uri().path_and_query().map_or("", |path| path.as_str());
        let mut location = String::with_capacity(8 + host.len() + path.len());
        location.push_str("https://");
        location.push_str(host);
        location.push_str(path);
        let location = HeaderValue::from_maybe_shared(Bytes::from(location));
        let mut fields = HeaderMap::with_capacity(4);
        fields.insert(header::LOCATION, location.unwrap_or(HeaderValue::from_static("/")));
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let mut response = Response::new(Body::new());
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        *response.headers_mut() = fields;
        ready(Ok(response))
    }
}

/// The request of S4, as bytes.
const REQUEST: &str = "GET /api/v2/orders?id=7 HTTP/1.1\r\nhost: shop.example.com\r\n\
    accept: application/json\r\nuser-agent: bench\r\nx-forwarded-for: 1.1.1.1\r\n\
    x-forwarded-proto: http\r\naccept-encoding: gzip\r\naccept-language: en\r\nte: trailers\r\n\
    x-request-id: 7\r\nreferer: a\r\n\r\n";

/// The target of the redirection in S4.
const SECURE_URL: &str = "https://shop.example.com/api/v2/orders?id=7";

/// The redirection to https, as users of axum write it by hand.
async fn written_by_hand(request: axum::extract::Request, next: Next) -> axum::response::Response {
    if request.headers().get("x-forwarded-proto").is_some_and(|scheme| scheme == "https") {
        return next.run(request).await;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let location = format!("https://{}{path}", host.unwrap_or_default());
    Redirect::temporary(&location).into_response()
}

/// Serves `service` over a hyper connection whose peer is a trusted proxy.
fn serve<S, R>(service: S, times: usize) -> harness::Outcome
where
    S: Service<Request<Incoming>, Response = Response<R>, Error = Infallible> + Clone,
    R: http_body::Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let add_peer = |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
        request
    };
    let service = ServiceBuilder::new().map_request(add_peer).service(service);
    connection::serve(TowerToHyperService::new(service), REQUEST, times)
}

/// A fixed redirection, as users of hyper write it.
async fn fixed(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    black_box(request);
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(SECURE_URL));
    Ok(response)
}

async fn empty(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    black_box(request);
    Ok(Response::new(Body::new()))
}

const SCENARIOS: [&str; 18] = [
    "bare",
    "request",
    "S1",
    "S2",
    "https",
    "S2b",
    "S2c",
    "S8",
    "S8-10000",
    "floor",
    "S3",
    "S3-record",
    "S4-static",
    "S4",
    "S4-router-static",
    "S4-router-from_fn",
    "S4-router",
    "S9",
];

/// The scenarios that grow with a request or a configuration, and the sizes at which they are measured.
const GROWTH: [(&str, [usize; 2]); 4] = [
    ("forwarded", [250, 1000]),
    ("proxies", [2500, 10_000]),
    ("bypass", [2500, 10_000]),
    ("hosts", [2500, 10_000]),
];

fn growth(name: &str, size: usize, times: usize) -> harness::Outcome {
    let pass = policy_fn(|_| None);
    let count = u32::try_from(size)?;
    match name {
        "forwarded" => {
            let trust = Trust::proxies(["10.0.0.0/8"])?.forwarded();
            let layer = RedirectLayer::new(HttpsOnly::new()).trust(trust);
            run(layer.layer(Inner), Way::Forwarded(size), times);
        }
        "proxies" => {
            let trust = Trust::proxies(ranges(count).chain(["10.0.0.0/8".to_owned()]))?;
            let layer = RedirectLayer::new(HttpsOnly::new()).trust(trust.x_forwarded());
            run(layer.layer(Inner), Way::Proxied, times);
        }
        "bypass" => {
            let switch = MaintenanceSwitch::new();
            switch.on();
            let ranges = ranges(count).chain(["10.0.0.0/8".to_owned()]);
            let layer = RedirectLayer::new(Maintenance::new(switch).bypass_clients(ranges)?);
            run(layer.layer(Inner), Way::Secure, times);
        }
        "hosts" => {
            let names = (0..count).map(|n| format!("*.host{n}.example.com"));
            let names = names.chain(["*.example.com".to_owned()]);
            run(RedirectLayer::new(pass).hosts(names)?.layer(Inner), Way::Secure, times);
        }
        other => return Err(format!("no scenario {other:?}").into()),
    }
    Ok(())
}

fn scenario(name: &str, times: usize) -> harness::Outcome {
    let maintenance =
        Maintenance::new(MaintenanceSwitch::new()).standby("https://b.example.com")?;
    let versions = Versioning::new("/api", "v2")?.retire("v1")?;
    let trust = Trust::proxies(["10.0.0.0/8"])?.x_forwarded();
    let https = HttpsOnly::new();
    match name {
        // The cost of the harness itself, which is subtracted from S3.
        "request" => (0..times).for_each(|_| drop(black_box(request(Way::Plain)))),
        "page" => run(service_fn(a_page), Way::Secure, times),
        "bare" => run(Inner, Way::Secure, times),
        "S1" => run(RedirectLayer::new(policy_fn(|_| None)).layer(Inner), Way::Secure, times),
        #[cfg(feature = "live")]
        "L1" => {
            let live = tower_redirect::Live::new(RedirectLayer::new(policy_fn(|_| None)));
            run(live.layer(Inner), Way::Secure, times);
        }
        "S2" => {
            let reads = policy_fn(|head| {
                black_box(head.header(header::ACCEPT));
                None
            });
            run(RedirectLayer::new(reads).layer(Inner), Way::Secure, times);
        }
        "https" => run(RedirectLayer::new(https).layer(Inner), Way::Secure, times),
        "S2b" => {
            let layer = RedirectLayer::new((https, maintenance, versions)).trust(trust);
            run(layer.layer(Inner), Way::Proxied, times);
        }
        "S2c" => run(RedirectLayer::new(https).trust(trust).layer(Inner), Way::Proxied, times),
        "S8" => {
            let layer = RedirectLayer::new(policy_fn(|_| None)).hosts(["shop.example.com"])?;
            run(layer.layer(Inner), Way::Secure, times);
        }
        "S8-10000" => {
            let names = (0..9_999).map(|n| format!("host{n}.example.com"));
            let names = names.chain(["shop.example.com".to_owned()]);
            let layer = RedirectLayer::new(policy_fn(|_| None)).hosts(names)?;
            run(layer.layer(Inner), Way::Secure, times);
        }
        "floor" => run(Floor, Way::Plain, times),
        "S3" => run(RedirectLayer::new(https).layer(Inner), Way::Plain, times),
        "S4-static" => serve(service_fn(fixed), times)?,
        "S4" => serve(RedirectLayer::new(https).trust(trust).layer(service_fn(empty)), times)?,
        "S4-router-static" => {
            let fixed = async || (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, SECURE_URL)]);
            serve(Router::new().fallback(fixed), times)?;
        }
        "S4-router-from_fn" => {
            serve(Router::new().fallback(async || "").layer(from_fn(written_by_hand)), times)?;
        }
        "S4-router" => {
            let layer = RedirectLayer::new(https).trust(trust);
            serve(Router::new().fallback(async || "").layer(layer), times)?;
        }
        "S9" => {
            let layer = RedirectLayer::new(Hsts::new(Duration::from_secs(31_536_000)));
            run(layer.layer(service_fn(a_page)), Way::Secure, times);
        }
        "S3-record" => {
            run(RedirectLayer::new(https).insert_answered().layer(Inner), Way::Plain, times)
        }
        other => match other.split_once('/') {
            Some((name, size)) => growth(name, size.parse()?, times)?,
            None => return Err(format!("no scenario {other:?}").into()),
        },
    }
    Ok(())
}

fn main() -> harness::Outcome {
    harness::run(scenario, |count| {
        let (bare, request) = (count("bare")?, count("request")?);
        let (fixed, routed) = (count("S4-static")?, count("S4-router-static")?);
        let page = count("page")?;
        for name in SCENARIOS {
            let over = match name {
                "floor" | "S3" | "S3-record" => request,
                "S9" => page,
                "S4-static" | "S4" => fixed,
                "S4-router-static" | "S4-router-from_fn" | "S4-router" => routed,
                _ => bare,
            };
            let total = count(name)?;
            println!("{name:18} {total:6} instructions, {:+}", total - over);
        }
        if cfg!(feature = "live") {
            println!("L1         {:+} over S1", count("L1")? - count("S1")?);
        }
        println!("at n and 4n, over bare:");
        for (name, [few, many]) in GROWTH {
            let over = |size| Ok::<_, Box<dyn Error>>(count(&format!("{name}/{size}"))? - bare);
            let (less, more) = (over(few)?, over(many)?);
            println!("{name:10} {less:+} at {few}, {more:+} at {many}");
        }
        Ok(())
    })
}
