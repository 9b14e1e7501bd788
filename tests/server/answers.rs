//! What `RedirectLayer` answers, and when.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use http_body::Body;
use http_body_util::BodyExt;
use tower::{Layer, Service};
use tower_redirect::server::Answered;
use tower_redirect::{
    Decision, HttpsOnly, RedirectLayer, RedirectPolicy, Redirection, RequestHead, Scheme,
    Transport, Versioning, policy_fn,
};

use crate::support::{Inner, ask, request};

fn to(url: &str) -> Redirection {
    Redirection::to(url).expect("valid")
}

fn always(redirection: Redirection) -> RedirectLayer<impl RedirectPolicy> {
    RedirectLayer::new(policy_fn(move |_| redirection.clone()))
}

#[tokio::test]
async fn the_status_depends_on_the_method() {
    let new = || to("https://b.test/x");
    for (redirection, method, status) in [
        (new(), "GET", 307),
        (new(), "POST", 307),
        (new().permanent(), "GET", 308),
        (new().permanent(), "POST", 308),
        (new().found(), "GET", 302),
        (new().found(), "HEAD", 302),
        (new().found(), "POST", 307),
        (new().found(), "OPTIONS", 307),
        (new().found().rewriting_methods(), "POST", 302),
        (new().moved_permanently(), "GET", 301),
        (new().moved_permanently(), "POST", 308),
        (new().moved_permanently().rewriting_methods(), "POST", 301),
        (new().see_other(), "POST", 303),
        (new().see_other(), "GET", 303),
    ] {
        let asked = ask(&always(redirection), request(method, "/", &[])).await;
        assert_eq!(asked.status.as_u16(), status, "{method}");
        assert_eq!(asked.location(), Some("https://b.test/x"));
        assert_eq!(asked.header("content-length"), Some("0"));
        assert!(asked.body.is_empty());
        assert_eq!(asked.calls, 0);
    }
}

#[tokio::test]
async fn only_permanent_answers_are_stored_by_default() {
    let hour = Duration::from_secs(3600);
    let new = || to("https://b.test/x");
    for (redirection, cache_control) in [
        (new(), "no-store"),
        (new().found(), "no-store"),
        (new().see_other(), "no-store"),
        (new().max_age(hour), "no-store"),
        (new().permanent(), "max-age=86400"),
        (new().moved_permanently(), "max-age=86400"),
        (new().permanent().max_age(hour), "max-age=3600"),
    ] {
        let asked = ask(&always(redirection), request("GET", "/", &[])).await;
        assert_eq!(asked.header("cache-control"), Some(cache_control));
        assert_eq!(asked.header("vary"), None);
    }
    let respond = |status: u16, own: Option<&'static str>| {
        RedirectLayer::new(policy_fn(move |_| {
            let mut response = Response::new(Bytes::from("words"));
            *response.status_mut() = StatusCode::from_u16(status).expect("valid");
            if let Some(own) = own {
                response.headers_mut().insert("cache-control", HeaderValue::from_static(own));
            }
            Decision::Respond(response)
        }))
    };
    for (status, own, expected) in [
        (503, None, "no-store"),
        (403, None, "no-store"),
        (200, None, "no-store"),
        (410, None, "max-age=86400"),
        (410, Some("private"), "private"),
        (200, Some("max-age=5"), "max-age=5"),
    ] {
        let asked = ask(&respond(status, own), request("GET", "/", &[])).await;
        assert_eq!(asked.header("cache-control"), Some(expected), "{status}");
        assert_eq!((asked.header("content-length"), &asked.body[..]), (Some("5"), &b"words"[..]));
        let asked = ask(&respond(status, own), request("HEAD", "/", &[])).await;
        assert_eq!((asked.header("content-length"), &asked.body[..]), (Some("5"), &b""[..]));
    }
    for status in [204, 304] {
        let asked = ask(&respond(status, None), request("GET", "/", &[])).await;
        assert_eq!((asked.header("content-length"), &asked.body[..]), (None, &b""[..]));
    }
}

#[tokio::test]
async fn vary_lists_the_fields_that_were_read() {
    let layer = RedirectLayer::new(policy_fn(|head| {
        let _ = (head.header(header::ACCEPT), head.header(header::ACCEPT_LANGUAGE));
        let _ = head.header(header::ACCEPT);
        to("/x").permanent()
    }));
    let asked = ask(&layer, request("GET", "/", &[])).await;
    assert_eq!(asked.header("vary"), Some("accept, accept-language"));
    // A policy's own response has the fields, too, but not the host: every cache keys by it.
    let layer = RedirectLayer::new(policy_fn(|head| {
        let _ = (head.header(header::ACCEPT), head.header(header::HOST));
        let mut response = Response::new(Bytes::new());
        response.headers_mut().insert("cache-control", HeaderValue::from_static("max-age=5"));
        Decision::Respond(response)
    }));
    assert_eq!(ask(&layer, request("GET", "/", &[])).await.header("vary"), Some("accept"));
    let layer = RedirectLayer::new(policy_fn(|head| {
        let _ = head.headers();
        to("/x").permanent()
    }));
    assert_eq!(ask(&layer, request("GET", "/", &[])).await.header("vary"), Some("*"));
    let layer = RedirectLayer::new(policy_fn(|head| {
        for name in ["a", "b", "c", "d", "e", "f", "g"] {
            let _ = head.header(http::HeaderName::from_static(name));
        }
        to("/x").permanent()
    }));
    assert_eq!(ask(&layer, request("GET", "/", &[])).await.header("vary"), Some("*"));
}

#[tokio::test]
async fn a_header_is_read_by_name_or_by_text() {
    let tenant = http::HeaderName::from_static("x-tenant");
    let layer = RedirectLayer::new(policy_fn(move |head| {
        let texts = head.header_all("Accept").chain(head.header_all("x-tenant"));
        assert_eq!(texts.count(), 3);
        assert_eq!(head.header_all(&tenant).count(), 1);
        assert!(head.header(tenant.clone()).is_some() && head.header(&tenant).is_some());
        assert!(head.header("no header").is_none());
        assert_eq!(head.header_all("no header").count(), 0);
        to("/x").permanent()
    }));
    let fields = [("accept", "text/html"), ("accept", "*/*"), ("x-tenant", "7")];
    let asked = ask(&layer, request("GET", "/", &fields)).await;
    assert_eq!((asked.status.as_u16(), asked.header("vary")), (308, Some("accept, x-tenant")));
}

#[tokio::test]
async fn a_redirection_to_a_host_that_the_client_chose_is_temporary() {
    let diagnoses = Arc::new(Mutex::new(Vec::new()));
    let noted = diagnoses.clone();
    let moved = || Redirection::new().scheme(Scheme::Https);
    for (redirection, temporary, permanent) in
        [(moved().permanent(), 307, 308), (moved().moved_permanently(), 302, 301)]
    {
        let noted = noted.clone();
        let layer = always(redirection)
            .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
        let asked = ask(&layer, request("GET", "/", &[])).await;
        assert_eq!(asked.status.as_u16(), temporary);
        assert_eq!(asked.header("cache-control"), Some("no-store"));
        assert_eq!(
            diagnoses.lock().expect("not poisoned").drain(..).collect::<Vec<_>>(),
            ["the `Location` of a permanent redirection of a.test has a host or port that \
                 the client chose, so it was sent as a temporary one; list your hosts with `RedirectLayer::hosts`, and one with a port of \
              its own as `name:port`"]
        );
        let layer = layer.hosts(["a.test"]).expect("valid");
        let asked = ask(&layer, request("GET", "/", &[])).await;
        assert_eq!(asked.status.as_u16(), permanent);
        assert!(diagnoses.lock().expect("not poisoned").is_empty());
    }
    let canonical = always(moved().permanent()).default_host("a.test").expect("valid");
    assert_eq!(ask(&canonical, request("GET", "/", &[])).await.status.as_u16(), 308);
    let other = ask(&canonical, request("GET", "/", &[("host", "b.test")])).await;
    assert_eq!(other.status.as_u16(), 307);
    // A relative `Location` names no host, so the client chose none.
    let asked = ask(&always(to("/x").permanent()), request("GET", "/", &[])).await;
    assert_eq!(asked.status.as_u16(), 308);
}

#[tokio::test]
async fn a_location_is_built_from_its_parts() {
    let https = || Redirection::new().scheme(Scheme::Https);
    let host = |redirection: Redirection, host| redirection.host(host).expect("valid");
    for (redirection, uri, field, location) in [
        (https(), "/p?q=1&r", "a.test:8080", "https://a.test/p?q=1&r"),
        (https().port(8443), "/", "A.TEST.", "https://a.test:8443/"),
        (https().port(443), "/", "a.test:", "https://a.test/"),
        (https(), "/", "[2001:DB8::1]:80", "https://[2001:db8::1]/"),
        (host(Redirection::new(), "b.test"), "/p", "a.test:8080", "http://b.test:8080/p"),
        (host(Redirection::new(), "B.Test."), "/p", "a.test:80", "http://b.test/p"),
        (host(Redirection::new(), "b.test").port(81), "/p", "a.test", "http://b.test:81/p"),
        (host(https(), "b.test"), "/p", "a.test:8080", "https://b.test/p"),
        (Redirection::new().path("/x"), "/p?q", "a.test", "/x?q"),
        (Redirection::new().path("x"), "/p?q", "a.test", "/x?q"),
        (Redirection::new().path("/x?y#z"), "/p?q", "a.test", "/x%3Fy%23z?q"),
        (Redirection::new().query("a=b#c?d"), "/p?q", "a.test", "/p?a=b%23c?d"),
        (Redirection::new().without_query(), "/p?q", "a.test", "/p"),
        (Redirection::new().path("//b.test/x"), "/p", "a.test:81", "http://a.test:81//b.test/x"),
        (Redirection::new().path("/\\b.test"), "/p", "a.test", "http://a.test/%5Cb.test"),
        (Redirection::new().path("\\b.test"), "/p", "a.test", "http://a.test/%5Cb.test"),
        (Redirection::new().path("/\t/b.test"), "/p", "a.test", "/%09/b.test"),
        (Redirection::new().path("/\r\nset-cookie:x"), "/p", "a.test", "/%0D%0Aset-cookie:x"),
        (https(), "//b.test/x", "a.test", "https://a.test//b.test/x"),
        (https(), "/[x]\"{}|^?[y]", "a.test", "https://a.test/[x]%22%7B%7D%7C%5E?[y]"),
        (Redirection::new().path("/`<>"), "/", "a.test", "/%60%3C%3E"),
        (https(), "/%2e%2e/%0d%0a", "a.test", "https://a.test/%2e%2e/%0d%0a"),
        (https(), "/ä?ö", "a.test", "https://a.test/%C3%A4?%C3%B6"),
        (to("https://b.test"), "/p?q", "a.test", "https://b.test/"),
        (to("http://b.test:80/x?y"), "/p?q", "a.test", "http://b.test/x?y"),
        (to("/x"), "/p?q", "a.test", "/x"),
    ] {
        let asked = ask(&always(redirection), request("POST", uri, &[("host", field)])).await;
        assert_eq!(asked.location(), Some(location), "{uri} {field}");
    }
}

#[tokio::test]
async fn hosts_are_checked_if_a_policy_reads_them() {
    let layer = RedirectLayer::new(HttpsOnly::new()).hosts(["a.test", "*.b.test"]).expect("valid");
    let ask_host = async |uri: &str, version, fields: &[(&str, &str)]| {
        let mut request = request("GET", uri, fields);
        *request.version_mut() = version;
        if fields == [("host", "")] {
            request.headers_mut().remove("host");
        }
        let asked = ask(&layer, request).await;
        assert_eq!(asked.calls, 0);
        assert!(asked.status.is_redirection() || asked.header("cache-control") == Some("no-store"));
        (asked.status.as_u16(), asked.location().map(str::to_owned))
    };
    let moved = |url: &str| (307, Some(url.to_owned()));
    let (h10, h11, h2) = (Version::HTTP_10, Version::HTTP_11, Version::HTTP_2);
    for (uri, version, fields, expected) in [
        ("/", h11, &[("host", "a.test")][..], moved("https://a.test/")),
        ("/", h11, &[("host", "x.b.test:81")], moved("https://x.b.test/")),
        ("/", h11, &[("host", "b.test")], (421, None)),
        ("/", h11, &[("host", "evil.test")], (421, None)),
        ("/", h11, &[("host", "a.test#.b.test")], (400, None)),
        ("/", h11, &[("host", "a.test@b.test")], (400, None)),
        ("/", h11, &[("host", "a.test"), ("host", "a.test")], (400, None)),
        ("/", h11, &[("host", "")], (400, None)),
        ("/", h10, &[("host", "")], (400, None)),
        ("/", h2, &[("host", "")], (400, None)),
        ("http://a.test/p", h2, &[("host", "")], moved("https://a.test/p")),
        ("http://a.test/p", h11, &[("host", "A.test:80")], moved("https://a.test/p")),
        ("http://a.test/p", h11, &[("host", "")], (400, None)),
        ("http://a.test/p", h11, &[("host", "x.b.test")], (400, None)),
        ("http://a.test:81/p", h11, &[("host", "a.test")], (400, None)),
        ("http://x@a.test/p", h11, &[("host", "a.test")], (400, None)),
        ("https://a.test/p", h11, &[("host", "a.test")], (421, None)),
        ("https://a.test/p", h2, &[("host", "")], (421, None)),
    ] {
        assert_eq!(ask_host(uri, version, fields).await, expected, "{uri} {version:?} {fields:?}");
    }

    let layer = layer.default_host("www.test").expect("valid");
    let mut old = request("GET", "/p", &[]);
    old.headers_mut().clear();
    *old.version_mut() = Version::HTTP_10;
    assert_eq!(ask(&layer, old).await.location(), Some("https://www.test/p"));
    // If no policy reads the host, it is not checked.
    let layer = RedirectLayer::new(Versioning::new("/api", "v2").expect("valid"));
    let asked = ask(&layer, request("GET", "/", &[("host", "a b")])).await;
    assert_eq!((asked.status, asked.calls), (StatusCode::OK, 1));
    let asked = ask(&layer, request("GET", "/api", &[("host", "a b")])).await;
    assert_eq!(asked.location(), Some("/api/v2"));
}

#[tokio::test]
async fn a_malformed_host_is_refused_even_if_the_policy_passes() {
    let layer = RedirectLayer::new(policy_fn(|head| {
        assert!(head.authority().is_none());
        Decision::Pass
    }));
    let asked = ask(&layer, request("GET", "/", &[("host", "a b")])).await;
    assert_eq!((asked.status, asked.calls), (StatusCode::BAD_REQUEST, 0));
}

#[tokio::test]
async fn a_redirection_to_itself_passes() {
    for (redirection, method, uri, passes) in [
        (Redirection::new(), "GET", "/p?q", true),
        (to("/p"), "POST", "/p", true),
        (Redirection::new().path("p"), "GET", "/p", true),
        (Redirection::new().path(""), "GET", "/", true),
        (to("/p"), "GET", "/p?q", false),
        (to("/p?q"), "GET", "/p?q", true),
        (to("http://a.test/p"), "GET", "/p", true),
        (to("http://A.test:80/p"), "GET", "/p", true),
        (to("https://a.test/p"), "GET", "/p", false),
        (to("http://a.test:81/p"), "GET", "/p", false),
        (Redirection::new().scheme(Scheme::Http), "GET", "/p", true),
        (Redirection::new().path("/a\"b"), "GET", "/a%22b", true),
        (Redirection::new().see_other(), "GET", "/p", true),
        (Redirection::new().see_other(), "POST", "/p", false),
        (Redirection::new().found(), "POST", "/p", true),
        (Redirection::new().found().rewriting_methods(), "POST", "/p", false),
        (Redirection::new().found().rewriting_methods(), "PUT", "/p", true),
        (Redirection::new().allow_self(), "GET", "/p", false),
    ] {
        let case = format!("{redirection:?} {method} {uri}");
        let asked = ask(&always(redirection.clone()), request(method, uri, &[])).await;
        assert_eq!(asked.calls == 1, passes, "{case}");
        // The next policy is asked if, and only if, the redirection passes.
        let second = "https://second.test/";
        let both = (policy_fn(move |_| redirection.clone()), policy_fn(move |_| to(second)));
        let asked = ask(&RedirectLayer::new(both), request(method, uri, &[])).await;
        assert_eq!(asked.location() == Some(second), passes, "{case}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_redirected_passes() {
    let preflight = &[("origin", "http://b.test"), ("access-control-request-method", "PUT")][..];
    for (method, uri, fields) in
        [("OPTIONS", "*", &[][..]), ("CONNECT", "a.test:443", &[]), ("OPTIONS", "/p", preflight)]
    {
        let asked = ask(&always(to("/x")), request(method, uri, fields)).await;
        assert_eq!((asked.status, asked.calls), (StatusCode::OK, 1), "{method} {uri}");
        let by_hand = RedirectLayer::new(policy_fn(|_| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::FOUND;
            response.headers_mut().insert("location", HeaderValue::from_static("/x"));
            Decision::Respond(response)
        }));
        assert_eq!(ask(&by_hand, request(method, uri, fields)).await.calls, 1, "{method} {uri}");
        let https = RedirectLayer::new(HttpsOnly::new());
        let asked = ask(&https, request(method, uri, fields)).await;
        assert_eq!((asked.status, asked.calls), (StatusCode::FORBIDDEN, 0), "{method} {uri}");
    }
    let asked = ask(&always(to("/x")), request("OPTIONS", "/p", &[])).await;
    assert_eq!(asked.location(), Some("/x"));
}

fn annotation(value: &'static str) -> impl RedirectPolicy {
    policy_fn(move |_| {
        let mut fields = HeaderMap::new();
        fields.append("x-app", HeaderValue::from_static(value));
        fields.append("x-app", HeaderValue::from_static("twice"));
        fields.append("x-new", HeaderValue::from_static(value));
        Decision::PassWithHeaders(fields)
    })
}

#[tokio::test]
async fn annotations_are_appended_and_the_next_policy_is_asked() {
    let values = |headers: &HeaderMap, name| -> Vec<String> {
        headers.get_all(name).iter().map(|v| v.to_str().expect("ascii").to_owned()).collect()
    };
    let layer = RedirectLayer::new(annotation("one").or(annotation("two")));
    let asked = ask(&layer, request("GET", "/", &[])).await;
    assert_eq!(asked.calls, 1);
    assert_eq!(values(&asked.headers, "x-app"), ["inner", "one", "twice", "two", "twice"]);
    assert_eq!(values(&asked.headers, "x-new"), ["one", "two"]);

    let layer = RedirectLayer::new((annotation("one"), policy_fn(|_| to("/x"))));
    let asked = ask(&layer, request("GET", "/", &[])).await;
    assert_eq!((asked.location(), asked.header("x-new")), (Some("/x"), None));
}

#[test]
fn the_first_policy_that_decides_wins() {
    let request = request("GET", "/p", &[]);
    let at = |path: &'static str, target: &'static str| {
        policy_fn(move |head| (head.path() == path).then(|| to(target)))
    };
    let location = |policy: &dyn RedirectPolicy| {
        let head = RequestHead::from(&request);
        match policy.decide(&head) {
            Decision::Redirect(to) => {
                to.location_for(&head).map(|l| l.to_str().expect("ascii").to_owned())
            }
            _ => None,
        }
    };
    let (no, one, two) = (|| at("/no", "/0"), || at("/p", "/1"), || at("/p", "/2"));
    let boxed = |policy| Box::new(policy) as Box<dyn RedirectPolicy>;
    let first = Some("/1".to_owned());
    assert_eq!(location(&(no(), one(), two())), first);
    assert_eq!(location(&[one(), two()]), first);
    assert_eq!(location(&vec![boxed(no()), boxed(one()), boxed(two())]), first);
    assert_eq!(location(&(None::<HttpsOnly>, Some(one()))), first);
    assert_eq!(location(&Arc::new(one())), first);
    assert_eq!(location(&&one()), first);
    assert_eq!(location(&no().or(one())), first);
    assert_eq!(location(&(one().when(|head| head.query().is_some()), two())), Some("/2".into()));
    assert_eq!(location(&(one().unless(|head| head.query().is_some()), two())), first);
    assert_eq!(location(&Vec::<HttpsOnly>::new()), None);
    assert_eq!(location(&no()), None);
}

#[tokio::test]
async fn the_transport_is_set_by_the_layer_or_else_by_the_acceptor() {
    let https = || RedirectLayer::new(HttpsOnly::new());
    for (layer, extension, calls) in [
        (https(), None, 0),
        (https(), Some(Transport::Plain), 0),
        (https(), Some(Transport::Secure), 1),
        (https().transport(Transport::Secure), None, 1),
        (https().transport(Transport::Plain), Some(Transport::Secure), 0),
    ] {
        let mut request = request("GET", "/", &[("x-forwarded-proto", "https")]);
        if let Some(transport) = extension {
            request.extensions_mut().insert(transport);
        }
        assert_eq!(ask(&layer, request).await.calls, calls, "{layer:?} {extension:?}");
    }
}

#[tokio::test]
async fn the_inner_body_is_passed_through_unchanged() {
    let layer = RedirectLayer::new(None::<HttpsOnly>);
    let mut service = layer.layer(Inner::default());
    let request = request(Method::GET.as_str(), "/", &[]);
    let response = service.call(request).await.expect("infallible");
    assert_eq!(response.body().size_hint().exact(), Some(5));
    assert!(!response.body().is_end_stream());
    assert_eq!(response.into_body().collect().await.expect("infallible").to_bytes(), "inner");
}

#[test]
fn targets_that_browsers_read_differently_are_refused() {
    for target in [
        "http://google.com\\@apple.com",
        "http:/\\evil.com",
        "/\t/evil.com",
        "http://a@evil.com/",
        "//evil.com",
        "/\\evil.com",
        "javascript:alert(1)",
        " https://a.test/",
    ] {
        assert!(Redirection::to(target).is_err(), "{target:?}");
    }
}

#[tokio::test]
async fn the_html_body_escapes_its_target() {
    let layer = always(Redirection::new().path("/<script>'\"&x")).html_body();
    let asked = ask(&layer, request("GET", "/?a&b='", &[])).await;
    let html = "<!doctype html><title>Moved</title><p>Moved to \
                <a href=\"/%3Cscript%3E&#39;%22&amp;x?a&amp;b=&#39;\">/%3Cscript%3E&#39;%22&amp;x?a&amp;b=&#39;</a>\n";
    assert_eq!(String::from_utf8_lossy(&asked.body), html);
    assert_eq!(asked.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(asked.header("content-length"), Some(html.len().to_string().as_str()));
    // HEAD gets the headers that GET would get.
    let asked = ask(&layer, request("HEAD", "/?a&b='", &[])).await;
    assert_eq!(asked.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(asked.header("content-length"), Some(html.len().to_string().as_str()));
    assert!(asked.body.is_empty());
    // Other methods get no HTML: no person reads the answer.
    let asked = ask(&layer, request("POST", "/", &[])).await;
    assert_eq!((asked.header("content-length"), asked.body.len()), (Some("0"), 0));
}

#[tokio::test]
async fn a_port_that_is_not_mapped_becomes_the_https_port() {
    let layer = RedirectLayer::new(HttpsOnly::new().port(9443).port_map([(8080, 8443), (80, 443)]));
    for (host, location) in [
        ("a.test:8080", "https://a.test:8443/"),
        ("a.test", "https://a.test/"),
        ("a.test:80", "https://a.test/"),
        ("localhost:1234", "https://localhost:9443/"),
    ] {
        let asked = ask(&layer, request("GET", "/", &[("host", host)])).await;
        assert_eq!(asked.location(), Some(location));
    }
}

#[tokio::test]
async fn https_only_can_refuse_unsafe_methods() {
    let refusing = RedirectLayer::new(HttpsOnly::new().refuse_unsafe());
    for (method, status) in [
        ("GET", 307),
        ("HEAD", 307),
        ("OPTIONS", 307),
        ("TRACE", 307),
        ("POST", 403),
        ("PUT", 403),
        ("QUERY", 403),
        ("BREW", 403),
    ] {
        let asked = ask(&refusing, request(method, "/", &[])).await;
        assert_eq!((asked.status.as_u16(), asked.calls), (status, 0), "{method}");
    }
    let listed = RedirectLayer::new(HttpsOnly::new().permanent()).hosts(["a.test"]).expect("valid");
    assert_eq!(ask(&listed, request("GET", "/", &[])).await.status.as_u16(), 308);
    let other = ask(&listed, request("GET", "/", &[("host", "b.test")])).await;
    assert_eq!((other.status.as_u16(), other.location()), (421, None));
    // The layer checks the host of a secure request, although the policy does not read it.
    for (host, status) in [("a.test", 200), ("b.test", 421)] {
        let mut secure = request("GET", "/", &[("host", host)]);
        secure.extensions_mut().insert(Transport::Secure);
        assert_eq!(ask(&listed, secure).await.status.as_u16(), status, "{host}");
    }
}

/// gRPC clients derive their status from the HTTP status, and take a text body for a broken message.
#[tokio::test]
async fn a_grpc_call_is_refused_without_a_text() {
    let layer = || RedirectLayer::new(HttpsOnly::new());
    let strict = RedirectLayer::new(HttpsOnly::new().refuse_unsafe());
    for (layer, host, status) in [
        (layer().hosts(["a.test"]).expect("valid"), "b.test", 421),
        (layer(), "a b", 400),
        (strict, "a.test", 403),
    ] {
        for (content_type, has_text) in [("application/grpc+proto", false), ("text/plain", true)] {
            let call = request("POST", "/s/m", &[("host", host), ("content-type", content_type)]);
            let asked = ask(&layer, call).await;
            assert_eq!(asked.status.as_u16(), status, "{content_type}");
            assert_eq!(asked.body.is_empty(), !has_text, "{status} {content_type}");
            assert_eq!(asked.header("content-type").is_some(), has_text, "{status}");
            assert_eq!(asked.header("content-length") == Some("0"), !has_text, "{status}");
            assert_eq!(asked.header("vary"), None, "{status}");
        }
    }
}

#[tokio::test]
async fn a_recorded_answer_names_its_policy() {
    let policy = (Versioning::new("/api", "v2").expect("valid"), HttpsOnly::new());
    for recorded in [true, false] {
        let layer = RedirectLayer::new(&policy);
        let layer = if recorded { layer.insert_answered() } else { layer };
        let mut service = layer.layer(Inner::default());
        let response = service.call(request("GET", "/x", &[])).await.expect("infallible");
        let record = Answered::of(&response);
        assert_eq!(record.is_some(), recorded);
        if let Some(record) = record {
            assert_eq!(record.policy(), Some("https"));
        }
    }
}

#[tokio::test]
async fn a_diagnosis_holds_no_control_characters() {
    let diagnoses = Arc::new(Mutex::new(Vec::new()));
    let noted = diagnoses.clone();
    let layer = RedirectLayer::new((
        HttpsOnly::new().permanent(),
        policy_fn(|head| head.is_secure().then(|| Redirection::new().scheme(Scheme::Http))),
    ))
    .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
    for (path, proto) in [("/%0a%1b[31m", "http"), ("/\u{9b}", "https\tx")] {
        ask(&layer, request("GET", path, &[("x-forwarded-proto", proto)])).await;
    }
    let diagnoses = diagnoses.lock().expect("not poisoned");
    assert!(!diagnoses.is_empty());
    for diagnosis in diagnoses.iter() {
        assert!(!diagnosis.chars().any(char::is_control), "{diagnosis:?}");
    }
}
