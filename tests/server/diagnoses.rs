//! Each diagnosis: when it is made, what it advises, and how often it is reported.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::support::{ask_now, request};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower_redirect::{
    Diagnosis, HttpsOnly, RedirectLayer, RedirectPolicy, Redirection, Scheme, Transport, Trust,
    Versioning, policy_fn, trust::Peer,
};

type Told = Arc<Mutex<Vec<Diagnosis>>>;

fn record<P: RedirectPolicy>(layer: RedirectLayer<P>) -> (RedirectLayer<P>, Told) {
    let told = Told::default();
    let noted = told.clone();
    let hook = move |d: &Diagnosis| noted.lock().expect("not poisoned").push(d.clone());
    (layer.on_diagnosis(hook), told)
}

fn take(told: &Told) -> Vec<Diagnosis> {
    told.lock().expect("not poisoned").drain(..).collect()
}

fn peer(text: &str) -> Peer {
    match text {
        "unix" => Peer::Unix,
        address => Peer::Ip(address.parse::<IpAddr>().expect("an address")),
    }
}

/// A GET from the peer `from`, or from an unknown peer if `from` is empty.
fn get(from: &str, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = request("GET", "/", fields);
    if !from.is_empty() {
        request.extensions_mut().insert(peer(from));
    }
    request
}

const BROWSER: (&str, &str) = ("sec-fetch-mode", "navigate");
const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");
const HTTP: (&str, &str) = ("x-forwarded-proto", "http");

fn trust() -> Trust {
    Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded()
}

/// One row: the peer and the fields of a request; the name of its diagnosis, the texts that it contains,
/// and the texts that it does not contain.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<&'a str>, &'a [&'a str], &'a [&'a str]);

fn check<P: RedirectPolicy>(layer: impl Fn() -> RedirectLayer<P>, rows: &[Row<'_>]) {
    for (from, fields, name, advice, not) in rows {
        let (layer, told) = record(layer());
        ask_now(&layer, get(from, fields));
        let told = take(&told);
        assert_eq!(told.first().map(Diagnosis::name), *name, "{from} {fields:?} {told:?}");
        assert!(told.len() <= 1, "{told:?}");
        let text = told.first().map(ToString::to_string).unwrap_or_default();
        for advice in *advice {
            assert!(text.contains(advice), "{from} {fields:?}: no {advice:?} in {text:?}");
        }
        for advice in *not {
            assert!(!text.contains(advice), "{from} {fields:?}: {advice:?} in {text:?}");
        }
    }
}

#[test]
fn an_untrusted_peer_that_sends_https_is_diagnosed() {
    let x_forwarded = r#".trust(Trust::proxies(["192.168.1.5"])?.x_forwarded())"#;
    let forwarded = r#".trust(Trust::proxies(["192.168.1.5"])?.forwarded())"#;
    let cloud = r#"?.x_forwarded().scheme_field("cloudfront-forwarded-proto")?"#;
    let ssl = r#"?.x_forwarded().scheme_on("x-forwarded-ssl")?"#;
    let socket = ".trust(Trust::unix_sockets().x_forwarded())";
    let name = Some("untrusted_proxy");
    check(
        || RedirectLayer::new(HttpsOnly::new()),
        &[
            ("192.168.1.5", &[HTTPS], name, &[x_forwarded], &[]),
            ("192.168.1.5", &[("forwarded", "for=1.1.1.1;proto=https")], name, &[forwarded], &[]),
            ("192.168.1.5", &[("cloudfront-forwarded-proto", "https")], name, &[cloud], &[]),
            ("192.168.1.5", &[("x-forwarded-ssl", "on")], name, &[ssl], &[]),
            ("unix", &[HTTPS], name, &[socket], &[]),
            // A public address may be a visitor's, so the advice is never to trust it.
            ("203.0.113.7", &[HTTPS], name, &["public address"], &[r#"proxies(["203.0.113.7"])"#]),
            ("2001:db8::7", &[HTTPS], name, &["public address"], &[r#"proxies(["2001:db8::7"])"#]),
            ("", &[HTTPS], name, &["Peer", ".trust("], &[]),
            // A field that is missing, or that says http or off, is no sign of TLS.
            ("192.168.1.5", &[HTTP], None, &[], &[]),
            ("192.168.1.5", &[("x-forwarded-ssl", "off")], None, &[], &[]),
            ("192.168.1.5", &[], None, &[], &[]),
        ],
    );
}

#[test]
fn a_browser_over_tls_is_diagnosed() {
    let call = r#".trust(Trust::proxies(["192.168.1.5"])?.x_forwarded())"#;
    let name = Some("browser_over_tls");
    check(
        || RedirectLayer::new(HttpsOnly::new()),
        &[
            ("192.168.1.5", &[BROWSER], name, &[call, "Transport::Secure"], &[]),
            ("203.0.113.7", &[BROWSER], name, &["Transport::Secure"], &[r#"["203.0.113.7"]"#]),
            // Browsers treat loopback as secure.
            ("192.168.1.5", &[BROWSER, ("host", "localhost:8080")], None, &[], &[]),
        ],
    );
}

#[test]
fn trusted_proxies_without_a_peer_are_diagnosed() {
    check(
        || RedirectLayer::new(HttpsOnly::new()).trust(trust()),
        &[(
            "",
            &[HTTPS],
            Some("peer_unknown"),
            &["into_make_service_with_connect_info", "`Peer`"],
            &[],
        )],
    );
}

#[test]
fn a_missing_scheme_is_not_diagnosed_if_the_scheme_is_fixed() {
    for (is_fixed, count) in [(false, 1), (true, 0)] {
        let reads_host = policy_fn(|head| {
            head.authority();
            None::<Redirection>
        });
        let (layer, told) = record(RedirectLayer::new(reads_host).trust(trust().forwarded_host()));
        let layer = if is_fixed { layer.transport(Transport::Secure) } else { layer };
        ask_now(&layer, get("10.0.0.1", &[("host", "a.test"), ("x-forwarded-host", "a.test")]));
        assert_eq!(take(&told).len(), count, "{is_fixed}");
    }
}

#[test]
fn a_trusted_proxy_that_sends_no_scheme_or_http_is_diagnosed() {
    let (without, http) = (Some("proxy_without_scheme"), Some("proxy_says_http"));
    let forwarded = ("forwarded", "for=1.1.1.1;proto=https");
    let cloud = ("cloudfront-forwarded-proto", "https");
    check(
        || RedirectLayer::new(HttpsOnly::new()).trust(trust()),
        &[
            ("10.0.0.1", &[], without, &["let it send X-Forwarded-Proto"], &[]),
            ("10.0.0.1", &[forwarded], without, &["read it by `.forwarded()`"], &[]),
            (
                "10.0.0.1",
                &[("x-forwarded-ssl", "on")],
                without,
                &[r#".scheme_on("x-forwarded-ssl")?"#],
                &[],
            ),
            ("10.0.0.1", &[HTTP, BROWSER], http, &["pass on the scheme", "Transport::Secure"], &[]),
            (
                "10.0.0.1",
                &[HTTP, BROWSER, cloud],
                http,
                &[r#".scheme_field("cloudfront-forwarded-proto")?"#],
                &[],
            ),
            ("10.0.0.1", &[HTTP], None, &[], &[]),
            ("10.0.0.1", &[HTTPS, BROWSER], None, &[], &[]),
            ("10.0.0.1", &[HTTP, BROWSER, ("host", "127.0.0.1")], None, &[], &[]),
        ],
    );
    let switch = || trust().scheme_on("x-forwarded-ssl").expect("a name");
    check(
        || RedirectLayer::new(HttpsOnly::new()).trust(switch()),
        &[
            ("10.0.0.1", &[], None, &[], &[]),
            ("10.0.0.1", &[BROWSER, HTTPS], http, &["X-Forwarded-Proto"], &[]),
        ],
    );
}

#[test]
fn refused_forwarded_fields_are_diagnosed() {
    let name = Some("forwarded_refused");
    check(
        || RedirectLayer::new(HttpsOnly::new()).trust(trust()),
        &[("10.0.0.1", &[("x-forwarded-proto", "gopher")], name, &["10.0.0.1", "400"], &[])],
    );
    let client = policy_fn(|head| {
        let _ = head.client_ip();
        None
    });
    check(
        || RedirectLayer::new(&client).trust(trust()),
        &[("10.0.0.1", &[("x-forwarded-for", "nonsense")], name, &["X-Forwarded-For"], &[])],
    );
}

#[test]
fn a_proxy_that_replaced_the_host_is_diagnosed() {
    let name = Some("host_replaced");
    let (host, other) = (("host", "app.internal:3000"), ("x-forwarded-host", "shop.test"));
    check(
        || RedirectLayer::new(HttpsOnly::new()).trust(trust()),
        &[
            ("10.0.0.1", &[HTTP, host, other], name, &["pass on Host", ".forwarded_host()"], &[]),
            ("10.0.0.1", &[HTTP, ("x-forwarded-host", "a.test:80")], None, &[], &[]),
            ("10.0.0.1", &[HTTP, ("x-forwarded-host", "evil.test, a.test")], None, &[], &[]),
            // The field of a peer that is not trusted proves nothing.
            ("192.168.1.5", &[HTTP, host, other], None, &[], &[]),
        ],
    );
    check(
        || RedirectLayer::new(HttpsOnly::new()).trust(trust().forwarded_host()),
        &[("10.0.0.1", &[HTTP, host, other], None, &[], &[])],
    );
    let forwarded = || Trust::proxies(["10.0.0.0/8"]).expect("valid").forwarded();
    let element = ("forwarded", "for=1.1.1.1;proto=http;host=shop.test");
    check(
        || RedirectLayer::new(HttpsOnly::new()).trust(forwarded()),
        &[("10.0.0.1", &[host, element, other], name, &["shop.test"], &[])],
    );
    // The fields that only the diagnosis reads are not in `Vary`.
    let layer = RedirectLayer::new(HttpsOnly::new().permanent()).trust(trust());
    let (layer, told) = record(layer.default_host("a.test").expect("valid"));
    let asked = ask_now(&layer, get("10.0.0.1", &[HTTP, ("x-forwarded-host", "shop.test")]));
    assert_eq!((asked.status.as_u16(), asked.header("vary")), (308, Some("x-forwarded-proto")));
    assert_eq!(take(&told).len(), 1);
}

#[test]
fn a_host_that_is_not_listed_is_diagnosed() {
    let layer = || RedirectLayer::new(policy_fn(|_| None)).hosts(["a.test"]).expect("valid");
    let advice = ["RedirectLayer::hosts", "health checks"];
    let name = Some("host_not_listed");
    check(
        layer,
        &[
            ("192.168.1.5", &[("host", "b.test:81")], name, &["\"b.test:81\"", advice[0]], &[]),
            ("", &[("host", "10.0.0.7")], name, &advice, &[]),
            ("", &[("host", "a.test")], None, &[], &[]),
            // Only a trusted proxy may have replaced the host.
            ("10.0.0.1", &[("host", "b.test")], name, &advice, &["proxy_set_header"]),
            // A malformed host is a mistake of the client.
            ("", &[("host", "a b")], None, &[], &[]),
        ],
    );
    check(
        || layer().trust(trust()),
        &[
            ("10.0.0.1", &[HTTP, ("host", "shopback")], name, &["proxy_set_header Host"], &[]),
            ("192.168.1.5", &[("host", "shopback")], name, &advice, &["proxy_set_header"]),
        ],
    );
    let unix = ["a trusted proxy (a unix socket): "];
    check(
        || layer().trust(Trust::unix_sockets().x_forwarded()),
        &[("unix", &[HTTP, ("host", "shopback")], name, &unix, &[])],
    );
}

#[test]
fn a_tls_listener_that_sets_no_transport_is_diagnosed() {
    let https = || RedirectLayer::new(HttpsOnly::new());
    // Over HTTP/2 the client sends the scheme https in each request, and gets 421.
    for (from, advice, not) in [
        ("192.168.1.5", r#"Trust::proxies(["192.168.1.5"])"#, "public"),
        ("203.0.113.7", "Transport::Secure", r#"Trust::proxies(["203.0.113.7"])"#),
    ] {
        let (layer, told) = record(https());
        let mut request = request("GET", "https://a.test/", &[]);
        request.extensions_mut().insert(peer(from));
        assert_eq!(ask_now(&layer, request).status, 421);
        let told = take(&told);
        assert_eq!(
            told.iter().map(Diagnosis::name).collect::<Vec<_>>(),
            ["transport_not_declared"]
        );
        let text = told[0].to_string();
        assert!(text.contains("Transport::Secure") && text.contains(advice), "{text}");
        assert!(!text.contains(not), "{text}");
    }
    // Over HTTP/1 only the number of plain requests tells, and only if https is expected here.
    let plain = || {
        let mut request = get("192.168.1.5", &[]);
        request.extensions_mut().insert(Transport::Plain);
        request
    };
    let (layer, told) = record(https());
    for _ in 0..100 {
        ask_now(&layer, plain());
    }
    assert!(take(&told).is_empty(), "not many yet");
    for _ in 0..3 {
        ask_now(&layer, plain());
    }
    let never = take(&told);
    assert_eq!(never, [Diagnosis::NeverSecure]);
    assert!(never[0].to_string().contains("Transport::Secure"));
    assert!(never[0].to_string().contains(".trust(Trust::proxies("));
    // A server that only redirects to another server is not diagnosed.
    let (layer, told) = record(https());
    for _ in 0..200 {
        ask_now(&layer, get("192.168.1.5", &[]));
    }
    assert!(take(&told).is_empty());
    // One secure request is enough to rule the diagnosis out.
    let (layer, told) = record(https());
    let mut secure = get("192.168.1.5", &[]);
    secure.extensions_mut().insert(Transport::Secure);
    ask_now(&layer, secure);
    for _ in 0..200 {
        ask_now(&layer, plain());
    }
    assert!(take(&told).is_empty());
    // Trusted proxies are expected to send https, too.
    let (layer, told) = record(https().trust(trust()));
    for _ in 0..102 {
        ask_now(&layer, get("10.0.0.1", &[HTTP]));
    }
    assert_eq!(take(&told), [Diagnosis::NeverSecure]);
}

#[test]
fn the_target_of_a_redirection_is_not_diagnosed() {
    // The layer also decides about /api/v2/x over http, although no client has asked for it.
    let versions = Versioning::new("/api", "v2").and_then(|v| v.retire("v1")).expect("valid");
    let (layer, told) = record(RedirectLayer::new((versions, HttpsOnly::new())));
    let mut request = request("POST", "/api/v1/x", &[HTTPS]);
    request.extensions_mut().insert(peer("192.168.1.5"));
    let asked = ask_now(&layer, request);
    assert_eq!(asked.location(), Some("https://a.test/api/v2/x"));
    assert_eq!(take(&told), []);
}

#[test]
fn each_cause_is_reported_once_per_peer() {
    let (layer, told) = record(RedirectLayer::new(HttpsOnly::new()));
    let from = |address: &str| {
        ask_now(&layer, get(address, &[HTTPS]));
        take(&told).iter().map(Diagnosis::name).collect::<Vec<_>>()
    };
    // A report about one stranger does not suppress the others.
    assert_eq!(from("203.0.113.7"), ["untrusted_proxy"]);
    assert_eq!(from("203.0.113.7"), [""; 0]);
    assert_eq!(from("192.168.1.5"), ["untrusted_proxy"]);
    assert_eq!(from("::ffff:192.168.1.5"), [""; 0]);
    assert_eq!(from("2001:db8::1"), ["untrusted_proxy"]);
    assert_eq!(from("2001:db8::ffff"), [""; 0]);
    // Neither do reports about many; that there are more is reported once.
    let strangers: Vec<_> = (0..50).flat_map(|n| from(&format!("198.51.100.{n}"))).collect();
    let count = |name| strangers.iter().filter(|told| **told == name).count();
    assert_eq!((count("untrusted_proxy"), count("many_peers")), (14, 1), "{strangers:?}");
    assert_eq!(from("10.0.0.9"), ["untrusted_proxy"]);
    // A clone of the layer remembers the same reports.
    let copy = layer.clone();
    ask_now(&copy, get("192.168.1.5", &[HTTPS]));
    assert!(take(&told).is_empty());
    let overflow = Diagnosis::ManyPeers { diagnosis: "untrusted_proxy" }.to_string();
    assert!(overflow.contains("untrusted_proxy applies to more peers"), "{overflow}");
}

#[test]
fn names_are_distinct() {
    let peer = Some(peer("10.0.0.1"));
    let text = String::new;
    let all = [
        Diagnosis::StandbyIsSelf { authority: text() },
        Diagnosis::PermanentWithoutHosts { authority: text() },
        Diagnosis::UntrustedProxy { peer, header: "forwarded" },
        Diagnosis::PeerUnknown,
        Diagnosis::BrowserOverTls { peer },
        Diagnosis::ForwardedRefused { peer, reason: "" },
        Diagnosis::HostReplaced { peer, host: text(), forwarded: text() },
        Diagnosis::HostNotListed { authority: text(), proxy: None },
        Diagnosis::TransportNotDeclared { peer },
        Diagnosis::NeverSecure,
        Diagnosis::ClientUnknown,
        Diagnosis::ClientThroughProxy { peer },
        Diagnosis::Cycle { policies: vec![], locations: vec![] },
        Diagnosis::ManyPeers { diagnosis: "" },
    ];
    let mut names: Vec<_> = all.iter().map(Diagnosis::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
}

#[test]
fn a_diagnosis_is_short_and_holds_no_value_of_a_query() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = told.clone();
    let back = policy_fn(|head| head.is_secure().then(|| Redirection::new().scheme(Scheme::Http)));
    let layer = RedirectLayer::new((HttpsOnly::new(), back))
        .on_diagnosis(move |told| noted.lock().expect("not poisoned").push(told.to_string()));
    ask_now(&layer, request("GET", "/x?token=s3cret", &[]));
    let layer = layer.hosts(["a.test"]).expect("valid");
    let long = format!("{}test", "y.".repeat(20_000));
    ask_now(&layer, request("GET", "/", &[("host", &long)]));
    let told = told.lock().expect("not poisoned");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("/x?…"), "{told:?}");
    assert!(told.iter().all(|told| told.len() < 1_000 && !told.contains("s3cret")), "{told:?}");
}
