//! The contracts of tower and of the type system, on both sides.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use tower::limit::ConcurrencyLimitLayer;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_redirect::{
    ConfigError, Decision, Diagnosis, FollowError, FollowRedirects, FollowRedirectsLayer,
    HttpsOnly, Maintenance, MaintenanceSwitch, Redirect, RedirectError, RedirectHistory,
    RedirectLayer, RedirectPolicy, Redirection, ReplayBody, ReplayBodyLayer, RequestHead,
    Transport, Trust, Versioning, policy_fn,
};

use crate::support::{self, Inner, chain, redirection, request};

/// A service of which only the instance that was polled is ready: a clone is not, and a call uses the readiness
/// up.
struct Fragile<S> {
    inner: S,
    ready: bool,
}

impl<S: Clone> Clone for Fragile<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), ready: false }
    }
}

impl<S, R> Service<R> for Fragile<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.ready = true;
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        self.inner.call(request)
    }
}

#[tokio::test]
async fn the_instance_that_was_ready_is_called() {
    let script = chain![307 "/1", 302 "https://b.test/2", 307 "/3"];
    let client = FollowRedirectsLayer::new().layer(Fragile { inner: script.clone(), ready: false });
    client.oneshot(request("POST", "http://a.test/", &[])).await.expect("followed");
    assert_eq!(script.seen().len(), 4);

    let server = RedirectLayer::new(Versioning::new("/api", "v2").expect("valid"))
        .layer(Fragile { inner: Inner::default(), ready: false });
    for (path, status) in [("/", 200), ("/api", 307)] {
        let response = server.clone().oneshot(request("GET", path, &[])).await.expect("infallible");
        assert_eq!(response.status().as_u16(), status);
    }
}

/// Fails instead of hanging.
async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("no deadlock")
}

#[tokio::test]
async fn one_permit_is_enough() {
    let script = chain![307 "/1", 302 "https://b.test/2", 307 "/3"];
    let client = ServiceBuilder::new()
        .layer(FollowRedirectsLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(script.clone());
    for _ in 0..3 {
        let request = request("POST", "http://a.test/", &[]);
        in_time(client.clone().oneshot(request)).await.expect("followed");
    }
    assert_eq!(script.seen().len(), 6);

    // A request that the layer answers leaves its permit for the next call of the same instance.
    let inner = Inner::default();
    let mut server = ServiceBuilder::new()
        .layer(RedirectLayer::new(Versioning::new("/api", "v2").expect("valid")))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(inner.clone());
    for path in ["/", "/api", "/api", "/", "/api"] {
        let request = request("GET", path, &[]);
        let ready = ServiceExt::<MockRequest>::ready(&mut server);
        let response = in_time(ready).await.expect("infallible").call(request);
        in_time(response).await.expect("infallible");
    }
    assert_eq!(inner.calls(), 2);
}

type MockRequest = Request<Full<Bytes>>;
type MockResponse = Response<Full<Bytes>>;

#[tokio::test]
async fn the_follower_asks_a_mock_for_readiness_before_each_hop() {
    let (mut client, mut handle) =
        tower_test::mock::spawn_layer::<MockRequest, MockResponse, _>(FollowRedirectsLayer::new());
    handle.allow(1);
    tokio_test::assert_ready_ok!(client.poll_ready());
    let mut call = tokio_test::task::spawn(client.call(request("POST", "http://a.test/0", &[])));
    tokio_test::assert_pending!(call.poll());
    let (sent, send) = handle.next_request().await.expect("sent");
    assert_eq!(sent.uri(), "http://a.test/0");
    send.send_response(redirection(307, "/1"));
    // No permit, no second request.
    tokio_test::assert_pending!(call.poll());
    tokio_test::assert_pending!(handle.poll_request());
    handle.allow(1);
    assert!(call.is_woken());
    tokio_test::assert_pending!(call.poll());
    let (sent, send) = handle.next_request().await.expect("sent");
    assert_eq!(sent.uri(), "http://a.test/1");
    assert_eq!(sent.method(), "POST");
    send.send_response(Response::new(Full::from("done")));
    let response = tokio_test::assert_ready_ok!(call.poll());
    assert_eq!(RedirectHistory::of(&response).expect("a hop").len(), 1);
}

#[tokio::test]
async fn errors_of_the_inner_service_come_through_on_any_hop() {
    let (mut client, mut handle) =
        tower_test::mock::spawn_layer::<MockRequest, MockResponse, _>(FollowRedirectsLayer::new());
    handle.allow(2);
    tokio_test::assert_ready_ok!(client.poll_ready());
    let mut call = tokio_test::task::spawn(client.call(request("GET", "http://a.test/", &[])));
    tokio_test::assert_pending!(call.poll());
    handle.next_request().await.expect("sent").1.send_response(redirection(307, "/1"));
    tokio_test::assert_pending!(call.poll());
    handle.next_request().await.expect("sent").1.send_error("refused");
    let error = tokio_test::assert_ready_err!(call.poll());
    assert!(
        matches!(&error, FollowError::Service { error: inner, .. } if inner.to_string() == "refused")
    );
}

#[tokio::test]
async fn the_server_side_leaves_readiness_to_the_inner_service() {
    let layer = RedirectLayer::new(Versioning::new("/api", "v2").expect("valid"));
    let (mut server, mut handle) =
        tower_test::mock::spawn_layer::<MockRequest, MockResponse, _>(layer);
    handle.allow(0);
    tokio_test::assert_pending!(server.poll_ready());
    handle.allow(1);
    tokio_test::assert_ready_ok!(server.poll_ready());
    let mut call = tokio_test::task::spawn(server.call(request("GET", "/x", &[])));
    tokio_test::assert_pending!(call.poll());
    let (_, send) = handle.next_request().await.expect("passed on");
    send.send_response(Response::new(Full::from("inner")));
    let response = tokio_test::assert_ready_ok!(call.poll());
    assert_eq!(response.into_body().collect().await.expect("infallible").to_bytes(), "inner");
}

#[tokio::test]
async fn the_layers_fit_into_axum() {
    let policy = (HttpsOnly::new(), Maintenance::new(MaintenanceSwitch::new()), None::<Versioning>);
    let mut app: axum::Router = axum::Router::new()
        .route("/", axum::routing::post(|| async { "inner" }))
        .layer(RedirectLayer::new(policy));
    let request = Request::post("/").header("host", "a.test").body(axum::body::Body::empty());
    let response: Result<_, Infallible> = app.call(request.expect("valid")).await;
    let status = response.expect("infallible").status();
    assert_eq!(status, StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn the_follower_can_be_boxed() {
    let client = ServiceBuilder::new()
        .layer(ReplayBodyLayer::new(1024))
        .layer(FollowRedirectsLayer::new())
        .service(chain![307 "/1"]);
    let client = BoxCloneSyncService::new(client);
    let body = axum::body::Body::from("content");
    let request = Request::post("http://a.test/").body(body).expect("valid");
    let response = client.oneshot(request).await.expect("followed");
    assert_eq!(response.status(), StatusCode::OK);
}

/// A service whose error is a `BoxError` already.
#[derive(Clone)]
struct Boxed;

impl<B> Service<Request<B>> for Boxed {
    type Response = Response<Empty<Bytes>>;
    type Error = tower::BoxError;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Err("refused".into()))
    }
}

#[tokio::test]
async fn a_boxed_error_of_the_inner_service_becomes_the_source() {
    let client = ServiceBuilder::new()
        .map_err(FollowError::<tower::BoxError>::into_boxed)
        .layer(FollowRedirectsLayer::new())
        .service(Boxed);
    let error = client.oneshot(request("GET", "http://a.test/", &[])).await.expect_err("refused");
    assert_eq!(error.to_string(), "request to http://a.test/ failed");
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("refused"));
}

#[test]
fn dropping_a_call_at_any_moment_does_not_panic() {
    let mut cx = Context::from_waker(Waker::noop());
    for polls in 0..3 {
        let mut client = FollowRedirectsLayer::new().layer(chain![307 "/1", 307 "/2"]);
        let mut future = pin!(client.call(request("POST", "http://a.test/", &[])));
        for _ in 0..polls {
            if future.as_mut().poll(&mut cx).is_ready() {
                break;
            }
        }
    }
}

fn all<T: Send + Sync + Unpin + Debug>() {}
fn threads<T: Send + Sync>() {}
fn is_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn public_types_keep_their_auto_traits() {
    type Pending = std::future::Pending<Result<MockResponse, Infallible>>;
    all::<RedirectLayer<HttpsOnly>>();
    all::<RedirectLayer<Box<dyn RedirectPolicy>>>();
    all::<Redirect<(), HttpsOnly>>();
    all::<tower_redirect::server::ResponseBody<Full<Bytes>>>();
    all::<tower_redirect::server::ResponseFuture<Pending, Full<Bytes>>>();
    all::<FollowRedirectsLayer>();
    all::<FollowRedirects<()>>();
    all::<ReplayBody<std::cell::Cell<u8>>>();
    all::<ReplayBodyLayer>();
    all::<(Decision, Redirection, Trust, Transport, Diagnosis, ConfigError)>();
    all::<(HttpsOnly, Maintenance, MaintenanceSwitch, Versioning)>();
    all::<(RedirectHistory, RedirectError, FollowError<Infallible>)>();
    threads::<tower_redirect::follow::ResponseFuture<support::Inner, Full<Bytes>, Full<Bytes>>>();
    is_error::<RedirectError>();
    is_error::<FollowError<std::io::Error>>();
    is_error::<ConfigError>();
    is_error::<tower_redirect::replay::ReplayError>();
}

#[test]
fn policies_can_be_trait_objects() {
    let policies: Vec<Arc<dyn RedirectPolicy>> = vec![
        Arc::new(HttpsOnly::new()),
        Arc::new(policy_fn(|_: &RequestHead<'_>| Decision::Pass)),
        Arc::new((HttpsOnly::new(), [HttpsOnly::new()])),
    ];
    let _ = RedirectLayer::new(policies);
}
