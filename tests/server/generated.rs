//! Generated requests: those that clients send, and those that no client should send.

use http::{HeaderName, HeaderValue, Method, Request, Version};
use proptest::prelude::*;
use tower_redirect::Trust;

/// A generated request, which may be malformed.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: &'static str,
    pub target: String,
    pub version: Version,
    pub hosts: Vec<String>,
    pub fields: Vec<(&'static str, &'static str)>,
}

impl Sent {
    /// Builds the request, or returns `None` if `http` refuses a part of it, as a server would.
    pub fn request(&self) -> Option<Request<String>> {
        let mut request = Request::new(String::new());
        *request.method_mut() = Method::from_bytes(self.method.as_bytes()).ok()?;
        *request.uri_mut() = self.target.parse().ok()?;
        *request.version_mut() = self.version;
        for host in &self.hosts {
            let host = HeaderValue::from_bytes(host.as_bytes()).ok()?;
            request.headers_mut().append("host", host);
        }
        for (name, value) in &self.fields {
            let name = HeaderName::from_static(name);
            request.headers_mut().append(name, HeaderValue::from_static(value));
        }
        Some(request)
    }
}

pub fn method() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("GET"), 3 => Just("POST"), 1 => Just("HEAD"), 1 => Just("PUT"), 1 => Just("DELETE"),
        1 => Just("OPTIONS"), 1 => Just("BREW"),
    ]
}

pub fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "/(api|apis|page|\\.well-known/acme-challenge|health)?(/v1|/v2|/x|/\\.\\.|//|/%2e%2E|\\\\|/%2f|/%5c)?(/[a-z]{0,3})?(\\?[a-z=&]{0,6})?",
        2 => "/[/\\\\%.@:a-c?&=]{0,12}",
        1 => "/api(/|//|/\\\\|/%09/)evil\\.example(/[a-z]{0,2})?",
        1 => "/(/|\\\\|%09|%5c|\\.)?evil\\.example(/|\\\\|@a\\.test|\\?)?[a-z]{0,3}",
    ]
}

pub fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(a\\.test|A\\.TEST\\.|x\\.b\\.test|www\\.a\\.test|old\\.test)(:80|:8080|:)?",
        1 => "(evil\\.example|127\\.0\\.0\\.1|\\[::1\\]|localhost)(:[0-9]{1,6})?",
        1 => "(a\\.test)?[ @/?#\\\\:\\[\\]%ä]?(evil\\.example)?",
    ]
}

pub fn forged_fields() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let field = prop_oneof![
        Just(("x-forwarded-proto", "https")),
        Just(("x_forwarded_proto", "https")),
        Just(("x-forwarded-proto", "https, https")),
        Just(("x-forwarded-for", "10.0.0.1")),
        Just(("x-forwarded-for", "1.1.1.1, 10.0.0.1")),
        Just(("x-forwarded-host", "evil.example")),
        Just(("x-forwarded-ssl", "on")),
        Just(("forwarded", "proto=https")),
        Just(("forwarded", "for=10.0.0.1;proto=https, for=\"10.0.0.1;proto=https\"")),
        Just(("front-end-https", "on")),
        Just(("upgrade", "websocket")),
        Just(("sec-fetch-mode", "navigate")),
        Just(("origin", "https://a.test")),
        Just(("access-control-request-method", "PUT")),
    ];
    prop::collection::vec(field, 0..4)
}

pub fn sent() -> impl Strategy<Value = Sent> {
    let hosts = prop_oneof![
        8 => host().prop_map(|host| vec![host]),
        1 => Just(Vec::new()),
        1 => (host(), host()).prop_map(|(one, two)| vec![one, two]),
    ];
    let version = prop_oneof![
        1 => Just(Version::HTTP_10), 6 => Just(Version::HTTP_11), 2 => Just(Version::HTTP_2),
    ];
    let form = prop_oneof![
        6 => Just("{path}"), 1 => Just("http://{host}{path}"), 1 => Just("https://{host}{path}"),
        1 => Just("http://evil.example{path}"),
    ];
    (method(), path(), version, hosts, forged_fields(), form).prop_map(
        |(method, path, version, hosts, fields, form)| {
            let host = hosts.first().cloned().unwrap_or_else(|| "a.test".to_owned());
            let target = form.replace("{host}", &host).replace("{path}", &path);
            Sent { method, target, version, hosts, fields }
        },
    )
}

pub fn proxies() -> Trust {
    Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded()
}
