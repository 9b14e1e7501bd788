//! The list of `RedirectLayer::hosts` is enforced on every request; ports that a client chose.

use std::sync::{Arc, Mutex};

use crate::support::{ask, request};
use http::{Request, Version};
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::{
    CanonicalHost, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy,
    Redirection, Scheme, Transport, Trust, Versioning, policy_fn, trust::Peer,
};

const LIST: [&str; 5] = ["a.test", "*.b.test", "c.test:8443", "10.0.0.0/8", "[2001:db8::1]"];

/// Layers whose policies do not read the host, pass the request or exempt it.
fn layers() -> Vec<(&'static str, RedirectLayer<Box<dyn RedirectPolicy>>)> {
    let https = || HttpsOnly::new().exempt("/health").expect("valid");
    let maintenance = Maintenance::new(MaintenanceSwitch::new());
    let versions = Versioning::new("/api", "v2").and_then(|v| v.retire("v1")).expect("valid");
    let policies: [(&str, Box<dyn RedirectPolicy>); 4] = [
        ("none", Box::new(policy_fn(|_| None))),
        ("https", Box::new(https())),
        ("maintenance, off", Box::new(maintenance)),
        ("versions", Box::new(versions)),
    ];
    let listed = |policy| RedirectLayer::new(policy).hosts(LIST).expect("valid");
    policies.into_iter().map(|(name, policy)| (name, listed(policy))).collect()
}

#[tokio::test]
async fn a_list_is_enforced_on_every_request() {
    for (name, layer) in layers() {
        for (host, status) in [
            ("a.test", None),
            ("A.Test.:99", None),
            ("x.b.test", None),
            ("10.1.2.3", None),
            ("10.1.2.3:8080", None),
            ("[2001:db8:0::1]", None),
            ("c.test:8443", None),
            ("c.test", Some(421)),
            ("b.test", Some(421)),
            ("11.1.2.3", Some(421)),
            ("[2001:db8::2]", Some(421)),
            ("evil.test", Some(421)),
            ("a.test@evil.test", Some(400)),
            (".b.test", Some(400)),
            (".B.test", Some(400)),
            ("", Some(400)),
        ] {
            // Exempt paths are no exception, and neither is a target without a path.
            for (method, uri) in [
                ("GET", "/"),
                ("GET", "/health"),
                ("GET", "/.well-known/acme-challenge/x"),
                ("POST", "/api/v1/orders"),
                ("OPTIONS", "*"),
            ] {
                let asked = ask(&layer, request(method, uri, &[("host", host)])).await;
                let row = format!("{name} {method} {uri} {host:?}: {}", asked.status);
                match status {
                    Some(status) => {
                        assert_eq!((asked.status.as_u16(), asked.calls), (status, 0), "{row}");
                        assert_eq!(asked.header("cache-control"), Some("no-store"), "{row}");
                    }
                    None => assert!(!matches!(asked.status.as_u16(), 400 | 421), "{row}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn addresses_are_compared_with_the_host_and_never_with_the_peer() {
    let layer = RedirectLayer::new(policy_fn(|_| None)).hosts(["10.0.0.0/8"]).expect("valid");
    for (host, peer, status) in
        [("10.1.2.3", [192, 0, 2, 7], 200), ("evil.test", [10, 1, 2, 3], 421)]
    {
        let mut request = request("GET", "/", &[("host", host)]);
        request.extensions_mut().insert(Peer::Ip(peer.into()));
        assert_eq!(ask(&layer, request).await.status.as_u16(), status, "{host}");
    }
}

fn without_host(version: Version) -> Request<String> {
    let mut request = Request::new(String::new());
    *request.version_mut() = version;
    request
}

#[tokio::test]
async fn a_default_host_is_only_for_http_1_0() {
    let pass = || RedirectLayer::new(policy_fn(|_| None));
    let listed = || pass().hosts(["a.test"]).expect("valid");
    let (h10, h11, h2) = (Version::HTTP_10, Version::HTTP_11, Version::HTTP_2);
    for (layer, version, status) in [
        (pass(), h10, 200),
        (pass(), h11, 200),
        (listed(), h10, 400),
        (listed(), h11, 400),
        (listed(), h2, 400),
        (listed().default_host("b.test").expect("valid"), h10, 200),
        (listed().default_host("b.test").expect("valid"), h11, 400),
    ] {
        let asked = ask(&layer, without_host(version)).await;
        assert_eq!(asked.status.as_u16(), status, "{layer:?} {version:?}");
    }
}

#[tokio::test]
async fn a_forwarded_host_is_the_one_that_is_enforced() {
    let trust = Trust::proxies(["10.0.0.1"]).expect("valid").x_forwarded().forwarded_host();
    let layer = RedirectLayer::new(policy_fn(|_| None)).hosts(["a.test"]).expect("valid");
    let layer = layer.trust(trust);
    for (host, forwarded, proto, status) in [
        ("internal", "a.test", "https", 200),
        ("a.test", "evil.test", "https", 421),
        ("a.test", "a.test", "gopher", 400),
    ] {
        let fields =
            [("host", host), ("x-forwarded-host", forwarded), ("x-forwarded-proto", proto)];
        let mut request = request("GET", "/", &fields);
        request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
        assert_eq!(ask(&layer, request).await.status.as_u16(), status, "{fields:?}");
    }
}

/// The diagnosis names the proxy, but does not read the field that would refuse the request with 400.
#[tokio::test]
async fn a_refused_host_gets_the_same_status_if_it_is_diagnosed() {
    let trust = Trust::proxies(["10.0.0.1"]).expect("valid").x_forwarded();
    let layer = RedirectLayer::new(policy_fn(|_| None)).trust(trust);
    let layer = layer.hosts(["a.test"]).expect("valid");
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = told.clone();
    let hooked =
        layer.clone().on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.name()));
    for layer in [layer, hooked] {
        let fields = [("host", "evil.test"), ("x-forwarded-proto", "gopher")];
        let mut request = request("GET", "/", &fields);
        request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
        assert_eq!(ask(&layer, request).await.status, 421);
    }
    assert_eq!(*told.lock().expect("not poisoned"), ["host_not_listed"]);
}

/// nginx's `proxy_set_header Host $host:$server_port` behind another nginx that terminates TLS.
#[tokio::test]
async fn the_default_port_of_the_other_scheme_is_dropped() {
    let trust = Trust::proxies(["10.0.0.1"]).expect("valid").x_forwarded();
    let canonical = CanonicalHost::new("www.a.test").expect("valid");
    let layer = RedirectLayer::new(canonical).trust(trust);
    for (proto, host, location) in [
        ("https", "a.test:80", "https://www.a.test/"),
        ("https", "a.test:443", "https://www.a.test/"),
        ("https", "a.test:81", "https://www.a.test:81/"),
        ("http", "a.test:443", "http://www.a.test/"),
        ("http", "a.test:80", "http://www.a.test/"),
    ] {
        let mut request = request("GET", "/", &[("host", host), ("x-forwarded-proto", proto)]);
        request.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
        assert_eq!(ask(&layer, request).await.location(), Some(location), "{proto} {host}");
    }
}

/// The client did not choose the host if the rule names it.
#[tokio::test]
async fn a_rule_that_names_its_host_may_be_permanent() {
    let rules = |from: &str| {
        let rule = Rule::new(from).and_then(|rule| rule.to("/y")).expect("valid");
        Rules::new([rule.to_scheme(Scheme::Https).permanent()]).expect("valid")
    };
    for (from, status) in [
        ("http://a.test/x", 308),
        // The pattern matches any host that a client makes up.
        ("http://*.test/x", 307),
        ("/x", 307),
    ] {
        let layer = RedirectLayer::new(rules(from));
        let asked = ask(&layer, request("GET", "/x", &[("host", "a.test")])).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (status, Some("https://a.test/y")));
    }
    // Two rules of one table that differ only in the host.
    let both = ["http://a.test/x", "/x"].map(|from| {
        let rule = Rule::new(from).and_then(|rule| rule.to("/y")).expect("valid");
        rule.to_scheme(Scheme::Https).permanent()
    });
    let layer = RedirectLayer::new(Rules::new(both).expect("valid"));
    for (host, status) in [("a.test", 308), ("b.test", 307)] {
        let asked = ask(&layer, request("GET", "/x", &[("host", host)])).await;
        assert_eq!(asked.status.as_u16(), status, "{host}");
    }
}

#[tokio::test]
async fn a_redirection_to_a_port_that_the_client_chose_is_temporary() {
    let www = || CanonicalHost::new("www.a.test").expect("valid").permanent();
    let https = || HttpsOnly::new().permanent();
    let to_path = policy_fn(|head: &tower_redirect::RequestHead<'_>| {
        (head.path() == "/old").then(|| Redirection::new().path("/new").permanent())
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = told.clone();
    let layer = |policy: Box<dyn RedirectPolicy>, hosts: &[&str]| {
        let noted = noted.clone();
        RedirectLayer::new(policy)
            .hosts(hosts)
            .expect("valid")
            .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()))
    };
    let (any, listed) =
        (["a.test", "www.a.test"].as_slice(), ["a.test:81", "www.a.test:81"].as_slice());
    let secure = || -> Box<dyn RedirectPolicy> { Box::new((https().port(8443), www())) };
    type Row<'a> =
        (Box<dyn RedirectPolicy>, &'a [&'a str], &'a str, &'a str, bool, u16, Option<&'a str>);
    let rows: [Row<'_>; 11] = [
        // If only the host changes, the port of the request stays, which the client chose.
        (Box::new(www()), any, "a.test", "/", false, 308, Some("http://www.a.test/")),
        (Box::new(www()), any, "a.test:80", "/", false, 308, Some("http://www.a.test/")),
        (Box::new(www()), any, "a.test:81", "/", false, 307, Some("http://www.a.test:81/")),
        (Box::new(www()), listed, "a.test:81", "/", false, 308, Some("http://www.a.test:81/")),
        (Box::new(www()), listed, "a.test:82", "/", false, 421, None),
        // The client did not choose a port that is set or mapped, or the default port of https.
        (Box::new(https()), any, "a.test:81", "/", false, 308, Some("https://a.test/")),
        (secure(), any, "a.test:81", "/", false, 308, Some("https://www.a.test:8443/")),
        (
            Box::new(https().port_map([(81, 444)])),
            any,
            "a.test:81",
            "/",
            false,
            308,
            Some("https://a.test:444/"),
        ),
        (secure(), any, "a.test:81", "/", true, 307, Some("https://www.a.test:81/")),
        // The same applies if several redirections became one.
        (
            Box::new((to_path, www())),
            any,
            "a.test:81",
            "/old",
            false,
            307,
            Some("http://www.a.test:81/new"),
        ),
        // A relative `Location` has no port.
        (
            Box::new(policy_fn(|_| Some(Redirection::new().path("/new").permanent()))),
            any,
            "a.test:81",
            "/",
            false,
            308,
            Some("/new"),
        ),
    ];
    for (policy, hosts, host, uri, is_secure, status, location) in rows {
        let layer = layer(policy, hosts);
        let mut request = request("GET", uri, &[("host", host)]);
        if is_secure {
            request.extensions_mut().insert(Transport::Secure);
        }
        let asked = ask(&layer, request).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (status, location), "{host} {uri}");
        let told: Vec<String> = told.lock().expect("not poisoned").drain(..).collect();
        match status {
            307 => assert!(told[0].contains("host or port that the client chose"), "{told:?}"),
            308 => assert!(told.is_empty(), "{told:?}"),
            _ => assert!(told[0].contains("not one of the hosts"), "{told:?}"),
        }
    }
    // 301 becomes 302.
    let found = Redirection::new().scheme(Scheme::Http).host("b.test").expect("valid");
    let found = policy_fn(move |_| Some(found.clone().moved_permanently()));
    let asked =
        ask(&RedirectLayer::new(found), request("GET", "/", &[("host", "a.test:81")])).await;
    assert_eq!(asked.status, 302);
}

/// No client sends such a host, so that every request would be refused.
#[test]
fn an_entry_that_is_not_a_host_is_refused() {
    for (entry, expected) in [
        ("a.test,b.test", "one host, without a comma"),
        ("a.test; b.test", "one host, without a comma"),
        ("$host", "a character that no host has"),
        ("*.$domain", "a character that no host has"),
        ("a.test&b", "a character that no host has"),
    ] {
        let layer = RedirectLayer::new(policy_fn(|_| None));
        let error = layer.hosts([entry]).map(drop).expect_err(entry).to_string();
        assert!(error.contains(expected), "{entry}: {error}");
        let error = CanonicalHost::new("a.test").and_then(|policy| policy.aliases([entry]));
        assert!(error.is_err(), "{entry}");
    }
    assert!(RedirectLayer::new(policy_fn(|_| None)).hosts(["a_b-c.xn--4ca.test:8443"]).is_ok());
}
