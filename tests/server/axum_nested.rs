//! Feature `axum`: nested routers and `ConnectInfo`, which need no setting, and the place of a layer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{any, get};
use http::{Request, StatusCode, header};
use tower::{ServiceBuilder, ServiceExt};
use tower_http::cors::CorsLayer;
use tower_redirect::trust::Peer;
use tower_redirect::{HttpsOnly, RedirectLayer, RedirectPolicy, Trust, Versioning};

fn proxies() -> Trust {
    Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded()
}

fn post(path: &str) -> Request<Body> {
    let request = Request::post(path).header("host", "a.test").header("x-forwarded-proto", "https");
    request.body(Body::empty()).expect("valid")
}

fn connected(mut request: Request<Body>, address: [u8; 4]) -> Request<Body> {
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 4711))));
    request
}

async fn answer(app: Router, request: Request<Body>) -> (StatusCode, String) {
    let response = app.oneshot(request).await.expect("infallible");
    let location =
        response.headers().get(header::LOCATION).map(|l| l.to_str().expect("ascii").to_owned());
    (response.status(), location.unwrap_or_default())
}

/// The layer on a router that is nested at `/outer`.
fn nested(layer: RedirectLayer<impl RedirectPolicy + 'static>) -> Router {
    let inner = Router::new().route("/{*rest}", any(|| async { "inner" })).layer(layer);
    Router::new().nest("/outer", inner)
}

#[tokio::test]
async fn policies_see_the_whole_path() {
    let https = || HttpsOnly::new().exempt("/outer/health").expect("valid");
    let moved = (StatusCode::TEMPORARY_REDIRECT, "https://a.test/outer/x?q".to_owned());
    assert_eq!(answer(nested(RedirectLayer::new(https())), post("/outer/x?q")).await, moved);
    let health = Request::get("/outer/health").header("host", "a.test").body(Body::empty());
    let health = answer(nested(RedirectLayer::new(https())), health.expect("valid")).await;
    assert_eq!(health.0, StatusCode::OK);

    let versions =
        || Versioning::new("/outer/api", "v2").and_then(|v| v.retire("v1")).expect("valid");
    let moved = answer(nested(RedirectLayer::new(versions())), post("/outer/api/v1/x")).await.1;
    assert_eq!(moved, "/outer/api/v2/x");

    let ignoring = RedirectLayer::new(https()).ignore_original_uri();
    let lost = answer(nested(ignoring), post("/outer/x?q")).await.1;
    assert_eq!(lost, "https://a.test/x?q");
}

#[tokio::test]
async fn connect_info_is_the_peer() {
    let layer = || RedirectLayer::new(HttpsOnly::new()).trust(proxies());
    let status = async |layer, request| answer(nested(layer), request).await.0;
    let (ours, theirs) = ([10, 0, 0, 1], [192, 0, 2, 7]);
    let request = || connected(post("/outer/x"), ours);
    assert_eq!(status(layer(), request()).await, StatusCode::OK);
    let stranger = connected(post("/outer/x"), theirs);
    assert_eq!(status(layer(), stranger).await, StatusCode::TEMPORARY_REDIRECT);

    // A `Peer` takes precedence over it, and `.peer_from` over both.
    let mut with_peer = request();
    with_peer.extensions_mut().insert(Peer::Ip(theirs.into()));
    assert_eq!(status(layer(), with_peer).await, StatusCode::TEMPORARY_REDIRECT);
    let mut with_peer = connected(post("/outer/x"), theirs);
    with_peer.extensions_mut().insert(Peer::Ip(ours.into()));
    assert_eq!(status(layer(), with_peer).await, StatusCode::OK);
    let trust = proxies().peer_from(move |_| Some(Peer::Ip(theirs.into())));
    let layer_from = RedirectLayer::new(HttpsOnly::new()).trust(trust);
    assert_eq!(status(layer_from, request()).await, StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn without_connect_info_a_diagnosis_says_how_to_serve() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = told.clone();
    let layer = RedirectLayer::new(HttpsOnly::new())
        .trust(proxies())
        .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
    assert_eq!(answer(nested(layer), post("/outer/x")).await.0, StatusCode::TEMPORARY_REDIRECT);
    let told = told.lock().expect("not poisoned");
    assert!(told[0].contains("no peer address is known"), "{told:?}");
    assert!(told[0].contains("into_make_service_with_connect_info"), "{told:?}");
}

/// The documentation says that a layer belongs on the outermost router, after all routes, by `.layer(..)`.
#[tokio::test]
async fn only_a_layer_on_the_finished_outermost_router_sees_all_requests() {
    let layer = || RedirectLayer::new(HttpsOnly::new());
    let shop = || Router::new().route("/orders", get(|| async { "orders" }));
    let moved = StatusCode::TEMPORARY_REDIRECT;
    for (place, app, sees_known, sees_unknown, sees_later) in [
        (
            "outermost, after all routes",
            Router::new()
                .nest("/shop", shop())
                .route("/late", any(|| async { "late" }))
                .layer(layer()),
            true,
            true,
            true,
        ),
        (
            "before a route is added",
            Router::new()
                .nest("/shop", shop())
                .layer(layer())
                .route("/late", any(|| async { "late" })),
            true,
            // The fallback is layered, but the later route is not.
            true,
            false,
        ),
        (
            "route_layer",
            Router::new()
                .nest("/shop", shop())
                .route("/late", any(|| async { "late" }))
                .route_layer(layer()),
            true,
            false,
            true,
        ),
        (
            "a nested router without a fallback of its own",
            Router::new()
                .nest("/shop", shop().layer(layer()))
                .route("/late", any(|| async { "late" })),
            true,
            false,
            false,
        ),
    ] {
        for (path, sees) in
            [("/shop/orders", sees_known), ("/shop/unknown", sees_unknown), ("/late", sees_later)]
        {
            let request = Request::get(path).header("host", "a.test").body(Body::empty());
            let (status, _) = answer(app.clone(), request.expect("valid")).await;
            assert_eq!(status == moved, sees, "{place}: {path} is answered {status}");
        }
    }
}

/// Layers of tower-http answer with a body that they create by `Default`.
#[tokio::test]
async fn a_layer_stacks_with_layers_that_need_a_default_body() {
    let stack = ServiceBuilder::new()
        .layer(CorsLayer::permissive())
        .layer(RedirectLayer::new(HttpsOnly::new()));
    let app = Router::new().route("/x", any(|| async { "inner" })).layer(stack);
    let request = |method| {
        let request = Request::builder().method(method).uri("/x").header("host", "a.test");
        let request = request.header("origin", "https://b.test");
        let request = request.header("access-control-request-method", "POST");
        request.body(Body::empty()).expect("valid")
    };
    assert_eq!(answer(app.clone(), request("OPTIONS")).await, (StatusCode::OK, String::new()));
    let moved = (StatusCode::TEMPORARY_REDIRECT, "https://a.test/x".to_owned());
    assert_eq!(answer(app, request("POST")).await, moved);
}
