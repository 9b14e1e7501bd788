//! The known faults of other clients do not occur here. `tests/cases.txt` lists each fault and the test that
//! shows its absence.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_redirect::follow::{Action, Attempt, RedirectContext, RedirectErrorKind, follow_fn};
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};

use crate::support::{Script, Seen, redirection};

const S: (&str, &str) = ("authorization", "secret");
const C: (&str, &str) = ("cookie", "session=secret");
const P: (&str, &str) = ("proxy-authorization", "secret");
const K: (&str, &str) = ("x-api-key", "secret");

type Fields = &'static [(&'static str, &'static str)];
/// The row of the list, the first URL, the secrets, and the redirections.
type Row = (&'static str, &'static str, Fields, &'static [(u16, &'static str)]);

/// Declares `K` as a secret, by its name.
fn layer() -> FollowRedirectsLayer {
    FollowRedirectsLayer::new()
        .allow_https_to_http()
        .sensitive_headers([HeaderName::from_static("x-api-key")])
}

fn request(
    method: &str,
    uri: &str,
    fields: &[(&str, &str)],
    body: &'static str,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(uri).header("accept", "*/*");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Full::from(body)).expect(uri)
}

fn script(chain: &[(u16, &str)]) -> Script {
    Script::new(chain.iter().map(|(status, location)| redirection(*status, location)))
}

async fn seen(request: Request<Full<Bytes>>, chain: &[(u16, &str)]) -> Vec<Seen> {
    let script = script(chain);
    script.follow_by(&layer(), request).await.unwrap_or_else(|error| panic!("{chain:?}: {error}"));
    assert_eq!(script.seen().len(), chain.len() + 1, "{chain:?}: followed to its end");
    script.seen()
}

fn is_secret(seen: &Seen) -> bool {
    let fields =
        seen.headers.values().any(|value| value.as_bytes().windows(6).any(|w| w == b"secret"));
    fields || seen.uri.to_string().contains("secret")
}

/// Only the first request carries the secrets.
#[tokio::test]
async fn secrets_stay_with_their_origin() {
    let rows: &[Row] = &[
        ("CVE-2018-1000007", "http://a.test/", &[S], &[(302, "http://b.test/")]),
        ("CVE-2022-27774", "http://user:secret@a.test/", &[], &[(302, "http://a.test:8080/")]),
        ("CVE-2022-27776", "http://a.test/", &[S, C], &[(302, "http://a.test:8080/")]),
        ("CVE-2022-31091", "http://a.test/", &[S, C], &[(302, "http://a.test:81/")]),
        ("CVE-2022-31033", "http://a.test/", &[S], &[(302, "http://a.test:8443/")]),
        ("CVE-2022-31043", "https://a.test/", &[S], &[(302, "http://a.test/")]),
        ("reqwest #2985", "https://a.test:8443/", &[S, C], &[(302, "http://a.test:8443/")]),
        ("CVE-2018-20060", "http://a.test/", &[S], &[(302, "http://b.test/")]),
        ("aiohttp #13180", "http://a.test/", &[S, S, S, C, C], &[(302, "http://b.test/")]),
        ("CVE-2023-43804", "http://a.test/", &[C], &[(302, "http://b.test/")]),
        ("CVE-2022-31042", "https://a.test/", &[C], &[(302, "http://a.test/")]),
        ("CVE-2022-21712", "http://a.test/", &[S, C], &[(302, "http://b.test/")]),
        (
            "CVE-2022-0235",
            "http://a.test/",
            &[S, ("www-authenticate", "secret"), C, ("cookie2", "secret")],
            &[(302, "http://b.test/")],
        ),
        ("CVE-2024-28849", "http://a.test/", &[P], &[(302, "http://b.test/")]),
        (
            "CVE-2025-4673",
            "http://a.test/",
            &[P, ("proxy-authenticate", "secret")],
            &[(302, "http://b.test/")],
        ),
        ("CVE-2024-45336", "http://a.test/", &[S], &[(302, "http://b.test/1"), (302, "/2")]),
        ("variant", "http://a.test/", &[S, C], &[(302, "http://b.test/"), (302, "http://a.test/")]),
        (
            "GHSA-qccp-gfcp-xxvc",
            "http://a.test/",
            &[S],
            &[(301, "http://b.test/"), (303, "/x"), (308, "/y")],
        ),
        ("CVE-2026-54171", "http://a.test/", &[K, K], &[(302, "http://b.test/")]),
        ("CVE-2026-54603", "http://a.test/", &[S], &[(302, "//b.test/leak")]),
        ("CVE-2026-54603", "http://a.test/", &[S], &[(302, "/\\b.test/leak")]),
        (
            "CVE-2026-9546",
            "http://a.test/",
            &[("referer", "http://a.test/?secret")],
            &[(302, "http://b.test/")],
        ),
        (
            "CVE-2022-0430",
            "http://a.test/",
            &[C],
            &[(307, "http://b.test/"), (307, "http://c.test/")],
        ),
    ];
    for (row, from, fields, chain) in rows {
        for method in ["GET", "POST"] {
            let seen = seen(request(method, from, fields, "tea"), chain).await;
            assert!(is_secret(&seen[0]) || fields.is_empty(), "{row}: its own origin gets them");
            for later in &seen[1..] {
                assert!(!is_secret(later), "{row}: {later:?}");
                assert!(
                    later.headers.contains_key("accept"),
                    "{row}: a header without a secret is kept"
                );
            }
        }
    }
}

/// `http::HeaderName` is in lower case, whatever the caller wrote.
#[tokio::test]
async fn header_names_are_compared_without_case() {
    for name in ["Authorization", "authorization", "AUTHORIZATION", "aUTHORIZATION"] {
        let asked = request("GET", "http://a.test/", &[(name, "secret")], "");
        let seen = seen(asked, &[(302, "http://b.test/")]).await;
        assert!(is_secret(&seen[0]) && !is_secret(&seen[1]), "{name}");
    }
}

#[tokio::test]
async fn declared_headers_stay_with_their_origin() {
    let client = |layer: FollowRedirectsLayer, asked: Request<Full<Bytes>>| async move {
        let script = script(&[(302, "http://b.test/")]);
        script.follow_by(&layer, asked).await.expect("followed");
        script.seen().pop().map(|seen| is_secret(&seen))
    };
    let asked = || request("GET", "http://a.test/", &[K], "");
    assert_eq!(
        client(FollowRedirectsLayer::new(), asked()).await,
        Some(true),
        "nobody declared it"
    );
    assert_eq!(client(layer(), asked()).await, Some(false));
    let prefix = FollowRedirectsLayer::new().sensitive_prefix("x-api-").expect("valid");
    assert_eq!(client(prefix, asked()).await, Some(false));
    let mut marked = asked();
    marked.headers_mut().values_mut().for_each(|value| value.set_sensitive(value == "secret"));
    assert_eq!(client(FollowRedirectsLayer::new(), marked).await, Some(false));
}

/// An inner layer sees every request of the chain, and can ask the context for its origin.
#[tokio::test]
async fn an_inner_layer_can_keep_its_secret_from_other_origins() {
    let script = script(&[(307, "/b"), (307, "http://b.test/"), (307, "http://a.test/")]);
    let server = script.clone();
    let signing = service_fn(move |mut request: Request<Full<Bytes>>| {
        let context = RedirectContext::of(request.extensions());
        if !context.is_some_and(RedirectContext::has_left_trusted_origins) {
            request.headers_mut().insert("authorization", HeaderValue::from_static("secret"));
        }
        server.clone().call(request)
    });
    let asked = request("POST", "http://a.test/", &[], "signed");
    layer().layer(signing).oneshot(asked).await.expect("followed");
    let signed: Vec<_> = script.seen().iter().map(is_secret).collect();
    assert_eq!(signed, [true, true, false, false]);
}

#[tokio::test]
async fn extensions_stay_with_their_origin() {
    #[derive(Clone)]
    struct Auth;
    let script = script(&[(302, "/b"), (302, "http://b.test/"), (302, "/c")]);
    let (server, noted) = (script.clone(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
    let seen = noted.clone();
    let inner = service_fn(move |request: Request<Full<Bytes>>| {
        seen.lock().expect("not poisoned").push(request.extensions().get::<Auth>().is_some());
        server.clone().call(request)
    });
    let mut asked = request("GET", "http://a.test/", &[], "");
    asked.extensions_mut().insert(Auth);
    layer().layer(inner).oneshot(asked).await.expect("followed");
    assert_eq!(*noted.lock().expect("not poisoned"), [true, true, false, false]);
}

#[tokio::test]
async fn a_body_that_was_given_up_does_not_come_back() {
    let fields: Fields =
        &[("content-type", "text/plain"), ("content-length", "6"), ("content-encoding", "x")];
    for (row, chain, bodies) in [
        ("CVE-2023-45803", &[(303, "http://b.test/")][..], &["secret", ""][..]),
        ("CVE-2023-45803", &[(301, "/b")], &["secret", ""]),
        ("CVE-2023-45803", &[(302, "/b")], &["secret", ""]),
        ("Scrapy 2.14.2", &[(301, "http://b.test/")], &["secret", ""]),
        ("go #70180", &[(302, "/1"), (307, "/2")], &["secret", "", ""]),
        (
            "go #70180",
            &[(307, "/1"), (303, "/2"), (308, "http://b.test/3")],
            &["secret", "secret", "", ""],
        ),
    ] {
        let seen = seen(request("POST", "http://a.test/", fields, "secret"), chain).await;
        for (seen, body) in seen.iter().zip(bodies) {
            assert_eq!(seen.body, *body, "{row}");
            let method = if body.is_empty() { Method::GET } else { Method::POST };
            assert_eq!(seen.method, method, "{row}");
            let content = seen.headers.keys().any(|name| name.as_str().starts_with("content-"));
            assert_eq!(content, !body.is_empty(), "{row}");
        }
    }
}

/// Returns the error, and checks that no second request was sent.
async fn refused(asked: Request<Full<Bytes>>, location: &str) -> RedirectErrorKind {
    let script = script(&[(302, location)]);
    let error = script.follow_by(&layer(), asked).await.expect_err(location);
    assert_eq!(script.seen().len(), 1, "{location}");
    error.redirect().expect("of ours").kind()
}

#[tokio::test]
async fn only_http_and_https_are_followed() {
    let long = format!("tftp://{}/x", "a".repeat(2000));
    for location in [
        "file:///etc/passwd",
        "scp://a/x",
        "imap://u@a/",
        "ftp://b.test/",
        "data:text/html,x",
        "mailto:a@b.test",
        "unix:/var/run/docker.sock:/x",
        &long,
        "javascript:x",
        "gopher://b.test/",
        "FILE:///etc/passwd",
    ] {
        let kind = refused(request("GET", "http://a.test/", &[S], ""), location).await;
        assert_eq!(kind, RedirectErrorKind::UnsupportedScheme, "{location}");
    }
    // `unix` is a host like any other here, not a socket.
    let seen = seen(request("GET", "http://a.test/", &[], ""), &[(302, "http://unix:/x")]).await;
    assert_eq!(seen[1].uri, "http://unix/x");
}

/// The policy, the history and the request agree on the URL that `url` parses.
#[tokio::test]
async fn a_location_is_parsed_in_one_way_only() {
    for (row, from, location, expected) in [
        ("CVE-2020-8169", "http://user:p%40ss@a.test/", "/x", Ok("http://a.test/x")),
        ("CVE-2026-48998", "http://a.test/", "http://a@b.test/", Ok("http://b.test/")),
        ("CVE-2026-48998", "http://a.test/", "/.//b.test/x", Ok("http://a.test//b.test/x")),
        ("CVE-2026-47076", "http://a.test/", "http://%31%32%37.0.0.1/", Ok("http://127.0.0.1/")),
        ("CVE-2023-26159", "http://a.test/", "http://[b.test]/", Err(())),
        ("CVE-2023-26159", "http://a.test/", "http://b.test]@c.test/", Ok("http://c.test/")),
        ("CVE-2023-45289", "http://a.test/", "http://[::1%25.a.test]/", Err(())),
    ] {
        let decided = std::sync::Arc::new(std::sync::Mutex::new(None));
        let noted = decided.clone();
        let policy = follow_fn(move |attempt: &Attempt<'_>| {
            *noted.lock().expect("not poisoned") = attempt.next_uri().map(ToString::to_string);
            Action::Follow
        });
        let script = script(&[(302, location)]);
        let client = layer().policy(policy).layer(script.clone());
        let outcome = client.oneshot(request("GET", from, &[], "")).await;
        let decided = decided.lock().expect("not poisoned").clone();
        let (sent, history) = match &outcome {
            Ok(response) => {
                let last = RedirectHistory::of(response)
                    .and_then(|h| h.final_uri())
                    .map(ToString::to_string);
                (script.seen().get(1).map(|seen| seen.uri.to_string()), last)
            }
            Err(_) => (None, None),
        };
        let expected = expected.ok().map(str::to_owned);
        assert_eq!(
            (&sent, &history, &decided),
            (&expected, &expected, &expected),
            "{row}: {location}"
        );
        assert_eq!(script.seen().len(), 1 + usize::from(expected.is_some()), "{row}");
    }
}

#[tokio::test]
async fn a_host_header_of_the_caller_stays_with_its_authority() {
    let host: Fields = &[("host", "virtual.test")];
    let chain: &[_] = &[(302, "/b"), (302, "http://a.test:81/"), (302, "http://a.test/")];
    let seen = seen(request("GET", "http://a.test/", host, ""), chain).await;
    let hosts: Vec<_> = seen.iter().map(|seen| seen.headers.contains_key("host")).collect();
    assert_eq!(hosts, [true, true, false, false]);
}

#[tokio::test]
async fn no_referer_is_added() {
    let seen = seen(
        request("GET", "http://a.test/?secret", &[], ""),
        &[(302, "/b"), (302, "http://b.test/")],
    )
    .await;
    assert!(seen.iter().all(|seen| !seen.headers.contains_key("referer")));
}

#[tokio::test]
async fn an_upgrade_is_not_taken_to_another_origin() {
    let upgrade = request(
        "GET",
        "http://a.test/",
        &[("upgrade", "websocket"), ("connection", "upgrade")],
        "",
    );
    assert_eq!(refused(upgrade, "http://b.test/").await, RedirectErrorKind::NotFollowable);
}

#[tokio::test]
async fn a_limit_of_zero_follows_nothing() {
    let script = script(&[(302, "/b")]);
    let outcome =
        script.follow_by(&layer().limit(0), request("GET", "http://a.test/", &[], "")).await;
    assert!(
        outcome
            .expect_err("over the limit")
            .redirect()
            .is_some_and(|error| error.is_too_many_redirects())
    );
    assert_eq!(script.seen().len(), 1);
}
