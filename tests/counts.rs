//! Counts the costs of both sides: allocations, polls, and the bytes of futures.
#![allow(missing_docs)]

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{Empty, Full};
use tower::{Layer, Service};
use tower_redirect::trust::Peer;
use tower_redirect::{
    FollowOptions, FollowRedirectsLayer, Hsts, HttpsOnly, Maintenance, MaintenanceSwitch,
    RedirectHistory, RedirectLayer, RedirectPolicy, Transport, Trust, Versioning, policy_fn,
};

type Answer = Response<Full<Bytes>>;

/// Redirects each call to the next location, and answers 200 after the last one.
struct Scripted<const N: usize> {
    locations: [&'static str; N],
    calls: usize,
    polls: usize,
}

impl<const N: usize> Scripted<N> {
    const fn new(locations: [&'static str; N]) -> Self {
        Self { locations, calls: 0, polls: 0 }
    }
}

/// A handle to a script that lives as long as the test.
struct Handle<const N: usize>(&'static std::sync::Mutex<Scripted<N>>);

impl<const N: usize> Clone for Handle<N> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<const N: usize> Handle<N> {
    fn new(locations: [&'static str; N]) -> Self {
        Self(Box::leak(Box::new(std::sync::Mutex::new(Scripted::new(locations)))))
    }

    fn polls(&self) -> usize {
        self.0.lock().expect("not poisoned").polls
    }
}

struct Prepared<const N: usize> {
    handle: Handle<N>,
    answer: Option<Answer>,
}

impl<const N: usize> Future for Prepared<N> {
    type Output = Result<Answer, Infallible>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.handle.0.lock().expect("not poisoned").polls += 1;
        Poll::Ready(Ok(self.answer.take().expect("polled once")))
    }
}

impl<B, const N: usize> Service<Request<B>> for Handle<N> {
    type Response = Answer;
    type Error = Infallible;
    type Future = Prepared<N>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut script = self.0.lock().expect("not poisoned");
        let mut answer = Response::new(Full::default());
        if let Some(location) = script.locations.get(script.calls) {
            *answer.status_mut() = http::StatusCode::TEMPORARY_REDIRECT;
            answer.headers_mut().insert(header::LOCATION, HeaderValue::from_static(location));
        }
        script.calls += 1;
        Prepared { handle: Handle(self.0), answer: Some(answer) }
    }
}

/// Calls the service and polls once, at which the answer has to be ready.
fn answer<S, B>(service: &mut S, request: Request<B>) -> S::Response
where
    S: Service<Request<B>>,
{
    let future = pin!(service.call(request));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response,
        Poll::Ready(Err(_)) => panic!("an error"),
        Poll::Pending => panic!("not ready at the first poll"),
    }
}

fn get<B>(uri: &'static str, body: B) -> Request<B> {
    let mut request = Request::new(body);
    *request.uri_mut() = http::Uri::from_static(uri);
    let fields = request.headers_mut();
    fields.insert(header::HOST, HeaderValue::from_static("a.test"));
    for name in [
        header::ACCEPT,
        header::ACCEPT_ENCODING,
        header::ACCEPT_LANGUAGE,
        header::USER_AGENT,
        header::AUTHORIZATION,
        header::COOKIE,
        header::CACHE_CONTROL,
        header::PRAGMA,
        header::DNT,
    ] {
        // As in most callers, the value is allocated, not static.
        fields.insert(
            name,
            HeaderValue::try_from("a value of some length".to_owned()).expect("valid"),
        );
    }
    request
}

fn proxies() -> Trust {
    Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded()
}

/// A request that a trusted proxy has forwarded.
fn proxied() -> Request<Empty<Bytes>> {
    let mut request = get("/api/v2/orders?id=7", Empty::new());
    request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
    let fields = request.headers_mut();
    fields.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 1.1.1.1, 10.0.0.2"));
    fields.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    request
}

fn pass_through<S, R>(mut service: S, request: Request<Empty<Bytes>>) -> u64
where
    S: Service<Request<Empty<Bytes>>, Response = Response<R>>,
{
    let mut response = None;
    let count = measure(|| response = Some(answer(&mut service, request)));
    assert_eq!(response.expect("an answer").status(), 200);
    count.count_total
}

fn pass_allocations(policy: impl RedirectPolicy, secure: bool) -> u64 {
    let handle = Handle::new([]);
    let service = RedirectLayer::new(policy).layer(handle.clone());
    let mut request = get("/api/v2/orders?id=7", Empty::<Bytes>::new());
    if secure {
        request.extensions_mut().insert(Transport::Secure);
    }
    let count = pass_through(service, request);
    assert_eq!(handle.polls(), 1);
    count
}

fn three_policies() -> impl RedirectPolicy {
    let standby = Maintenance::new(MaintenanceSwitch::new()).standby("https://b.test");
    let versions = Versioning::new("/api", "v2").and_then(|v| v.retire("v1"));
    (HttpsOnly::new(), standby.expect("valid"), versions.expect("valid"))
}

#[test]
fn the_pass_path_allocates_nothing() {
    let request = get("/", Empty::<Bytes>::new());
    let dropped = measure(|| drop(request)).count_total;
    assert_eq!(dropped, 0);
    assert_eq!(pass_allocations(None::<HttpsOnly>, false), 0);
    assert_eq!(pass_allocations(HttpsOnly::new(), true), 0);
    assert_eq!(pass_allocations(three_policies(), true), 0);
    let service = RedirectLayer::new(three_policies()).trust(proxies()).layer(Handle::new([]));
    assert_eq!(pass_through(service, proxied()), 0);
    let trust = Trust::proxies(["10.0.0.0/8"]).expect("valid").forwarded().forwarded_host();
    let service = RedirectLayer::new(three_policies()).trust(trust).layer(Handle::new([]));
    let mut request = proxied();
    let element =
        HeaderValue::from_static("for=1.1.1.1;proto=https;host=a.test, for=10.0.0.2;proto=http");
    request.headers_mut().insert(header::FORWARDED, element);
    assert_eq!(pass_through(service, request), 0);
    let reads = policy_fn(|head| {
        let _ = (head.header(header::ACCEPT), head.authority(), head.is_secure());
        None
    });
    assert_eq!(pass_allocations(reads, false), 0);
}

/// The value of the header is made together with the policy.
#[test]
fn an_annotation_allocates_only_the_room_for_a_header() {
    let mut service = RedirectLayer::new((HttpsOnly::new(), Hsts::new(Duration::from_secs(300))))
        .transport(Transport::Secure)
        .layer(Handle::new([]));
    let warm_up = answer(&mut service, get("/", Empty::<Bytes>::new()));
    let room = measure(|| {
        let mut headers = http::HeaderMap::new();
        headers.insert(header::AGE, HeaderValue::from_static("0"));
        std::hint::black_box(headers);
    });
    assert!(warm_up.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    let count = pass_through(service, get("/", Empty::new()));
    assert_eq!(count, room.count_total);
}

#[test]
fn cloning_a_service_allocates_nothing() {
    let server = RedirectLayer::new(three_policies()).layer(Handle::new([]));
    let client = FollowRedirectsLayer::new().layer(Handle::new([]));
    assert_eq!(measure(|| drop(server.clone())).count_total, 0);
    assert_eq!(measure(|| drop(client.clone())).count_total, 0);
}

#[test]
fn a_redirection_allocates_its_fields_and_no_more() {
    let redirect = |layer: RedirectLayer<HttpsOnly>, location: &str| {
        let mut service = layer.layer(Handle::new([]));
        let request = get("/api/v2/orders?id=7", Empty::<Bytes>::new());
        let mut response = None;
        let count = measure(|| response = Some(answer(&mut service, request)));
        assert_eq!(response.expect("an answer").headers()["location"], location);
        count.count_total
    };
    let layer = RedirectLayer::new(HttpsOnly::new());
    let location = "https://a.test/api/v2/orders?id=7";
    assert_eq!(redirect(layer.clone(), location), 3);
    let recorded = redirect(layer.insert_answered(), location);
    // The record holds texts: reasons, host, path and target. The map of extensions is allocated, too.
    assert!(recorded <= 12, "{recorded}");
    let layer = RedirectLayer::new(HttpsOnly::new().port(8443));
    assert_eq!(redirect(layer, "https://a.test:8443/api/v2/orders?id=7"), 3);
}

fn follow_allocations<B, const N: usize>(locations: [&'static str; N], body: B) -> u64
where
    B: http_body::Body + tower_redirect::Replay,
{
    let handle = Handle::new(locations);
    let mut service = FollowRedirectsLayer::new().layer(handle.clone());
    let request = get("http://a.test/api/v2/orders?id=7", body);
    let mut response = None;
    let count = measure(|| response = Some(answer(&mut service, request)));
    assert_eq!(response.expect("an answer").status(), 200);
    assert_eq!(handle.polls(), N + 1);
    count.count_total
}

#[test]
fn following_nothing_keeps_the_request_in_two_allocations() {
    let empty = follow_allocations([], Empty::<Bytes>::new());
    assert_eq!(empty, 2);
    for length in [1024, 1024 * 1024] {
        let body = Full::new(Bytes::from(vec![7; length]));
        assert!(follow_allocations([], body) <= empty + 1, "{length}");
    }
}

#[test]
fn a_call_that_is_not_to_be_followed_allocates_nothing() {
    let mut service = FollowRedirectsLayer::new().layer(Handle::new(["/next"]));
    let mut request = get("http://a.test/", Full::new(Bytes::from("tea")));
    request.extensions_mut().insert(FollowOptions::do_not_follow());
    let mut response = None;
    let count = measure(|| response = Some(answer(&mut service, request)));
    assert_eq!(response.expect("an answer").status(), 307);
    // The script allocates twice for the headers of its answer.
    assert_eq!(count.count_total, 2);
}

#[cfg(feature = "hyper")]
#[test]
fn expect_continue_allocates_nothing_for_a_short_body() {
    use tower_redirect::follow::expect::ExpectContinueLayer;
    let allocations = |expect: bool| {
        let body = Full::new(Bytes::from(vec![7; 1024]));
        let request = get("http://a.test/", body);
        let layer = ExpectContinueLayer::new(|_| std::future::pending());
        let (mut plain, mut waits) = (Handle::new([]), layer.layer(Handle::new([])));
        let mut answered = None;
        let count = measure(|| {
            answered = Some(if expect {
                answer(&mut waits, request).status()
            } else {
                answer(&mut plain, request).status()
            });
        });
        assert_eq!(answered.map(|status| status.as_u16()), Some(200));
        count.count_total
    };
    assert_eq!(allocations(true), allocations(false));
}

#[test]
fn the_final_url_costs_three_allocations_at_most() {
    let count = |layer: FollowRedirectsLayer, options: FollowOptions| {
        let mut service = layer.layer(Handle::new([]));
        let mut request = get("http://a.test/", Empty::<Bytes>::new());
        request.extensions_mut().insert(options);
        let mut response = None;
        let count = measure(|| response = Some(answer(&mut service, request))).count_total;
        (count, response.expect("an answer"))
    };
    for options in [FollowOptions::new(), FollowOptions::do_not_follow()] {
        let (without, response) = count(FollowRedirectsLayer::new(), options.clone());
        let (with, _) = count(FollowRedirectsLayer::new().final_uri(), options);
        assert!(with <= without + 3, "{with} instead of {without}");
        let asked = http::Uri::from_static("http://a.test/");
        let none = measure(|| {
            assert_eq!(RedirectHistory::final_uri_or(&response, &asked), &asked);
        });
        assert_eq!(none.count_total, 0);
    }
}

/// Counts the allocations of a hop, with its context and its entry in the history: the mean of five, without
/// those of a call that is not redirected and of the script's answers. The hops of a chain share the
/// allocations that are made once, above all the history in the response; a single hop bears them alone.
#[test]
fn a_hop_stays_within_its_number_of_allocations() {
    let none = follow_allocations([], Empty::<Bytes>::new());
    // The script allocates twice for the headers of its answer.
    let script = 2;
    let hops = |location| follow_allocations([location; 5], Empty::<Bytes>::new()) - none;
    for (location, most, alone) in [
        ("/next?a=b", 10, 12),
        ("http://a.test/next", 10, 12),
        ("https://b.test/next", 12, 14),
        ("../next", 12, 15),
    ] {
        let five = hops(location) - 5 * script;
        assert!(five <= 5 * most, "{location}: {five} for five");
        let one = follow_allocations([location], Empty::<Bytes>::new()) - none - script;
        println!("{location}: {one} alone, {five} for five");
        assert!(one <= alone, "{location}: {one} alone");
    }
}

#[test]
fn the_mean_of_ten_hops_is_about_eight_allocations() {
    let none = follow_allocations([], Empty::<Bytes>::new());
    for (location, most) in [
        ("/next?a=b", 81),
        ("http://a.test/next", 81),
        ("../next", 81),
        ("?page=2", 81),
        ("https://b.test/next", 85),
    ] {
        let ten = follow_allocations([location; 10], Empty::<Bytes>::new()) - none;
        // The script's own answers do not count.
        let ten = ten - 10 * 2;
        println!("{location}: {ten} for ten");
        assert!(ten <= most, "{location}: {ten} for ten");
    }
}

#[test]
fn five_ready_hops_take_one_poll() {
    // Fails unless the answer is ready at the first poll, and the inner futures were polled six times in all.
    follow_allocations(["/1", "/2", "/3", "/4", "/5"], Full::new(Bytes::from("x")));
}

#[test]
fn futures_are_small() {
    let mut service = FollowRedirectsLayer::new().layer(Handle::new([]));
    let future = service.call(get("http://a.test/", Empty::<Bytes>::new()));
    let over = size_of_val(&future) - size_of::<Prepared<0>>();
    println!("{over} bytes over the inner future");
    assert!(over <= 520, "{over} bytes over the inner future");
}
