//! Compares random chains with a model that uses `url` alone: where each hop goes, and what it carries.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri};
use http_body_util::Full;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tower_redirect::FollowRedirectsLayer;
use url::Url;

use crate::support::{Mark, Script, redirection};

const FIRST: [&str; 20] = [
    "http://a.test/b/c/d;p?q",
    "https://a.test/",
    "https://a.test:8443/x/",
    "https://x.a.test/",
    "https://evil-a.test/",
    "https://a.test./x",
    "https://u:pw@a.test:443/x",
    "http://a.test?x",
    "http://A.test:80/a//b",
    "http://a.test/../x",
    "http://a.test/a/./b",
    "http://a.test/%2e%2e/x",
    "http://a.test/a'b?c'd",
    "http://a.test/x?a/../b",
    "http://a--b.test/[x]",
    "http://a.test:080/",
    "http://[::1]:8080/",
    "http://127.0.0.1/x",
    "http://0x7f.1/x",
    "https://xn--bcher-kva.example/%7Ea/b?x",
];

/// The parts of which references are made.
#[rustfmt::skip]
const PARTS: [&str; 56] = [
    "/", "//", "\\", ".", "..", "../", "./", "/../", "%2e", "%2E%2e", "?", "#", "a", "b/c", "\t", " ", ":", "@", "'",
    "%", "1", "A", ";", "*", "|", "{", "\"", "é", "\u{a0}", "。", "%5c", "user:pw@", "http:", "HTTP://", "https://",
    "a.test", "A.TEST", "a.test.", "x.a.test", "evil-a.test", "b.test", ":80", ":443", ":8443", ":0443", "[0::1]",
    "127.1", "xn--", "http://a.test", "https://a.test", "https://a.test:443", "https://x.a.test/", "https://b.test/",
    "//a.test/", "///a.test", "mailto:",
];

/// A layer, and whether it trusts a host on https and its default port.
type Row = (FollowRedirectsLayer, fn(&str) -> bool);

static LAYERS: LazyLock<[Row; 3]> = LazyLock::new(|| {
    let layer = || FollowRedirectsLayer::new().allow_https_to_http();
    let trusting = |origins: &[&str]| layer().trust_origins(origins).expect("origins");
    [
        (layer(), |_| false),
        (trusting(&["https://a.test", "https://b.test"]), |host| {
            ["a.test", "b.test"].contains(&host)
        }),
        (trusting(&["https://*.a.test"]), |host| host.len() > 7 && host.ends_with(".a.test")),
    ]
});

/// The next URL, without fragment and userinfo; `None` if the chain has to end.
fn next(url: &Url, reference: &str) -> Option<Url> {
    // Browsers accept any number of slashes before a host; `url` does so only after a scheme.
    let text = reference.trim_start_matches(|c| c <= ' ').replace('\t', "");
    let host = text.trim_start_matches(['/', '\\']);
    let slashes = text.len() - host.len();
    let mut next = url.join(&if slashes > 2 { format!("//{host}") } else { text }).ok()?;
    next.set_fragment(None);
    let is_http = matches!(next.scheme(), "http" | "https");
    // `http` rejects some hosts that `url` accepts.
    (is_http && without_userinfo(&mut next) && Uri::try_from(next.as_str()).is_ok()).then_some(next)
}

fn without_userinfo(url: &mut Url) -> bool {
    url.set_username("").and_then(|()| url.set_password(None)).is_ok()
}

fn request(first: &str) -> Request<Full<Bytes>> {
    let mut request = Request::get(first).body(Full::default()).expect("valid");
    let mut key = HeaderValue::from_static("secret");
    key.set_sensitive(true);
    request.headers_mut().extend([
        (http::header::AUTHORIZATION, HeaderValue::from_static("secret")),
        (http::header::HOST, HeaderValue::from_static("virtual.test")),
        (http::header::CONNECTION, HeaderValue::from_static("x-hop")),
        (http::HeaderName::from_static("x-hop"), HeaderValue::from_static("1")),
        (http::HeaderName::from_static("x-key"), key),
    ]);
    request.extensions_mut().insert(Mark);
    request
}

proptest! {
    #[test]
    fn each_hop_goes_where_url_says_and_carries_what_its_origin_may_see(
        first in select(FIRST.as_slice()),
        references in vec(vec(select(PARTS.as_slice()), 0..6).prop_map(|parts| parts.concat()), 1..5),
        layer in 0..3_usize,
    ) {
        let (layer, trusts) = &LAYERS[layer];
        let script = Script::new(references.iter().map(|reference| redirection(307, reference)));
        let future = script.follow_by(layer, request(first));
        let _ = tokio_test::block_on(future);
        let seen = script.seen();

        let mut url = Url::parse(first).expect("a url");
        prop_assert!(without_userinfo(&mut url));
        let (mut same_host, mut secrets, mut hops) = (true, true, 0);
        for reference in &references {
            let Some(next) = next(&url, reference) else { break };
            hops += 1;
            let Some(seen) = seen.get(hops) else {
                return Err(TestCaseError::fail(format!("hop {hops} to {next} was not sent")));
            };
            prop_assert_eq!(seen.uri.to_string(), next.as_str());
            if next.origin() != url.origin() {
                let is_trusted = |url: &Url| {
                    url.scheme() == "https" && url.port().is_none() && url.host_str().is_some_and(trusts)
                };
                same_host = false;
                secrets &= is_trusted(&url) && is_trusted(&next);
            }
            for (name, kept) in [
                ("authorization", secrets),
                ("x-key", secrets),
                ("host", same_host),
                ("x-hop", false),
                ("connection", false),
            ] {
                prop_assert_eq!(seen.headers.contains_key(name), kept, "hop {}: {}", hops, name);
            }
            prop_assert_eq!(seen.marked, secrets, "hop {}: extensions", hops);
            url = next;
        }
        prop_assert_eq!(seen.len(), hops + 1, "more was sent");
    }
}
