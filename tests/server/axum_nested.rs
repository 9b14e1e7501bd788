//! `.axum()`: nested routers and `ConnectInfo`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::any;
use http::{Request, StatusCode, header};
use tower::ServiceExt;
use tower_redirect::{HttpsOnly, RedirectLayer, RedirectPolicy, Trust, Versioning};

async fn location(
    layer: RedirectLayer<impl RedirectPolicy + 'static>,
    path: &str,
) -> (StatusCode, String) {
    let inner = Router::new().route("/{*rest}", any(|| async { "inner" })).layer(layer);
    let app = Router::new().nest("/outer", inner);
    let mut request = Request::post(path)
        .header("host", "a.test")
        .body(axum::body::Body::empty())
        .expect("valid");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4711))));
    request.headers_mut().insert("x-forwarded-proto", "https".parse().expect("valid"));
    let response = app.oneshot(request).await.expect("infallible");
    let location =
        response.headers().get(header::LOCATION).map(|l| l.to_str().expect("ascii").to_owned());
    (response.status(), location.unwrap_or_default())
}

#[tokio::test]
async fn the_whole_path_counts() {
    let https = || HttpsOnly::new().exempt("/outer/health").expect("valid");
    let moved = (StatusCode::TEMPORARY_REDIRECT, "https://a.test/outer/x?q".to_owned());
    assert_eq!(location(RedirectLayer::new(https()).axum(), "/outer/x?q").await, moved);
    // Without it, the prefix is lost: what the call is for.
    let lost = location(RedirectLayer::new(https()), "/outer/x?q").await.1;
    assert_eq!(lost, "https://a.test/x?q");

    let versions =
        || Versioning::new("/outer/api", "v2").and_then(|v| v.retire("v1")).expect("valid");
    let moved = location(RedirectLayer::new(versions()).axum(), "/outer/api/v1/x").await.1;
    assert_eq!(moved, "/outer/api/v2/x");
}

#[tokio::test]
async fn connect_info_is_the_peer() {
    let trust = || Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded();
    let layer = RedirectLayer::new(HttpsOnly::new()).trust(trust()).axum();
    assert_eq!(location(layer, "/outer/x").await.0, StatusCode::OK);
    let layer = RedirectLayer::new(HttpsOnly::new()).axum().trust(trust());
    assert_eq!(location(layer, "/outer/x").await.0, StatusCode::OK);

    let diagnoses = Arc::new(Mutex::new(Vec::new()));
    let noted = diagnoses.clone();
    let layer = RedirectLayer::new(HttpsOnly::new())
        .trust(trust())
        .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
    assert_eq!(location(layer, "/outer/x").await.0, StatusCode::TEMPORARY_REDIRECT);
    let diagnoses = diagnoses.lock().expect("not poisoned");
    assert!(diagnoses[0].contains("no peer address is known"), "{diagnoses:?}");
    assert!(diagnoses[0].contains(".axum()"), "{diagnoses:?}");
}
