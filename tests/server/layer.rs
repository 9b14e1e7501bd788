//! Settings of a `RedirectLayer` besides its policy: the prefix that a proxy removed, the ready-made
//! layer of a site, and `Transport` as a layer.

use std::time::Duration;

use tower::Layer;
use tower_redirect::{
    HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy, Redirection, Scheme,
    Transport, Versioning, policy_fn,
};

use crate::support::{Inner, ask, request};

fn to(redirection: Redirection) -> RedirectLayer<impl RedirectPolicy> {
    RedirectLayer::new(policy_fn(move |_| Some(redirection.clone())))
}

#[tokio::test]
async fn only_redirections_to_this_server_get_the_prefix() {
    let target = |url| Redirection::to(url).expect("valid");
    for (redirection, path, location) in [
        (Redirection::new().path("/new"), "/old?q", "/shop/new?q"),
        (Redirection::new().path("new"), "/old", "/shop/new"),
        (target("/new?x"), "/old?q", "/shop/new?x"),
        (Redirection::new().scheme(Scheme::Https), "/old?q", "https://a.test/shop/old?q"),
        (Redirection::new().port(8443), "//old", "http://a.test:8443/shop//old"),
        (target("http://a.test:81/new"), "/old", "http://a.test:81/shop/new"),
        (target("https://listed.test/new"), "/old", "https://listed.test/shop/new"),
        (target("https://elsewhere.test/new"), "/old", "https://elsewhere.test/new"),
        (
            Redirection::to_origin("https://elsewhere.test").expect("valid"),
            "/old?q",
            "https://elsewhere.test/old?q",
        ),
        // Behind a prefix, `//` does not begin an authority.
        (Redirection::new().path("//b.test/"), "/old", "/shop//b.test/"),
        (Redirection::new().query("x"), "/\\b.test/", "/shop/%5Cb.test/?x"),
    ] {
        for prefix in ["/shop", "/shop/"] {
            let layer = to(redirection.clone()).hosts(["a.test", "listed.test"]).expect("valid");
            let layer = layer.mounted_at(prefix).expect("valid");
            let asked = ask(&layer, request("GET", path, &[])).await;
            assert_eq!(asked.location(), Some(location), "{path} {redirection:?}");
        }
    }
}

/// Policies, exempt paths and comparisons use the path that the application sees.
#[tokio::test]
async fn policies_see_paths_without_the_prefix() {
    let https = HttpsOnly::new().exempt("/health").expect("valid");
    let versions = Versioning::new("/api", "v2").and_then(|v| v.retire("v1")).expect("valid");
    let layer = RedirectLayer::new((https, versions)).mounted_at("/shop").expect("valid");
    let asked = ask(&layer, request("POST", "/api/v1/orders?q", &[])).await;
    assert_eq!(asked.location(), Some("https://a.test/shop/api/v2/orders?q"), "one hop");
    assert_eq!(ask(&layer, request("GET", "/health", &[])).await.calls, 1);
    assert_eq!(ask(&layer, request("GET", "/shop/health", &[])).await.calls, 0);

    // The maintenance page has the path at which the application serves it.
    let switch = MaintenanceSwitch::new();
    switch.on();
    let maintenance = Maintenance::new(switch).page("/closed").expect("valid");
    let layer = RedirectLayer::new(maintenance).mounted_at("/shop").expect("valid");
    let page = [("accept", "text/html")];
    assert_eq!(ask(&layer, request("GET", "/", &page)).await.location(), Some("/shop/closed"));
    assert_eq!(ask(&layer, request("GET", "/closed", &page)).await.calls, 1);

    // A redirection without the prefix to the same path passes, too.
    let layer = to(Redirection::new().path("/same")).mounted_at("/shop").expect("valid");
    assert_eq!(ask(&layer, request("GET", "/same", &[])).await.calls, 1);
}

/// A client chooses these fields and a proxy may pass them on, so the layer does not read them.
#[tokio::test]
async fn a_prefix_is_not_read_from_a_request() {
    let forged = [("x-forwarded-prefix", "//evil.test"), ("x-forwarded-path", "/evil")];
    for (mount, location) in [(None, "/new"), (Some("/shop"), "/shop/new")] {
        let layer = to(Redirection::new().path("/new"));
        let layer = match mount {
            Some(prefix) => layer.mounted_at(prefix).expect("valid"),
            None => layer,
        };
        assert_eq!(ask(&layer, request("GET", "/", &forged)).await.location(), Some(location));
    }
}

#[test]
fn prefixes_that_are_not_a_path_are_refused() {
    for prefix in ["", "/", "shop", "//", "//shop", "/a/../b", "/a?b", "/a#b", "/a b", "/ä", "/%2e"]
    {
        assert!(to(Redirection::new()).mounted_at(prefix).is_err(), "{prefix}");
    }
    assert!(to(Redirection::new()).mounted_at("/shop/de").is_ok());
}

#[tokio::test]
async fn a_transport_is_a_layer_that_marks_requests() {
    let site = RedirectLayer::site("www.a.test", Duration::from_secs(300)).expect("valid");
    let inner = Inner::default();
    for (transport, host, status) in [
        (Some(Transport::Secure), "www.a.test", 200),
        (Some(Transport::Plain), "www.a.test", 307),
        (None, "www.a.test", 307),
    ] {
        let service = site.layer(inner.clone());
        let request = request("POST", "/", &[("host", host)]);
        let response = match transport {
            Some(transport) => tower::ServiceExt::oneshot(transport.layer(service), request).await,
            None => tower::ServiceExt::oneshot(service, request).await,
        };
        let response = response.expect("infallible");
        assert_eq!(response.status(), status, "{transport:?}");
    }
    // The transport of the listener replaces the one that came with the request.
    let mut forged = request("GET", "/", &[("host", "www.a.test")]);
    forged.extensions_mut().insert(Transport::Secure);
    let plain = Transport::Plain.layer(site.layer(inner));
    let response = tower::ServiceExt::oneshot(plain, forged).await.expect("infallible");
    assert_eq!(response.status(), 307);
}

#[tokio::test]
async fn a_site_serves_one_name_and_redirects_its_twin() {
    for name in ["www.a.test", "a.test"] {
        let site = RedirectLayer::site(name, Duration::from_secs(300)).expect("valid");
        let secure = site.clone().transport(Transport::Secure);
        let twin = if name == "a.test" { "www.a.test" } else { "a.test" };
        let there = format!("https://{name}/x?y");
        // https on the same host first, as the preload list asks.
        let at_twin = format!("https://{twin}/x?y");
        let asked = ask(&site, request("POST", "/x?y", &[("host", twin)])).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (307, Some(&*at_twin)));
        let asked = ask(&secure, request("POST", "/x?y", &[("host", twin)])).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (307, Some(&*there)));
        assert_eq!(asked.header("strict-transport-security"), Some("max-age=300"));
        let asked = ask(&secure, request("POST", "/x?y", &[("host", name)])).await;
        assert_eq!((asked.status.as_u16(), asked.calls), (200, 1));
        for other in ["b.test", "x.a.test", "127.0.0.1"] {
            let asked = ask(&secure, request("GET", "/", &[("host", other)])).await;
            assert_eq!((asked.status.as_u16(), asked.calls), (421, 0), "{other}");
        }
    }
    for refused in ["127.0.0.1", "[::1]", "a.test:443", "https://a.test", "*.a.test", ""] {
        assert!(RedirectLayer::site(refused, Duration::ZERO).is_err(), "{refused}");
    }
}

#[tokio::test]
async fn a_policy_is_added_behind_those_of_a_site() {
    let moved = policy_fn(|head| (head.path() == "/old").then(|| Redirection::new().path("/new")));
    let site = RedirectLayer::site("www.a.test", Duration::from_secs(300)).expect("valid");
    let site = site.and(moved).transport(Transport::Secure);
    let asked = ask(&site, request("GET", "/old", &[("host", "www.a.test")])).await;
    assert_eq!(asked.location(), Some("/new"));
    let asked = ask(&site, request("GET", "/old", &[("host", "a.test")])).await;
    assert_eq!(asked.location(), Some("https://www.a.test/new"), "one hop");
    assert_eq!(ask(&site, request("GET", "/x", &[("host", "www.a.test")])).await.calls, 1);
}
