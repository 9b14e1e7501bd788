//! Both sides as WebAssembly for browsers, where the clocks of `std` panic.
//! `cargo test -p wasm --target wasm32-unknown-unknown`, with `wasm-bindgen-test-runner` as runner.

#![cfg(target_family = "wasm")]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::follow::Remembered;
use tower_redirect::follow::hsts::HstsStore;
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::{
    FollowRedirectsLayer, Hsts, HttpsOnly, Live, Maintenance, MaintenanceSwitch, RedirectLayer,
    Transport,
};
use wasm_bindgen_test::wasm_bindgen_test;

type Body = Full<&'static [u8]>;

fn redirect(status: StatusCode, location: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(location));
    response
}

#[wasm_bindgen_test]
async fn an_upload_is_sent_again_and_hosts_and_permanents_are_remembered() {
    let asked = AtomicUsize::new(0);
    let server = service_fn(async |request: Request<Body>| {
        asked.fetch_add(1, Ordering::Relaxed);
        let mut response = match request.uri().to_string().as_str() {
            "https://a.test/upload" => {
                redirect(StatusCode::TEMPORARY_REDIRECT, "http://a.test/new")
            }
            "https://a.test/old" => redirect(StatusCode::PERMANENT_REDIRECT, "/new"),
            "https://a.test/new" => Response::new(request.into_body()),
            other => panic!("not expected: {other}"),
        };
        let hsts = HeaderValue::from_static("max-age=3600");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts);
        Ok::<_, Infallible>(response)
    });
    let client = FollowRedirectsLayer::new()
        .hsts(HstsStore::new())
        .remembered(Remembered::new())
        .layer(server);

    let upload = Request::post("https://a.test/upload").body(Body::from(&b"content"[..]));
    let response = client.clone().oneshot(upload.expect("valid")).await.expect("followed");
    assert_eq!(response.into_body().collect().await.expect("read").to_bytes(), "content");
    // The second request goes to the target of the upload, which HSTS of the first response upgraded.
    assert_eq!(asked.swap(0, Ordering::Relaxed), 2);

    for requests in [2, 1] {
        let old = Request::get("https://a.test/old").body(Body::default()).expect("valid");
        let response = client.clone().oneshot(old).await.expect("followed");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(asked.swap(0, Ordering::Relaxed), requests);
    }
}

#[wasm_bindgen_test]
async fn policies_with_dates_decide() {
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let switch = MaintenanceSwitch::new();
    let rules = Rules::new([
        Rule::new("/sale").and_then(|rule| rule.to("/offers")).expect("valid").until(past),
        Rule::new("/sale").and_then(|rule| rule.to("/new")).expect("valid").since(past),
    ]);
    let layer = RedirectLayer::new((
        HttpsOnly::new(),
        Hsts::new(Duration::from_secs(3600)),
        Maintenance::new(switch.clone()),
        rules.expect("valid"),
    ));
    let inner =
        service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::default())));
    let service = Live::new(layer).layer(inner);
    let status = async |path: &str, transport: Transport| {
        let request = Request::post(path).header(header::HOST, "a.test").extension(transport);
        let request = request.body(Body::from(&b"form"[..])).expect("valid");
        let response = service.clone().oneshot(request).await.expect("answered");
        let to = response
            .headers()
            .get(header::LOCATION)
            .map(|to| to.to_str().expect("ASCII").to_owned());
        (response.status().as_u16(), to)
    };
    assert_eq!(status("/pay", Transport::Plain).await, (307, Some("https://a.test/pay".into())));
    assert_eq!(status("/sale", Transport::Secure).await, (307, Some("/new".into())));
    switch.on();
    assert_eq!(status("/sale", Transport::Secure).await.0, 503);
}
