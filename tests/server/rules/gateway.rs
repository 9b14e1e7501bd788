//! `RequestRedirect` of the Kubernetes Gateway API: the requests of its conformance tests
//! (`conformance/tests/httproute-redirect-*.go`, `httproute-303-redirect.go`, `httproute-308-redirect.go`),
//! and the table in the documentation of `HTTPPathModifier`.

use tower_redirect::policy::{RequestRedirect, RouteMatch, Rules};
use tower_redirect::{ConfigErrorKind, Scheme};

use super::{answer, table};

fn redirect() -> RequestRedirect {
    RequestRedirect::new()
}

fn exact(path: &str) -> RouteMatch {
    RouteMatch::exact(path).expect(path)
}

fn prefix(path: &str) -> RouteMatch {
    RouteMatch::prefix(path).expect(path)
}

fn on_org(redirect: RequestRedirect) -> RequestRedirect {
    redirect.hostname("example.org").expect("valid")
}

fn status(redirect: RequestRedirect, code: u16) -> RequestRedirect {
    redirect.status_code(code).expect("valid")
}

#[track_caller]
fn rules(redirects: impl IntoIterator<Item = (RouteMatch, RequestRedirect)>) -> Rules {
    Rules::from_request_redirects(redirects).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn statuses_and_hosts() {
    let rules = rules([
        (prefix("/see-other"), status(redirect(), 303)),
        (prefix("/temporary"), status(redirect(), 307)),
        (prefix("/permanent"), status(redirect(), 308)),
        (prefix("/hostname-redirect"), on_org(redirect())),
        (prefix("/host-and-status"), status(on_org(redirect()), 301)),
    ]);
    table(
        &rules,
        &[
            // A redirection to the URL of the request itself is sent, too.
            ("POST /see-other", "303 /see-other"),
            ("/temporary", "307 /temporary"),
            ("/permanent", "308 /permanent"),
            ("/hostname-redirect", "302 http://example.org/hostname-redirect"),
            ("/host-and-status", "301 http://example.org/host-and-status"),
            ("/host-and-statuses", ""),
        ],
    );
}

#[test]
fn paths() {
    let full =
        |redirect: RequestRedirect, path: &str| redirect.replace_full_path(path).expect(path);
    let start =
        |redirect: RequestRedirect, path: &str| redirect.replace_prefix_match(path).expect(path);
    let rules = rules([
        (prefix("/original-prefix"), start(redirect(), "/replacement-prefix")),
        (prefix("/full"), full(redirect(), "/full-path-replacement")),
        (prefix("/path-and-host"), start(on_org(redirect()), "/replacement-prefix")),
        (prefix("/path-and-status"), status(start(redirect(), "/replacement-prefix"), 301)),
        (prefix("/full-path-and-host"), full(on_org(redirect()), "/replacement-full")),
        (prefix("/full-path-and-status"), status(full(redirect(), "/replacement-full"), 301)),
        (prefix("/redirect/full"), full(redirect(), "/redirected-full")),
        (prefix("/redirect/prefix"), start(redirect(), "/redirected-prefix")),
    ]);
    table(
        &rules,
        &[
            ("/original-prefix/lemon", "302 /replacement-prefix/lemon"),
            ("/full/path/original", "302 /full-path-replacement"),
            ("/path-and-host/lemon", "302 http://example.org/replacement-prefix/lemon"),
            ("/path-and-status/lemon", "301 /replacement-prefix/lemon"),
            ("/full-path-and-host/lemon", "302 http://example.org/replacement-full"),
            ("/full-path-and-status/lemon", "301 /replacement-full"),
            ("/redirect/full/original", "302 /redirected-full"),
            ("/redirect/prefix/original", "302 /redirected-prefix/original"),
            ("/original-prefix/lemon?a=b", "302 /replacement-prefix/lemon?a=b"),
        ],
    );
}

/// Listener, scheme and port of the filter, and the `Location` of `/x`.
#[test]
fn schemes_and_ports() {
    use Scheme::{Http, Https};
    for (listener, scheme, port, expected) in [
        ("http://a.test", None, None, "http://example.org/x"),
        ("http://a.test", None, Some(80), "http://example.org/x"),
        ("http://a.test", None, Some(8080), "http://example.org:8080/x"),
        ("http://a.test", Some(Https), None, "https://example.org/x"),
        ("http://a.test", Some(Https), Some(443), "https://example.org/x"),
        ("http://a.test", Some(Https), Some(8443), "https://example.org:8443/x"),
        ("http://a.test:8080", None, None, "http://example.org:8080/x"),
        ("http://a.test:8080", None, Some(80), "http://example.org/x"),
        ("http://a.test:8080", Some(Https), None, "https://example.org/x"),
        ("https://a.test", None, None, "https://example.org/x"),
        ("https://a.test", None, Some(443), "https://example.org/x"),
        ("https://a.test", None, Some(8443), "https://example.org:8443/x"),
        ("https://a.test", Some(Http), None, "http://example.org/x"),
        ("https://a.test", Some(Http), Some(80), "http://example.org/x"),
        ("https://a.test", Some(Http), Some(8080), "http://example.org:8080/x"),
        // A scheme that is named sets its default port, even if it is the scheme of the request.
        ("http://a.test:8080", Some(Http), None, "http://example.org/x"),
    ] {
        let mut redirect = on_org(redirect());
        if let Some(scheme) = scheme {
            redirect = redirect.scheme(scheme);
        }
        if let Some(port) = port {
            redirect = redirect.port(port);
        }
        let rules = rules([(prefix("/"), redirect)]);
        let seen = answer(&rules, "GET", &format!("{listener}/x"));
        assert_eq!(seen, Some(format!("302 {expected}")), "{listener} {scheme:?} {port:?}");
    }
}

/// The port that a client sends is ignored if the port of the listener is known.
#[test]
fn the_port_of_the_listener_replaces_that_of_the_request() {
    for (port, expected) in
        [(80, "302 http://example.org/x"), (8080, "302 http://example.org:8080/x")]
    {
        let rules = rules([(prefix("/"), on_org(redirect()).listener_port(port))]);
        assert_eq!(answer(&rules, "GET", "http://a.test:1234/x").as_deref(), Some(expected));
    }
}

#[test]
fn ports_and_schemes_alone() {
    let rules = rules([
        (prefix("/port"), redirect().port(8083)),
        (prefix("/port-and-host"), on_org(redirect().port(8083))),
        (prefix("/port-and-status"), status(redirect().port(8083), 301)),
        (prefix("/port-and-host-and-status"), status(on_org(redirect().port(8083)), 302)),
        (prefix("/scheme"), redirect().scheme(Scheme::Https)),
        (prefix("/scheme-and-host"), on_org(redirect().scheme(Scheme::Https))),
        (prefix("/scheme-and-status"), status(redirect().scheme(Scheme::Https), 301)),
        (
            prefix("/scheme-and-host-and-status"),
            status(on_org(redirect().scheme(Scheme::Https)), 302),
        ),
    ]);
    table(
        &rules,
        &[
            ("/port", "302 http://a.test:8083/port"),
            ("/port-and-host", "302 http://example.org:8083/port-and-host"),
            ("/port-and-status", "301 http://a.test:8083/port-and-status"),
            ("/port-and-host-and-status", "302 http://example.org:8083/port-and-host-and-status"),
            ("/scheme", "302 https://a.test/scheme"),
            ("/scheme-and-host", "302 https://example.org/scheme-and-host"),
            ("/scheme-and-status", "301 https://a.test/scheme-and-status"),
            ("/scheme-and-host-and-status", "302 https://example.org/scheme-and-host-and-status"),
        ],
    );
}

/// Request, prefix match, replacement, modified path: the table of `ReplacePrefixMatch`.
#[test]
fn replace_prefix_match() {
    for (path, matched, replacement, expected) in [
        ("/foo/bar", "/foo", "/xyz", "/xyz/bar"),
        ("/foo/bar", "/foo", "/xyz/", "/xyz/bar"),
        ("/foo/bar", "/foo/", "/xyz", "/xyz/bar"),
        ("/foo/bar", "/foo/", "/xyz/", "/xyz/bar"),
        ("/foo", "/foo", "/xyz", "/xyz"),
        ("/foo/", "/foo", "/xyz", "/xyz/"),
        ("/foo/bar", "/foo", "", "/bar"),
        ("/foo/", "/foo", "", "/"),
        ("/foo", "/foo", "", "/"),
        ("/foo/", "/foo", "/", "/"),
        ("/foo", "/foo", "/", "/"),
    ] {
        let to = redirect().replace_prefix_match(replacement).expect(replacement);
        let rules = rules([(prefix(matched), to)]);
        let seen = answer(&rules, "GET", path);
        assert_eq!(seen, Some(format!("302 {expected}")), "{path} {matched} {replacement}");
    }
    let rules = rules([(prefix("/abc"), on_org(redirect()))]);
    assert_eq!(answer(&rules, "GET", "/abcd"), None);
}

/// "Precedence must be given to the match having .." (`HTTPRouteRule.matches`).
#[test]
fn the_most_specific_match_wins() {
    let to = |path: &str| redirect().replace_full_path(path).expect(path);
    let version = || http::HeaderName::from_static("version");
    let value = http::HeaderValue::from_static;
    let rules = rules([
        (prefix("/"), to("/any")),
        (prefix("/a"), to("/short")),
        (prefix("/a/b"), to("/long")),
        (exact("/a/b"), to("/exact")),
        (prefix("/m").header(version(), value("1")), to("/header")),
        (prefix("/m").method(http::Method::POST), to("/method")),
        (prefix("/m").query_param("q", "1"), to("/query")),
        (prefix("/h").hostname("*.b.test").expect("valid"), to("/wildcard")),
        (prefix("/h").hostname("x.b.test").expect("valid"), to("/host")),
    ]);
    table(
        &rules,
        &[
            ("/x", "302 /any"),
            ("/a/x", "302 /short"),
            ("/a/b/c", "302 /long"),
            ("/a/b", "302 /exact"),
            ("/a/b/", "302 /long"),
            ("POST /m?q=1", "307 /method?q=1"),
            ("/m?q=1", "302 /query?q=1"),
            ("/m", "302 /any"),
            ("http://x.b.test/h", "302 /host"),
            ("http://y.b.test/h", "302 /wildcard"),
        ],
    );
}

#[test]
fn the_last_method_wins() {
    let twice = exact("/a").method(http::Method::GET).method(http::Method::POST);
    let rules = rules([(twice, on_org(redirect()))]);
    table(&rules, &[("/a", ""), ("POST /a", "307 http://example.org/a")]);
}

#[test]
fn invalid_paths_statuses_and_hosts_are_refused() {
    assert!(RouteMatch::prefix("/:x").is_err());
    for not_a_path in ["a", "", "https://b.test/a"] {
        assert!(RouteMatch::exact(not_a_path).is_err(), "{not_a_path}");
        assert!(RouteMatch::prefix(not_a_path).is_err(), "{not_a_path}");
    }
    assert!(redirect().replace_full_path("//evil.test").is_err());
    assert!(redirect().replace_full_path(&format!("/{}", "x".repeat(70_000))).is_err());
    assert!(redirect().replace_prefix_match("x").is_err());
    assert!(redirect().status_code(300).is_err_and(|error| error.value() == "300"));
    assert!(redirect().hostname("a b").is_err_and(|error| error.kind() == ConfigErrorKind::Host));
}

/// A slash at the end of a prefix makes no difference, so equal matches keep their order.
#[test]
fn prefixes_with_and_without_a_slash_are_equal() {
    let to = |path: &str| redirect().replace_full_path(path).expect(path);
    let rules = rules([(prefix("/a"), to("/first")), (prefix("/a/"), to("/second"))]);
    table(&rules, &[("/a/b", "302 /first"), ("/a", "302 /first")]);
}
