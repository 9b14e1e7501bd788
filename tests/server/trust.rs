//! The scheme, the host and the client of a request, depending on its peer and its fields.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue, Request, Version};
use tower_redirect::trust::Peer;
use tower_redirect::{
    Decision, HttpsOnly, RedirectLayer, Redirection, RequestHead, Scheme, Transport, Trust,
    policy_fn,
};

use crate::support::ask;

type Fields<'a> = &'a [(&'static str, &'a [u8])];

fn request(peer: Option<&str>, fields: Fields<'_>) -> Request<String> {
    let mut request = Request::get("/p").body(String::new()).expect("valid");
    request.headers_mut().insert("host", HeaderValue::from_static("a.test:8080"));
    for (name, value) in fields {
        let value = HeaderValue::from_bytes(value).expect("a value");
        request.headers_mut().append(HeaderName::from_static(name), value);
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(match peer {
            "unix" => Peer::Unix,
            address => Peer::Ip(address.parse().expect("an address")),
        });
    }
    request
}

/// The scheme, the host and the client as one line, or "400" if a layer refuses the request.
async fn seen(trust: &Trust, request: Request<String>) -> String {
    let head = RequestHead::with_trust(&request, trust);
    let (scheme, host, client) = (head.scheme(), head.authority(), head.client_ip());
    let host = host.map_or("-".to_owned(), |host| host.to_string());
    let client = client.map_or("-".to_owned(), |client: IpAddr| client.to_string());
    let line = format!("{scheme} {host} {client}");
    let reads_everything = policy_fn(|head| {
        let _ = (head.scheme(), head.authority(), head.client_ip());
        Decision::Pass
    });
    let asked = ask(&RedirectLayer::new(reads_everything).trust(trust.clone()), request).await;
    match asked.status.as_u16() {
        200 => line,
        status => {
            assert_eq!(asked.header("cache-control"), Some("no-store"));
            assert_eq!(asked.calls, 0);
            status.to_string()
        }
    }
}

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";
const PORT: &str = "x-forwarded-port";

fn proxies() -> tower_redirect::trust::TrustedProxies {
    Trust::proxies(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]).expect("valid")
}

#[tokio::test]
async fn x_forwarded_fields_are_read_from_the_right() {
    let proxy = Some("10.0.0.1");
    for (peer, fields, expected) in [
        // A peer is trusted only if its address is listed.
        (None, &[(PROTO, b"https".as_slice())][..], "http a.test:8080 -"),
        (Some("198.51.100.1"), &[(PROTO, b"https")], "http a.test:8080 198.51.100.1"),
        (Some("198.51.100.1"), &[(FOR, b"10.0.0.9")], "http a.test:8080 198.51.100.1"),
        (Some("unix"), &[(PROTO, b"https")], "http a.test:8080 -"),
        // One value.
        (proxy, &[(FOR, b"198.51.100.7"), (PROTO, b"https")], "https a.test:8080 198.51.100.7"),
        (proxy, &[(FOR, b"198.51.100.7"), (PROTO, b"HTTP")], "http a.test:8080 198.51.100.7"),
        (proxy, &[(PROTO, b"https")], "https a.test:8080 -"),
        (proxy, &[(PROTO, b"wss")], "https a.test:8080 -"),
        (Some("::ffff:10.0.0.1"), &[(PROTO, b"https")], "https a.test:8080 -"),
        (Some("2001:db8::7"), &[(PROTO, b"https")], "https a.test:8080 -"),
        (Some("192.0.2.1"), &[(PROTO, b"https")], "https a.test:8080 -"),
        (Some("192.0.2.10"), &[(PROTO, b"https")], "http a.test:8080 192.0.2.10"),
        // nginx writes `unix:` for a proxy on a Unix socket, which is not trusted here.
        (proxy, &[(FOR, b"198.51.100.7, unix:")], "http a.test:8080 -"),
        // No scheme.
        (proxy, &[], "http a.test:8080 -"),
        (proxy, &[(FOR, b"198.51.100.7")], "http a.test:8080 198.51.100.7"),
        // Lists, walked from the right.
        (
            proxy,
            &[(FOR, b"1.1.1.1, 198.51.100.7, 10.0.0.2"), (PROTO, b"http, https, http")],
            "https a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[
                (FOR, b"1.1.1.1"),
                (FOR, b"198.51.100.7,10.0.0.2"),
                (PROTO, b"x"),
                (PROTO, b"https,http"),
            ],
            "https a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[(FOR, b"10.0.0.3, 10.0.0.2"), (PROTO, b"https, http")],
            "https a.test:8080 10.0.0.3",
        ),
        (
            proxy,
            &[(FOR, b"1.1.1.1, 198.51.100.7"), (PROTO, b"https")],
            "https a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[(FOR, b"garbage\"<>, 198.51.100.7"), (PROTO, b"https")],
            "https a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[(FOR, b"\xff, 198.51.100.7"), (PROTO, b"https")],
            "https a.test:8080 198.51.100.7",
        ),
        // Lists of unequal length are counted from the right, so that values which a client puts
        // on the left have no effect. Only a list that is too short is an error.
        (
            proxy,
            &[(FOR, b"1.1.1.1, 198.51.100.7, 10.0.0.2"), (PROTO, b"https, http")],
            "https a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[(FOR, b"192.168.1.5, 192.0.2.7, 10.0.0.2"), (PROTO, b"https, https")],
            "https a.test:8080 192.0.2.7",
        ),
        (
            proxy,
            &[(FOR, b"198.51.100.7"), (PROTO, b"https, http")],
            "http a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[(FOR, b"198.51.100.7"), (PROTO, b"http, nonsense, https")],
            "https a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[(FOR, b"9.9.9.9, 1.1.1.1, 10.0.0.3, 10.0.0.2"), (PROTO, b"http, https, http, http")],
            "https a.test:8080 1.1.1.1",
        ),
        (proxy, &[(PROTO, b"https, http")], "http a.test:8080 -"),
        (proxy, &[(FOR, b"1.1.1.1, 10.0.0.3, 10.0.0.2"), (PROTO, b"https, http")], "400"),
        // An empty value is ignored.
        (proxy, &[(PROTO, b"")], "http a.test:8080 -"),
        (proxy, &[(PROTO, b" , ")], "http a.test:8080 -"),
        // Some proxies name the scheme of a websocket.
        (proxy, &[(PROTO, b"ws")], "http a.test:8080 -"),
        (proxy, &[(PROTO, b"WSS")], "https a.test:8080 -"),
        // Nodes that are not addresses, and ports of addresses.
        (
            proxy,
            &[(FOR, b"1.1.1.1, _hidden, 10.0.0.2"), (PROTO, b"http, https, http")],
            "https a.test:8080 -",
        ),
        (proxy, &[(FOR, b"1.1.1.1, unknown"), (PROTO, b"https")], "https a.test:8080 -"),
        (proxy, &[(FOR, b"1.1.1.1, _hidden"), (PROTO, b"http, https")], "https a.test:8080 -"),
        (
            proxy,
            &[(FOR, b"198.51.100.7:4711"), (PROTO, b"https")],
            "https a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[(FOR, b"[2001:dead::1]:4711"), (PROTO, b"https")],
            "https a.test:8080 2001:dead::1",
        ),
        (proxy, &[(FOR, b"2001:dead::1"), (PROTO, b"https")], "https a.test:8080 2001:dead::1"),
        (proxy, &[(FOR, b"198.51.100.7, ::ffff:10.0.0.2")], "http a.test:8080 198.51.100.7"),
        // A malformed value is refused if it is read.
        (proxy, &[(FOR, b"198.51.100.7, nonsense"), (PROTO, b"https")], "400"),
        (proxy, &[(FOR, b"198.51.100.7"), (PROTO, b"gopher")], "400"),
        (proxy, &[(PROTO, b"https;")], "400"),
        // Ignored: other spellings, another family, and a host and a port that are not enabled.
        (proxy, &[("x_forwarded_proto", b"https")], "http a.test:8080 -"),
        (proxy, &[("forwarded", b"proto=https")], "http a.test:8080 -"),
        (
            proxy,
            &[(PROTO, b"https"), (HOST, b"evil.example"), (PORT, b"81")],
            "https a.test:8080 -",
        ),
    ] {
        let line = seen(&proxies().x_forwarded(), request(peer, fields)).await;
        let fields: Vec<_> = fields.iter().map(|(n, v)| (n, String::from_utf8_lossy(v))).collect();
        assert_eq!(line, expected, "{peer:?} {fields:?}");
    }
}

#[tokio::test]
async fn a_forwarded_host_and_port_replace_those_of_the_request() {
    let trust = proxies().x_forwarded().forwarded_host().forwarded_port();
    for (fields, expected) in [
        (&[(HOST, b"www.test".as_slice())][..], "http www.test -"),
        (&[(HOST, b"www.test:81")], "http www.test:81 -"),
        (&[(HOST, b"www.test:81"), (PORT, b"82")], "http www.test:82 -"),
        (&[(PORT, b"443"), (PROTO, b"https")], "https a.test:443 -"),
        // The default port of the other scheme is dropped.
        (&[(PORT, b"80"), (PROTO, b"https")], "https a.test -"),
        (&[(HOST, b"www.test:443"), (PROTO, b"http")], "http www.test -"),
        // A malformed scheme refuses the request, although its host is valid.
        (&[(HOST, b"www.test"), (PROTO, b"gopher")], "400"),
        (&[(FOR, b"1.1.1.1, 10.0.0.2"), (HOST, b"one.test, two.test")], "http one.test 1.1.1.1"),
        (&[(FOR, b"1.1.1.1"), (HOST, b"one.test, two.test")], "http two.test 1.1.1.1"),
        (&[(FOR, b"1.1.1.1, 10.0.0.3, 10.0.0.2"), (HOST, b"one.test, two.test")], "400"),
        (&[(HOST, b"evil.example/x")], "400"),
        (&[(HOST, b"a@b")], "400"),
        (&[(PORT, b"99999")], "400"),
        (&[(PORT, b"+1")], "400"),
    ] {
        let line = seen(&trust, request(Some("10.0.0.1"), fields)).await;
        assert_eq!(line, expected, "{fields:?}");
    }
    let line = seen(&trust, request(Some("1.1.1.1"), &[(HOST, b"evil.example")])).await;
    assert_eq!(line, "http a.test:8080 1.1.1.1");
}

#[tokio::test]
async fn forwarded_elements_are_read_from_the_right() {
    let proxy = Some("10.0.0.1");
    for (peer, lines, expected) in [
        (Some("1.1.1.1"), &[b"for=9.9.9.9;proto=https".as_slice()][..], "http a.test:8080 1.1.1.1"),
        (proxy, &[b"for=198.51.100.7;proto=https"], "https a.test:8080 198.51.100.7"),
        (proxy, &[b"For=198.51.100.7;PROTO=HTTPS;by=10.0.0.1"], "https a.test:8080 198.51.100.7"),
        (proxy, &[b"for=\"198.51.100.7:4711\";proto=\"https\""], "https a.test:8080 198.51.100.7"),
        (proxy, &[b"for=\"[2001:dead::1]:4711\";proto=https"], "https a.test:8080 2001:dead::1"),
        (proxy, &[b"for=unknown;proto=https"], "https a.test:8080 -"),
        (proxy, &[b"for=_hidden;proto=https"], "https a.test:8080 -"),
        (proxy, &[b"proto=https"], "https a.test:8080 -"),
        (proxy, &[b"for=198.51.100.7"], "http a.test:8080 198.51.100.7"),
        (proxy, &[], "http a.test:8080 -"),
        (proxy, &[b""], "http a.test:8080 -"),
        // Elements are walked from the right, across lines.
        (
            proxy,
            &[b"for=1.1.1.1;proto=http, for=198.51.100.7;proto=https, for=10.0.0.2;proto=http"],
            "https a.test:8080 198.51.100.7",
        ),
        (
            proxy,
            &[
                b"for=1.1.1.1;proto=http",
                b"for=198.51.100.7;proto=https",
                b"for=10.0.0.2;proto=http",
            ],
            "https a.test:8080 198.51.100.7",
        ),
        (proxy, &[b"nonsense, for=198.51.100.7;proto=https"], "https a.test:8080 198.51.100.7"),
        (
            proxy,
            &[b"for=\"unterminated", b"for=198.51.100.7;proto=https"],
            "https a.test:8080 198.51.100.7",
        ),
        // Text in quotes is not read as parameters.
        (proxy, &[b"for=\"127.0.0.1;host=evil.com;proto=https\""], "400"),
        (proxy, &[b"by=\"x;proto=https\";for=198.51.100.7"], "http a.test:8080 198.51.100.7"),
        (proxy, &[b"for=198.51.100.7;by=\"a,proto=https\""], "http a.test:8080 198.51.100.7"),
        // A malformed value is refused if it is read.
        (proxy, &[b"for=\"unterminated, for=198.51.100.7;proto=https"], "400"),
        (proxy, &[b"for=198.51.100.7;proto=https;proto=http"], "400"),
        (proxy, &[b"for=198.51.100.7;for=1.1.1.1"], "400"),
        (proxy, &[b"for=198.51.100.7;proto=gopher"], "400"),
        (proxy, &[b"for=198.51.100.7;proto="], "400"),
        (proxy, &[b"for=198.51.100.7;proto"], "400"),
        (proxy, &[b"for = 198.51.100.7"], "400"),
        (proxy, &[b"for=\"198.51.100.7"], "400"),
        (proxy, &[b"for=\"198.51.100.7\\\"\""], "400"),
        (proxy, &[b"for"], "400"),
        (proxy, &[b"for=\xff"], "400"),
        // Forms that real routers send, in parameters that are read and in others.
        (proxy, &[b"for=[2001:dead::1];proto=https"], "https a.test:8080 2001:dead::1"),
        (proxy, &[b"for=192.0.2.7:4711;proto=https"], "https a.test:8080 192.0.2.7"),
        (
            proxy,
            &[b"for=198.51.100.7;host=shop.test:8443;proto=https;proto-version="],
            "https a.test:8080 198.51.100.7",
        ),
        (proxy, &[b"for=198.51.100.7;by=10.0.0.1:8080;by=x;=y;z"], "http a.test:8080 198.51.100.7"),
        (
            proxy,
            &[b"a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1;j=1;k=1;l=1;m=1;n=1;o=1;p=1;proto=https"],
            "https a.test:8080 -",
        ),
        (proxy, &[b"x=\xff, for=198.51.100.7"], "http a.test:8080 198.51.100.7"),
        // The host is not enabled.
        (proxy, &[b"for=198.51.100.7;host=evil.example"], "http a.test:8080 198.51.100.7"),
    ] {
        let fields: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
        let line = seen(&proxies().forwarded(), request(peer, &fields)).await;
        let lines: Vec<_> = lines.iter().map(|line| String::from_utf8_lossy(line)).collect();
        assert_eq!(line, expected, "{peer:?} {lines:?}");
    }
    let trust = proxies().forwarded().forwarded_host();
    for (line, expected) in [
        (b"for=1.1.1.1;host=\"www.test:81\";proto=https".as_slice(), "https www.test:81 1.1.1.1"),
        (b"for=1.1.1.1;host=www.test:81", "http www.test:81 1.1.1.1"),
        (b"for=1.1.1.1;host=\"a@b\"", "400"),
        (b"for=1.1.1.1;host=a.test;host=b.test", "400"),
        (b"for=1.1.1.1;host=", "400"),
    ] {
        let seen = seen(&trust, request(proxy, &[("forwarded", line)])).await;
        assert_eq!(seen, expected, "{:?}", String::from_utf8_lossy(line));
    }
}

#[tokio::test]
async fn hops_are_limited() {
    let list = b"1.1.1.1, 10.0.0.4, 10.0.0.3, 10.0.0.2".as_slice();
    for (limit, client) in [
        (0, "10.0.0.1"),
        (1, "10.0.0.2"),
        (2, "10.0.0.3"),
        (3, "10.0.0.4"),
        (4, "1.1.1.1"),
        (9, "1.1.1.1"),
    ] {
        let trust = proxies().hop_limit(limit).x_forwarded();
        let line = seen(&trust, request(Some("10.0.0.1"), &[(FOR, list)])).await;
        assert_eq!(line, format!("http a.test:8080 {client}"));
        let elements = b"for=1.1.1.1, for=10.0.0.4, for=10.0.0.3, for=10.0.0.2";
        let trust = proxies().hop_limit(limit).forwarded();
        let line = seen(&trust, request(Some("10.0.0.1"), &[("forwarded", elements)])).await;
        assert_eq!(line, format!("http a.test:8080 {client}"));
    }
}

#[tokio::test]
async fn the_transport_is_fixed_or_comes_from_proxy_or_acceptor() {
    let with = |trust: Trust, peer: &str, proto: &'static [u8], extension| {
        let mut request = request(Some(peer), &[(PROTO, proto)]);
        request.extensions_mut().insert::<Transport>(extension);
        RequestHead::with_trust(&request, &trust).scheme()
    };
    use Scheme::{Http, Https};
    let trust = || proxies().x_forwarded();
    let (proxy, other) = ("10.0.0.1", "1.1.1.1");
    // In both directions: TLS from a proxy does not make a plaintext visitor secure.
    assert_eq!(with(trust(), proxy, b"http", Transport::Secure), Http);
    assert_eq!(with(trust(), proxy, b"https", Transport::Plain), Https);
    assert_eq!(with(trust(), other, b"http", Transport::Secure), Https);
    assert_eq!(with(trust(), other, b"https", Transport::Plain), Http);
    let fixed = |transport| trust().transport(transport);
    assert_eq!(with(fixed(Transport::Secure), proxy, b"http", Transport::Plain), Https);
    assert_eq!(with(fixed(Transport::Plain), proxy, b"https", Transport::Secure), Http);
}

#[test]
fn unix_sockets_and_peers_from_a_function_may_be_trusted() {
    let from_unix = request(Some("unix"), &[(PROTO, b"https")]);
    for trusted in [proxies().unix_sockets(), Trust::unix_sockets()] {
        let trust = trusted.x_forwarded();
        assert_eq!(RequestHead::with_trust(&from_unix, &trust).scheme(), Scheme::Https);
    }
    let trust = proxies().x_forwarded().peer_from(|_| Some(Peer::Ip([10, 0, 0, 1].into())));
    let from_nowhere = request(None, &[(PROTO, b"https")]);
    assert_eq!(RequestHead::with_trust(&from_nowhere, &trust).scheme(), Scheme::Https);
}

#[test]
fn ranges_are_checked_when_they_are_given() {
    for range in ["", "10.0.0.0/33", "10.0.0", "a.test", "10.0.0.1:80", "::1/129", "*"] {
        let error = Trust::proxies([range]).expect_err(range);
        assert!(error.to_string().contains(&format!("{range:?}")), "{error}");
    }
    assert!(Trust::proxies(["10.0.0.0/8", "::1", "::ffff:10.0.0.1"]).is_ok());
}

/// A proxy that encrypts again asks for https over HTTP/2, whichever scheme its visitor used.
#[tokio::test]
async fn a_proxy_over_tls_may_forward_http() {
    let layer = || RedirectLayer::new(HttpsOnly::new());
    let asked = async |layer: RedirectLayer<HttpsOnly>, proto: &'static [u8], transport| {
        let mut request = request(Some("10.0.0.1"), &[(PROTO, proto)]);
        request.headers_mut().remove("host");
        *request.uri_mut() = http::Uri::from_static("https://a.test/p");
        *request.version_mut() = Version::HTTP_2;
        request.extensions_mut().insert::<Transport>(transport);
        let asked = ask(&layer, request).await;
        (asked.status.as_u16(), asked.location().map(str::to_owned))
    };
    let proxied = || layer().trust(proxies().x_forwarded());
    let https = Some("https://a.test/p".to_owned());
    assert_eq!(asked(proxied(), b"http", Transport::Secure).await, (307, https));
    assert_eq!(asked(proxied(), b"https", Transport::Secure).await, (200, None));
    assert_eq!(asked(proxied(), b"http", Transport::Plain).await, (421, None));
    let plain = proxied().transport(Transport::Plain);
    assert_eq!(asked(plain, b"https", Transport::Secure).await, (421, None));
    assert_eq!(asked(layer(), b"http", Transport::Plain).await, (421, None));
}

#[tokio::test]
async fn an_http_1_0_request_takes_its_host_from_the_proxy() {
    let layer =
        RedirectLayer::new(HttpsOnly::new()).trust(proxies().x_forwarded().forwarded_host());
    let mut old = request(Some("10.0.0.1"), &[(PROTO, b"http"), (HOST, b"www.test")]);
    old.headers_mut().remove("host");
    *old.version_mut() = Version::HTTP_10;
    assert_eq!(ask(&layer, old).await.location(), Some("https://www.test/p"));
}

#[tokio::test]
async fn a_port_is_believed_without_the_host() {
    let trust = proxies().x_forwarded().forwarded_port();
    let fields: Fields<'_> = &[(HOST, b"evil.example"), (PORT, b"82")];
    assert_eq!(seen(&trust, request(Some("10.0.0.1"), fields)).await, "http a.test:82 -");
    let trust = proxies().forwarded().forwarded_port();
    let fields: Fields<'_> = &[("forwarded", b"for=1.1.1.1;host=evil.example")];
    assert_eq!(seen(&trust, request(Some("10.0.0.1"), fields)).await, "http a.test:8080 1.1.1.1");
}

#[tokio::test]
async fn with_a_hop_limit_of_0_nobody_is_trusted() {
    let fields: Fields<'_> = &[(PROTO, b"https"), ("forwarded", b"for=1.1.1.1;proto=https")];
    for trust in [proxies().hop_limit(0).x_forwarded(), proxies().hop_limit(0).forwarded()] {
        let line = seen(&trust, request(Some("10.0.0.1"), fields)).await;
        assert_eq!(line, "http a.test:8080 10.0.0.1");
    }
}

#[tokio::test]
async fn the_scheme_comes_from_a_named_field() {
    let (proxy, stranger) = (Some("10.0.0.1"), Some("1.1.1.1"));
    const CLOUD: &str = "cloudfront-forwarded-proto";
    let named = || proxies().x_forwarded().scheme_field("CloudFront-Forwarded-Proto");
    let of_forwarded = proxies().forwarded().scheme_field("CloudFront-Forwarded-Proto");
    for (peer, fields, expected) in [
        (proxy, &[(CLOUD, b"https".as_slice()), (PROTO, b"http")][..], "https a.test:8080 -"),
        (proxy, &[(CLOUD, b"http"), (PROTO, b"https")], "http a.test:8080 -"),
        (proxy, &[(PROTO, b"https")], "http a.test:8080 -"),
        (proxy, &[(CLOUD, b"on")], "400"),
        (stranger, &[(CLOUD, b"https")], "http a.test:8080 1.1.1.1"),
        (
            proxy,
            &[(FOR, b"1.1.1.1, 10.0.0.2"), (CLOUD, b"https, http")],
            "https a.test:8080 1.1.1.1",
        ),
    ] {
        let trust = named().expect("a name");
        assert_eq!(seen(&trust, request(peer, fields)).await, expected, "{fields:?}");
    }
    let fields: Fields<'_> =
        &[("forwarded", b"for=1.1.1.1;proto=http, for=10.0.0.2"), (CLOUD, b"https, http")];
    let line = seen(&of_forwarded.expect("a name"), request(proxy, fields)).await;
    assert_eq!(line, "https a.test:8080 1.1.1.1");

    const SSL: &str = "x-forwarded-ssl";
    let switch = proxies().x_forwarded().scheme_on("X-Forwarded-Ssl").expect("a name");
    for (peer, fields, expected) in [
        (proxy, &[(SSL, b"on".as_slice()), (PROTO, b"http")][..], "https a.test:8080 -"),
        (proxy, &[(SSL, b"ON")], "https a.test:8080 -"),
        (proxy, &[(SSL, b"off")], "http a.test:8080 -"),
        (proxy, &[(PROTO, b"https")], "http a.test:8080 -"),
        (proxy, &[(SSL, b"https")], "400"),
        (stranger, &[(SSL, b"on")], "http a.test:8080 1.1.1.1"),
    ] {
        assert_eq!(seen(&switch, request(peer, fields)).await, expected, "{fields:?}");
    }
    for name in ["", "a b", "x:"] {
        assert!(proxies().x_forwarded().scheme_field(name).is_err(), "{name:?}");
        assert!(proxies().x_forwarded().scheme_on(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn transport_and_trust_mean_the_same_in_either_order() {
    let trust = || proxies().x_forwarded();
    let layer = || RedirectLayer::new(HttpsOnly::new());
    for layer in [
        layer().transport(Transport::Secure).trust(trust()),
        layer().trust(trust()).transport(Transport::Secure),
        layer().transport(Transport::Secure).trust(trust().transport(Transport::Plain)),
        layer().trust(trust().transport(Transport::Plain)).transport(Transport::Secure),
    ] {
        assert_eq!(ask(&layer, request(Some("10.0.0.1"), &[(PROTO, b"http")])).await.status, 200);
    }
}

/// nginx writes `unix:` for a peer on a Unix socket, which is another proxy on the machine.
#[tokio::test]
async fn a_proxy_behind_a_unix_socket_is_walked_past() {
    let trust = Trust::unix_sockets().x_forwarded();
    for (list, client) in [
        (&b"198.51.100.7, unix:"[..], "198.51.100.7"),
        (b"192.0.2.1, 198.51.100.7, unix:", "198.51.100.7"),
        (b"unix:, 198.51.100.7", "198.51.100.7"),
        (b"unix:", "-"),
    ] {
        let line = seen(&trust, request(Some("unix"), &[(FOR, list), (PROTO, b"https")])).await;
        assert_eq!(line, format!("https a.test:8080 {client}"));
    }
}

#[tokio::test]
async fn vary_lists_only_the_fields_that_were_read() {
    let moved = |reads: fn(&RequestHead<'_>)| {
        policy_fn(move |head| {
            reads(head);
            Some(Redirection::new().path("/moved").permanent())
        })
    };
    let scheme = |head: &RequestHead<'_>| {
        let _ = head.scheme();
    };
    let client = |head: &RequestHead<'_>| {
        let _ = head.client_ip();
    };
    let debug = |head: &RequestHead<'_>| drop(format!("{head:?}"));
    let one: Fields<'_> = &[(FOR, b"1.1.1.1"), (PROTO, b"http")];
    let malformed: Fields<'_> = &[(PROTO, b"ftp")];
    let list: Fields<'_> = &[(FOR, b"1.1.1.1, 10.0.0.2"), (PROTO, b"http, http")];
    let x_forwarded = proxies().x_forwarded();
    let cloud = proxies().x_forwarded().scheme_field("CloudFront-Forwarded-Proto").expect("valid");
    let forwarded = proxies().forwarded();
    let host = proxies().x_forwarded().forwarded_host();
    for (trust, peer, fields, reads, expected) in [
        (&x_forwarded, "10.0.0.1", one, scheme as fn(&RequestHead<'_>), Some(PROTO)),
        (&x_forwarded, "10.0.0.1", one, client, Some(FOR)),
        (&x_forwarded, "10.0.0.1", one, debug, None),
        (&x_forwarded, "10.0.0.1", malformed, debug, None),
        (&x_forwarded, "10.0.0.1", list, scheme, Some("x-forwarded-for, x-forwarded-proto")),
        (&x_forwarded, "1.1.1.1", list, scheme, None),
        (&x_forwarded, "1.1.1.1", list, client, None),
        (&cloud, "10.0.0.1", one, scheme, Some("cloudfront-forwarded-proto")),
        (&forwarded, "10.0.0.1", one, scheme, Some("forwarded")),
        (&host, "10.0.0.1", one, scheme, Some("x-forwarded-proto, x-forwarded-host")),
    ] {
        let layer = RedirectLayer::new(moved(reads)).trust(trust.clone());
        let asked = ask(&layer, request(Some(peer), fields)).await;
        assert_eq!(asked.status, 308);
        assert_eq!(asked.header("vary"), expected, "{trust:?} {peer} {fields:?}");
    }
}

/// The benches measure the cost of such a field.
#[tokio::test]
async fn only_the_last_elements_of_a_long_field_are_read() {
    let line =
        "for=nonsense, ".repeat(1000) + "for=198.51.100.7;proto=https, for=10.0.0.2;proto=http";
    let request = request(Some("10.0.0.1"), &[("forwarded", line.as_bytes())]);
    assert_eq!(seen(&proxies().forwarded(), request).await, "https a.test:8080 198.51.100.7");
}
