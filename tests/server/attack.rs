//! Requests that try to get past a layer: over plain http, for another host, with forged fields, during
//! maintenance or to another site.

use http::{HeaderName, HeaderValue, Method, Request, Version};
use proptest::prelude::*;
use tower_redirect::trust::Peer;
use tower_redirect::{
    CanonicalHost, HeaderVersioning, Hsts, HttpsOnly, Maintenance, MaintenanceSwitch,
    QueryVersioning, RedirectLayer, RedirectPolicy, Redirection, RequestHead, Retirement,
    Transport, Trust, Versioning, policy_fn,
};

use crate::support::{Asked, ask_now};

type Fields<'a> = [(&'a str, &'a str)];

/// Builds a request, or returns `None` if `http` refuses a part of it.
fn sent(
    method: &str,
    target: &str,
    version: Version,
    fields: &Fields<'_>,
) -> Option<Request<String>> {
    let mut request = Request::new(String::new());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = target.parse().ok()?;
    *request.version_mut() = version;
    for (name, value) in fields {
        let name: HeaderName = name.parse().ok()?;
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(request)
}

fn from_peer(mut request: Request<String>, peer: [u8; 4]) -> Request<String> {
    request.extensions_mut().insert(Peer::Ip(peer.into()));
    request
}

fn on() -> MaintenanceSwitch {
    let switch = MaintenanceSwitch::new();
    switch.on();
    switch
}

const VERSIONS: [Version; 5] =
    [Version::HTTP_09, Version::HTTP_10, Version::HTTP_11, Version::HTTP_2, Version::HTTP_3];

#[test]
fn no_plain_request_gets_past_https_only() {
    let layer = RedirectLayer::new(HttpsOnly::new().exempt("/health").expect("valid"));
    let targets = [
        "/",
        "*",
        "a.test",
        "a.test:443",
        "http://a.test",
        "https://a.test/",
        "http://evil.test/",
        "http://u@a.test/",
        "ftp://a.test/",
        "wss://a.test/x",
        "HTTPS://A.TEST:443/",
        "/secret?/health",
        "/secret?/.well-known/acme-challenge/x",
        "/healthz",
        "/x/../health",
        "/x/%2e%2e/health",
        "http://a.test?x=/health",
        "//health",
    ];
    let hosts: [&[&str]; 12] = [
        &[],
        &["a.test"],
        &["a.test", "a.test"],
        &["a.test:443"],
        &["A.TEST."],
        &[""],
        &["evil.test"],
        &["[::1]"],
        &["[::ffff:1.2.3.4]:80"],
        &["a.test:0"],
        &["a b"],
        &["*"],
    ];
    let others: [&Fields<'_>; 6] = [
        &[],
        &[("x-forwarded-proto", "https"), ("x-forwarded-ssl", "on")],
        &[("forwarded", "proto=https")],
        &[("origin", "https://a.test"), ("access-control-request-method", "PUT")],
        &[("upgrade", "h2c")],
        &[("content-type", "application/grpc")],
    ];
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "CONNECT", "TRACE", "BREW"] {
            for (target, hosts) in targets.iter().flat_map(|t| hosts.iter().map(move |h| (t, h))) {
                for other in others {
                    let mut fields: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
                    fields.extend(other);
                    let row = format!("{version:?} {method} {target} {fields:?}");
                    let asked =
                        ask_now(&layer, sent(method, target, version, &fields).expect("sent"));
                    assert_eq!(asked.calls, 0, "{row}");
                    assert!(
                        matches!(asked.status.as_u16(), 307 | 400 | 403 | 421),
                        "{row} {asked:?}"
                    );
                    assert!(asked.location().is_none_or(|to| to.starts_with("https://")), "{row}");
                }
            }
        }
    }
}

#[test]
fn odd_hosts_do_not_get_past_the_list() {
    let entries = ["a.test", "*.b.test", "10.0.0.0/8", "2001:db8::/32", "c.test:81"];
    let layer = RedirectLayer::new(policy_fn(|_| None)).hosts(entries).expect("valid");
    let long = format!("{}b.test", "x.".repeat(125));
    let longer = format!("{}b.test", "x.".repeat(2000));
    for (host, status) in [
        ("a.test.", 200),
        ("a.test:0", 200),
        ("a.test..", 400),
        (".a.test", 400),
        (".b.test", 400),
        ("..b.test", 400),
        ("x..b.test", 400),
        ("xb.test", 421),
        ("a.test.evil", 421),
        ("a.test:80:80", 400),
        ("evil@a.test", 400),
        ("evil/.b.test", 400),
        ("evil?.b.test", 400),
        ("evil#.b.test", 400),
        ("evil\\.b.test", 400),
        ("evil%2f.b.test", 400),
        ("evil .b.test", 400),
        ("a_b.b.test", 200),
        ("a.test,a.test", 421),
        ("a.test, a.test", 400),
        ("10.1.2.3.", 200),
        ("010.1.2.3", 421),
        ("0x0a.1.2.3", 421),
        ("10.1.2", 421),
        ("167838211", 421),
        ("[::ffff:10.1.2.3]", 200),
        ("[::ffff:a01:203]", 200),
        ("[::10.1.2.3]", 421),
        ("::1", 400),
        ("[2001:DB8:0:0::1]", 200),
        ("[2001:db8::1%25eth0]", 400),
        ("[2001:db8::1].b.test", 400),
        ("[2001:db8::1", 400),
        ("[a.test]", 400),
        ("c.test", 421),
        ("c.test:0081", 200),
        ("c.test:65617", 400),
        ("c.test:81:", 400),
        ("c.test:+81", 400),
        (".", 400),
        ("*", 421),
        ("ａ.test", 400),
        ("a\u{3002}test", 400),
        (&long, 421),
        (&longer, 421),
    ] {
        let request = sent("GET", "/", Version::HTTP_11, &[("host", host)]).expect("sent");
        let asked = ask_now(&layer, request);
        assert_eq!((asked.status.as_u16(), asked.calls > 0), (status, status == 200), "{host}");
    }
}

/// Asks over http through the proxy 10.0.0.1.
fn through(trust: Trust, fields: &Fields<'_>) -> Asked {
    let fields = [&[("host", "a.test")], fields].concat();
    let request = sent("GET", "/", Version::HTTP_11, &fields).expect("sent");
    ask_now(&RedirectLayer::new(HttpsOnly::new()).trust(trust), from_peer(request, [10, 0, 0, 1]))
}

#[test]
fn a_client_cannot_override_its_proxy() {
    // The proxy appends to the line of the client, or adds a second line.
    let clients = [
        "",
        "proto=https",
        "for=10.0.0.1;proto=https",
        "\"",
        "\"\\",
        "x=\"",
        "x=\"\\\"",
        "for=\"10.0.0.1",
        "for=\"10.0.0.1;proto=https\"",
        "proto=https,,,",
        "for=unknown;proto=https",
        "for=_x;proto=https",
        "\\",
        "proto=\"https",
        "a=b\"c",
        "proto=https;x=\"",
        "for=\"[::ffff:10.0.0.1]\";proto=https",
        "=;=",
    ];
    let proxies = [
        "for=203.0.113.9;proto=http",
        "for=\"[2001:db8::9]:4711\";proto=http",
        "for=203.0.113.9;host=\"a.test:80\";proto=http",
        "proto=http;for=\"203.0.113.9:99\";by=\"[::1]\"",
        "proto=http",
    ];
    let trusted = |limit| Trust::proxies(["10.0.0.0/8"]).expect("valid").hop_limit(limit);
    for (client, proxy) in clients.iter().flat_map(|c| proxies.iter().map(move |p| (c, p))) {
        let joined = format!("{client},{proxy}");
        for fields in
            [&[("forwarded", joined.as_str())][..], &[("forwarded", client), ("forwarded", proxy)]]
        {
            for limit in [0, 1, 2, 100] {
                let asked = through(trusted(limit).forwarded(), fields);
                assert_eq!(asked.calls, 0, "{limit} {fields:?}");
            }
        }
    }
    let addresses =
        ["", "10.0.0.1", "10.0.0.1, 10.0.0.2", "unknown", "_x", "x", "10.0.0.1:80", "[::1]", ",,"];
    let schemes = ["", "https", "https,https", "https, https, https", "HTTPS", "wss", ",,"];
    for (address, scheme) in addresses.iter().flat_map(|a| schemes.iter().map(move |s| (a, s))) {
        let (addresses, schemes) = (format!("{address}, 203.0.113.9"), format!("{scheme}, http"));
        for fields in [
            &[("x-forwarded-for", addresses.as_str()), ("x-forwarded-proto", schemes.as_str())][..],
            &[
                ("x-forwarded-for", address),
                ("x-forwarded-for", "203.0.113.9"),
                ("x-forwarded-proto", scheme),
                ("x-forwarded-proto", "http"),
            ],
        ] {
            for limit in [0, 1, 2, 100] {
                let asked = through(trusted(limit).x_forwarded(), fields);
                assert_eq!(asked.calls, 0, "{limit} {fields:?}");
            }
        }
    }
}

#[test]
fn no_path_leads_to_another_site() {
    let paths = [
        "//evil.test/x",
        "///evil.test",
        "/\\evil.test/",
        "/\\\\evil.test",
        "/%5Cevil.test/",
        "//evil.test/%2F..",
        "//evil.test/..",
        "/%2f/evil.test",
        "/%09/evil.test",
        "/%0d%0aSet-Cookie:x=1",
        "/x%0a.evil.test",
        "/.//evil.test",
        "/@evil.test",
        "/api//evil.test",
        "/api/\\evil.test",
        "/api\\evil.test",
        "/api/%09/evil.test",
        "/api/https://evil.test",
        "/api:80@evil.test",
        "/api",
    ];
    let slash = |head: &RequestHead<'_>| Some(Redirection::new().path(format!("{}/", head.path())));
    let capture = |head: &RequestHead<'_>| {
        head.path().strip_prefix("/api").map(|rest| Redirection::new().path(rest))
    };
    let into_query = |head: &RequestHead<'_>| {
        Redirection::to("/login#x").ok().map(|to| to.query(format!("next={}", head.path())))
    };
    let decoded = |head: &RequestHead<'_>| {
        let path = head.path().replace("%0d", "\r").replace("%0a", "\n").replace("%09", "\t");
        Some(Redirection::new().path(path.replace("%5C", "\\").replace("%2f", "/")))
    };
    let kept = |_: &RequestHead<'_>| Redirection::to("/new#f").ok().map(Redirection::keep_query);
    let policies: [Box<dyn RedirectPolicy>; 7] = [
        Box::new(HttpsOnly::new()),
        Box::new(CanonicalHost::new("www.a.test").expect("valid")),
        Box::new(policy_fn(slash)),
        Box::new(policy_fn(capture)),
        Box::new(policy_fn(into_query)),
        Box::new(policy_fn(decoded)),
        Box::new(policy_fn(kept)),
    ];
    for policy in &policies {
        let layer = || RedirectLayer::new(policy).html_body();
        let mounted = layer().mounted_at("/shop").expect("valid");
        for (layer, mount) in
            [(layer(), "/"), (layer().separate_https_redirect(), "/"), (mounted, "/shop")]
        {
            for query in ["", "?", "?x=//evil.test", "?\\@evil.test", "?%0d%0a", "?a=b?c"] {
                for path in paths {
                    let target = format!("{path}{query}");
                    let request = sent("GET", &target, Version::HTTP_11, &[("host", "a.test")]);
                    let asked = ask_now(&layer, request.expect("sent"));
                    let Some(location) = asked.location() else { continue };
                    let row = format!("{} {target}: {location}", policy.name());
                    let base = url::Url::parse("http://a.test/").expect("a url");
                    let to = base.join(location).expect(&row);
                    assert!(matches!(to.host_str(), Some("a.test" | "www.a.test")), "{row}");
                    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{row}");
                    assert!(to.path().starts_with(mount) || path.contains(".."), "{row}");
                }
            }
        }
    }
}

#[cfg(feature = "bypass")]
fn with_secrets(maintenance: Maintenance) -> Maintenance {
    let secret = "0123456789abcdef";
    let maintenance = maintenance.bypass_header("x-pass", secret).expect("valid");
    maintenance.bypass_cookie("pass", secret).expect("valid")
}

#[cfg(not(feature = "bypass"))]
fn with_secrets(maintenance: Maintenance) -> Maintenance {
    maintenance
}

#[test]
fn nothing_forged_gets_past_maintenance() {
    let new = || {
        let clients = Maintenance::new(on()).bypass_clients(["192.0.2.0/24"]);
        with_secrets(clients.expect("valid"))
    };
    let policies: [Box<dyn RedirectPolicy>; 5] = [
        Box::new(new()),
        Box::new(new().page("/down").expect("valid")),
        Box::new(new().page("https://status.test/x").expect("valid")),
        Box::new(new().redirect_to("https://status.test/x").expect("valid")),
        Box::new(new().standby("https://standby.test").expect("valid")),
    ];
    let proxies = || Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded();
    let targets = [
        "/",
        "/x",
        "/x?y",
        "//x",
        "/down//",
        "/down/../x",
        "/DOWN",
        "/%64own",
        "*",
        "http://a.test/x",
    ];
    let fields = [
        ("x-pass", ""),
        ("x-pass", "0123456789abcde"),
        ("x-pass", "0123456789ABCDEF"),
        ("cookie", "xpass=0123456789abcdef"),
        ("cookie", "pass=\"0123456789abcdef\""),
        ("cookie", "pass"),
        // The proxy appended the second address.
        ("x-forwarded-for", "192.0.2.1, 198.51.100.7"),
        ("forwarded", "for=192.0.2.1"),
        ("x-real-ip", "192.0.2.1"),
        ("upgrade", "websocket"),
        ("content-type", "application/grpc"),
        ("sec-fetch-mode", "navigate"),
        ("accept", "text/html"),
    ];
    for policy in &policies {
        let layer = RedirectLayer::new(policy).trust(proxies());
        for (method, target) in ["GET", "HEAD", "POST", "OPTIONS", "CONNECT", "BREW"]
            .iter()
            .flat_map(|method| targets.iter().map(move |target| (method, target)))
        {
            for field in fields {
                for peer in [[198, 51, 100, 1], [10, 0, 0, 1]] {
                    let fields = [("host", "a.test"), field];
                    let request = sent(method, target, Version::HTTP_11, &fields).expect("sent");
                    let asked = ask_now(&layer, from_peer(request, peer));
                    let row = format!("{method} {target} {field:?} {peer:?}");
                    assert_eq!(asked.calls, 0, "{row}");
                    assert_eq!(asked.header("cache-control"), Some("no-store"), "{row}");
                }
            }
        }
    }
}

/// All policies at once, with every setting that reads a request.
fn everything(trust: Trust, are_hosts_listed: bool) -> RedirectLayer<impl RedirectPolicy> {
    let date = std::time::SystemTime::UNIX_EPOCH;
    let plan = Retirement::new().permanent(date);
    let www = CanonicalHost::new("www.a.test").and_then(|www| www.aliases(["*.b.test"]));
    let versions = Versioning::new("/api", "v2").and_then(|v| v.retire_by("v1", plan));
    let query = QueryVersioning::new("v", "2").and_then(|v| v.retire("1"));
    let header = HeaderVersioning::accept("application/vnd.a", ["2"])
        .and_then(|v| v.in_path("/api", "v2"))
        .and_then(|v| v.retire_by("1", plan));
    let https = HttpsOnly::new().permanent().port_map([(8080, 8443)]).exempt("/health");
    let maintenance = Maintenance::new(on())
        .exempt("/a")
        .and_then(|m| m.bypass_clients(["192.0.2.0/24"]))
        .and_then(|m| m.page("/down"))
        .expect("valid")
        .when(|head: &RequestHead<'_>| head.path().len() % 7 == 0);
    let policies = (
        https.expect("valid"),
        www.expect("valid").permanent(),
        maintenance,
        versions.expect("valid"),
        query.expect("valid").report_versions(),
        header.expect("valid"),
        Hsts::new(std::time::Duration::from_secs(9)),
    );
    let layer = RedirectLayer::new(policies).trust(trust).html_body().on_diagnosis(|diagnosis| {
        assert!(!diagnosis.to_string().is_empty());
    });
    if !are_hosts_listed {
        return layer;
    }
    layer.hosts(["a.test", "*.a.test", "*.b.test", "10.0.0.0/8"]).expect("valid")
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let bytes =
        prop::collection::vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8, Just(b'\t')], 0..24);
    let grammar = "(for=|proto=|host=|https?|\"|\\\\|,|;|=|10\\.0\\.0\\.1|192\\.0\\.2\\.1|\\[::1\\]|:80|unknown|_x| |\\.|a\\.test|x\\.b\\.test|application/vnd\\.a\\.v1\\+json){0,9}";
    prop_oneof![bytes, grammar.prop_map(String::into_bytes)]
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "host",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "forwarded",
        "accept",
        "cookie",
        "upgrade",
        "origin",
        "access-control-request-method",
        "content-type",
        "sec-fetch-mode",
        "expect",
    ])
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    let odd = "(https?://a\\.test)?/(api|v1|v2|health|down|\\.\\.|/|\\\\|%2e|%|%0|;|\\?|v=1|&|#|@|:|é|\\*){0,9}";
    prop_oneof![
        odd.prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
        Just(b"*".to_vec()),
        Just(b"a.test:80".to_vec()),
    ]
}

/// Returns the segments of a path as the most lenient server reads it: decoded repeatedly, with overlong
/// UTF-8 and `%u`, with `\` as `/`, without parameters, and with dot segments resolved.
fn segments_of_a_lenient_server(path: &str) -> Vec<Vec<u8>> {
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..4 {
        let mut decoded = Vec::new();
        let mut rest = &bytes[..];
        while let Some((first, behind)) = rest.split_first() {
            let hex = |digits: &[u8]| {
                let digits = std::str::from_utf8(digits).ok()?;
                let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
            };
            let wide = behind.strip_prefix(b"u").and_then(|digits| hex(digits.get(..4)?));
            let (value, length) = match (first, behind.get(..2).and_then(hex), wide) {
                (b'%', Some(value), _) => (value, 3),
                (b'%', None, Some(value)) => (value, 6),
                (byte, ..) => (u32::from(*byte), 1),
            };
            decoded.push(u8::try_from(value).unwrap_or(b'?'));
            rest = &rest[length..];
        }
        bytes = decoded;
        for (overlong, byte) in [
            (&b"\xc0\xae"[..], b'.'),
            (b"\xc0\xaf", b'/'),
            (b"\xc1\x9c", b'\\'),
            (b"\xe0\x80\xae", b'.'),
            (b"\xe0\x80\xaf", b'/'),
            (b"\xf0\x80\x80\xae", b'.'),
        ] {
            while let Some(at) = bytes.windows(overlong.len()).position(|window| window == overlong)
            {
                bytes.splice(at..at + overlong.len(), [byte]);
            }
        }
    }
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let mut segments: Vec<Vec<u8>> = Vec::new();
    for segment in bytes[..end].split(|byte| matches!(byte, b'/' | b'\\')) {
        match segment.split(|byte| *byte == b';').next().unwrap_or_default() {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            segment => segments.push(segment.to_vec()),
        }
    }
    segments
}

/// A slash, in spellings that some server decodes.
fn slash() -> impl Strategy<Value = &'static str> {
    let spellings = [
        "/",
        "/",
        "/",
        "/",
        "/",
        "/",
        "/",
        "/",
        "\\",
        "%2f",
        "%5C",
        "%252f",
        "%%32f",
        "%c0%af",
        "%C1%9c",
        "%e0%80%af",
        "%u002f",
    ];
    prop::sample::select(spellings.to_vec())
}

/// A dot, in spellings that some server decodes; or nothing, or a letter.
fn dot() -> impl Strategy<Value = &'static str> {
    let spellings = [
        "",
        "a",
        ".",
        ".",
        "%2e",
        "%252E",
        "%%32e",
        "%%32%65",
        "%c0%ae",
        "%e0%80%ae",
        "%f0%80%80%ae",
        "%u002e",
    ];
    prop::sample::select(spellings.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_exempt_path_is_exempt_on_every_server(
        pieces in prop::collection::vec((slash(), dot(), dot()), 1..3),
        end in "(|/|;|a|/a)",
    ) {
        let spell = |(slash, one, two): &(&str, &str, &str)| format!("{slash}{one}{two}");
        let path = format!("/health{}{end}", pieces.iter().map(spell).collect::<String>());
        let layer = RedirectLayer::new(HttpsOnly::new().exempt("/health").expect("valid"));
        let Some(request) = sent("GET", &path, Version::HTTP_11, &[("host", "a.test")]) else { return Ok(()) };
        let path = request.uri().path().to_owned();
        if ask_now(&layer, request).calls > 0 {
            let segments = segments_of_a_lenient_server(&path);
            prop_assert!(segments.first().is_some_and(|first| first == b"health"), "{} {:?}", path, segments);
        }
    }

    #[test]
    fn a_host_is_matched_alike_as_text_and_parsed(
        host in "(\\.|\\*|a|A|b|test|a\\.test|b\\.test|\\.b\\.test|:|80|10\\.1\\.2\\.3|\\[::1\\]|@| |%){0,5}",
    ) {
        let entries = ["a.test", "*.b.test", "10.0.0.0/8", "[::1]", "b", "a.b.test:80"];
        let layer = RedirectLayer::new(policy_fn(|_| None)).hosts(entries).expect("valid");
        let ask = |fields: &Fields<'_>| {
            sent("GET", "/", Version::HTTP_11, fields).map(|request| ask_now(&layer, request).status)
        };
        // If any field has two values, the layer parses the host instead of comparing its text.
        let parsed = ask(&[("host", host.as_str()), ("x", "1"), ("x", "2")]);
        prop_assert_eq!(ask(&[("host", host.as_str())]), parsed);
    }

    #[test]
    fn no_request_causes_a_panic_or_an_invalid_answer(
        method in prop::sample::select(vec!["GET", "HEAD", "POST", "OPTIONS", "CONNECT", "BREW"]),
        target in target(),
        version in prop::sample::select(VERSIONS.to_vec()),
        fields in prop::collection::vec((name(), value()), 0..6),
        has_host in any::<bool>(),
        is_secure in any::<bool>(),
        are_hosts_listed in any::<bool>(),
        trust in 0..3_usize,
        peer in prop::sample::select(vec![[10, 0, 0, 1], [192, 0, 2, 1], [203, 0, 113, 9]]),
    ) {
        let proxies = || Trust::proxies(["10.0.0.0/8"]).expect("valid");
        let trust = match trust {
            0 => Trust::nobody(),
            1 => proxies().x_forwarded().forwarded_host().forwarded_port(),
            _ => proxies().forwarded().forwarded_host(),
        };
        let layer = everything(trust, are_hosts_listed);
        let Ok(uri) = http::Uri::try_from(target) else { return Ok(()) };
        let host: &Fields<'_> = if has_host { &[("host", "a.test:8080")] } else { &[] };
        let Some(mut request) = sent(method, "/", version, host) else { return Ok(()) };
        *request.uri_mut() = uri;
        for (name, value) in fields {
            let Ok(value) = HeaderValue::from_bytes(&value) else { continue };
            request.headers_mut().append(name, value);
        }
        if is_secure {
            request.extensions_mut().insert(Transport::Secure);
        }
        let asked = ask_now(&layer, from_peer(request, peer));
        let status = asked.status.as_u16();
        prop_assert_eq!(asked.calls > 0, asked.headers.contains_key("x-app"));
        prop_assert_eq!(asked.location().is_some(), matches!(status, 307 | 308), "{:?}", asked);
        if let Some(location) = asked.location() {
            prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{}", location);
            let is_stored = asked.header("cache-control") != Some("no-store");
            prop_assert!(!is_stored || status == 308, "{:?}", asked);
            // A stored `Location` has no port that the client chose, and no host that is not listed.
            if let (true, Some(rest)) = (is_stored, location.strip_prefix("https://")) {
                let authority = rest.split('/').next().unwrap_or_default();
                let ours = ["www.a.test", "a.test", "www.a.test:8443", "a.test:8443"];
                let is_ours = ours.contains(&authority) || authority.starts_with("10.");
                prop_assert!(is_ours || authority.contains(".a.test") && are_hosts_listed, "{}", location);
            }
        }
        prop_assert!(status != 500, "{:?}", asked);
    }
}
