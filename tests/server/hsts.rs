//! RFC 6797 §7 and §8.1.1, and the rules of the preload list.

use std::time::Duration;

use http::{HeaderValue, Request, Response, header};
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::trust::Peer;
use tower_redirect::{
    CanonicalHost, ConfigErrorKind, HstsLayer, HttpsOnly, RedirectLayer, Transport, Trust,
};

use crate::support::Inner;

const YEAR: Duration = Duration::from_secs(31_536_000);

fn request(transport: Option<Transport>, host: &str) -> Request<String> {
    let request = Request::get("/p").header("host", host).body(String::new());
    let mut request = request.expect("valid");
    if let Some(transport) = transport {
        request.extensions_mut().insert(transport);
    }
    request
}

async fn sts(layer: &HstsLayer, request: Request<String>) -> Vec<String> {
    let redirects = RedirectLayer::new((
        HttpsOnly::new(),
        CanonicalHost::new("www.example.com").expect("valid"),
    ));
    let service = layer.layer(redirects.layer(Inner::default()));
    let response = service.oneshot(request).await.expect("infallible");
    let values = response.headers().get_all(header::STRICT_TRANSPORT_SECURITY).iter();
    values.map(|value| value.to_str().expect("ascii").to_owned()).collect()
}

#[tokio::test]
async fn who_is_told() {
    let secure = Some(Transport::Secure);
    for (transport, host, told) in [
        (secure, "shop.test", true),
        (secure, "SHOP.test.:8443", true),
        // A redirection to another host, and its answers, too.
        (secure, "example.com", true),
        (None, "shop.test", false),
        (Some(Transport::Plain), "shop.test", false),
        (secure, "127.0.0.1", false),
        (secure, "192.0.2.7:8443", false),
        (secure, "[2001:db8::1]", false),
        (secure, "localhost", false),
        (secure, "LOCALHOST:8443", false),
        (secure, "app.localhost", false),
        (secure, "a b", false),
    ] {
        let layer = HstsLayer::new(YEAR);
        let expected: &[&str] = if told { &["max-age=31536000"] } else { &[] };
        assert_eq!(sts(&layer, request(transport, host)).await, expected, "{transport:?} {host}");
    }
}

#[tokio::test]
async fn errors_are_told_and_the_applications_own_value_wins() {
    for (own, status, expected) in [
        (None, 200, "max-age=60"),
        (None, 404, "max-age=60"),
        (None, 500, "max-age=60"),
        (Some("max-age=5"), 200, "max-age=5"),
    ] {
        let inner = service_fn(move |_: Request<String>| async move {
            let mut response = Response::builder().status(status);
            if let Some(own) = own {
                response = response.header(header::STRICT_TRANSPORT_SECURITY, own);
            }
            response.body(String::new())
        });
        let service = HstsLayer::new(Duration::from_secs(60)).layer(inner);
        let response = service.oneshot(request(Some(Transport::Secure), "shop.test")).await;
        let response = response.expect("valid");
        let values: Vec<&HeaderValue> =
            response.headers().get_all(header::STRICT_TRANSPORT_SECURITY).iter().collect();
        assert_eq!(values, [expected]);
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_what_is_secure() {
    let trust = Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded();
    let layer = HstsLayer::new(YEAR).trust(trust);
    for (peer, proto, told) in
        [([10, 0, 0, 1], "https", 1), ([10, 0, 0, 1], "http", 0), ([1, 1, 1, 1], "https", 0)]
    {
        let mut request = request(None, "shop.test");
        request.extensions_mut().insert(Peer::Ip(peer.into()));
        request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static(proto));
        assert_eq!(sts(&layer, request).await.len(), told, "{peer:?} {proto}");
    }
    let layer = HstsLayer::new(YEAR).transport(Transport::Secure);
    assert_eq!(sts(&layer, request(None, "shop.test")).await.len(), 1);
}

#[tokio::test]
async fn what_is_said() {
    let day = Duration::from_millis(86_400_999);
    for (layer, value) in [
        (HstsLayer::new(Duration::ZERO), "max-age=0"),
        (HstsLayer::new(day), "max-age=86400"),
        (HstsLayer::new(day).include_subdomains(), "max-age=86400; includeSubDomains"),
        (
            HstsLayer::new(YEAR).include_subdomains().preload().expect("allowed"),
            "max-age=31536000; includeSubDomains; preload",
        ),
    ] {
        let request = request(Some(Transport::Secure), "shop.test");
        assert_eq!(sts(&layer, request).await, [value]);
    }
}

#[test]
fn the_preload_list_has_rules() {
    let short = HstsLayer::new(YEAR - Duration::from_secs(1)).include_subdomains().preload();
    assert!(short.is_err_and(|error| error.kind() == ConfigErrorKind::Hsts));
    assert!(HstsLayer::new(YEAR).preload().is_err());
    assert!(HstsLayer::new(YEAR).include_subdomains().preload().is_ok());
}
