//! The targets of a `Location`: RFC 3986 §5.4 as WHATWG reads it, and the values that are refused.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use proptest::prelude::*;
use tower_redirect::follow::{RedirectErrorKind, RedirectMode};
use tower_redirect::{FollowError, FollowRedirectsLayer, RedirectHistory, Scheme};

use crate::support::{Script, chain, redirection};

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).expect("valid")
}

async fn next(from: &str, location: impl AsRef<[u8]>) -> Result<String, RedirectErrorKind> {
    let script = Script::new([redirection(302, location)]);
    let layer = FollowRedirectsLayer::new().allow_https_to_http();
    match script.follow_by(&layer, get(from)).await {
        Ok(_) => Ok(script.seen()[1].uri.to_string()),
        Err(error) => Err(error.redirect().expect("of ours").kind()),
    }
}

async fn next_with_fragment(
    from: &str,
    location: &str,
) -> Result<(String, Option<String>), FollowError<Infallible>> {
    let script = Script::new([redirection(302, location)]);
    let response = script.follow(get(from)).await?;
    let history = RedirectHistory::of(&response).expect("a hop");
    let fragment = history.fragment().map(str::to_owned);
    Ok((script.seen()[1].uri.to_string(), fragment))
}

/// RFC 3986 §5.4.1 and §5.4.2 over http, without fragments, which no request carries.
const RFC_3986: [(&str, &str); 38] = [
    ("g", "http://a/b/c/g"),
    ("./g", "http://a/b/c/g"),
    ("g/", "http://a/b/c/g/"),
    ("/g", "http://a/g"),
    ("//g", "http://g/"),
    ("?y", "http://a/b/c/d;p?y"),
    ("g?y", "http://a/b/c/g?y"),
    ("#s", "http://a/b/c/d;p?q"),
    ("g#s", "http://a/b/c/g"),
    ("g?y#s", "http://a/b/c/g?y"),
    (";x", "http://a/b/c/;x"),
    ("g;x", "http://a/b/c/g;x"),
    ("g;x?y#s", "http://a/b/c/g;x?y"),
    ("", "http://a/b/c/d;p?q"),
    (".", "http://a/b/c/"),
    ("./", "http://a/b/c/"),
    ("..", "http://a/b/"),
    ("../", "http://a/b/"),
    ("../g", "http://a/b/g"),
    ("../..", "http://a/"),
    ("../../", "http://a/"),
    ("../../g", "http://a/g"),
    ("../../../g", "http://a/g"),
    ("../../../../g", "http://a/g"),
    ("/./g", "http://a/g"),
    ("/../g", "http://a/g"),
    ("g.", "http://a/b/c/g."),
    (".g", "http://a/b/c/.g"),
    ("g..", "http://a/b/c/g.."),
    ("..g", "http://a/b/c/..g"),
    ("./../g", "http://a/b/g"),
    ("./g/.", "http://a/b/c/g/"),
    ("g/./h", "http://a/b/c/g/h"),
    ("g/../h", "http://a/b/c/h"),
    ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
    ("g;x=1/../y", "http://a/b/c/y"),
    ("g?y/./x", "http://a/b/c/g?y/./x"),
    ("g?y/../x", "http://a/b/c/g?y/../x"),
];

#[tokio::test]
async fn references_of_rfc_3986_are_resolved() {
    for (reference, expected) in RFC_3986 {
        let seen = next("http://a/b/c/d;p?q", reference).await;
        assert_eq!(seen.as_deref(), Ok(expected), "{reference:?}");
    }
}

#[tokio::test]
async fn other_references_are_resolved_as_in_browsers() {
    for (reference, expected) in [
        (b"  /next  ".as_slice(), "http://a.test/next"),
        (b"\t/next\t", "http://a.test/next"),
        (b"/ne\txt", "http://a.test/next"),
        ("/ä?ö=ü".as_bytes(), "http://a.test/%C3%A4?%C3%B6=%C3%BC"),
        (b"/caf\xe9?\xe9", "http://a.test/caf%E9?%E9"),
        (b"/a b\"<>`{}|^", "http://a.test/a%20b%22%3C%3E%60%7B%7D|^"),
        (b"/a?b'\"<>", "http://a.test/a?b%27%22%3C%3E"),
        (b"/%2e%2E/x", "http://a.test/x"),
        (b"/a/%2e", "http://a.test/a/"),
        (b"/a%2fb", "http://a.test/a%2fb"),
        (b"/\\b.test/x", "http://b.test/x"),
        ("http://bücher.test/".as_bytes(), "http://xn--bcher-kva.test/"),
        (b"HTTP://B.TEST:80", "http://b.test/"),
        (b"http:/b.test/x", "http://a.test/b.test/x"),
        (b"https:b.test/x", "https://b.test/x"),
        (b"http://b.test/#f", "http://b.test/"),
        (b"http://[0:0::1]:80/", "http://[::1]/"),
        (b"http://%62.test/", "http://b.test/"),
        (b"/[x]?[y]", "http://a.test/[x]?[y]"),
        (b"/a?{x|y}", "http://a.test/a?{x|y}"),
    ] {
        let seen = next("http://a.test/from?q", reference).await;
        let text = String::from_utf8_lossy(reference);
        assert_eq!(seen.as_deref(), Ok(expected), "{text:?}");
    }
}

/// A path can be resolved even if `url` rejects the host.
#[tokio::test]
async fn a_path_keeps_scheme_and_authority_as_they_are() {
    for (from, location, expected) in [
        ("http://svc.1/a", "/x", "http://svc.1/x"),
        ("http://svc.1/a/b?q", "x", "http://svc.1/a/x"),
        ("http://svc.1/a/b?q", "../x?y#z", "http://svc.1/x?y"),
        ("http://svc.1/a/b?q", "", "http://svc.1/a/b?q"),
        ("http://svc.1", "/./ä", "http://svc.1/%C3%A4"),
        // To a URL, a space beyond ASCII is part of the path.
        ("http://svc.1/a", "\u{a0}//b.test", "http://svc.1/%C2%A0//b.test"),
        ("http://svc.1/a", "\u{3000}\\\\b.test", "http://svc.1/%E3%80%80//b.test"),
        ("http://user:pw@svc.1/a", "/x", "http://svc.1/x"),
        ("http://xn--a/", "/x", "http://xn--a/x"),
        ("http://[fe80::1%25eth0]/a", "/x", "http://[fe80::1%25eth0]/x"),
        ("http://[fe80::1%25eth0]:8080/a", "x", "http://[fe80::1%25eth0]:8080/x"),
        ("unix://2f72756e2f61.sock:0/a", "/x", "unix://2f72756e2f61.sock:0/x"),
        ("http+unix://sock/a/b", "../x", "http+unix://sock/x"),
        ("http://svc.1/", "https://b.test/x", "https://b.test/x"),
        ("http://svc.1/", "///b.test/x", "http://b.test/x"),
        ("https://svc.1/", "//b.test/x", "https://b.test/x"),
    ] {
        let seen = next(from, location).await;
        assert_eq!(seen.as_deref(), Ok(expected), "{from} {location}");
    }
}

#[tokio::test]
async fn more_slashes_than_two_lead_to_a_host() {
    for reference in
        ["///b.test/x", "////b.test/x", "/\\/b.test/x", "\\\\\\b.test/x", " /\t//b.test/x"]
    {
        let seen = next("http://a.test/from", reference).await;
        assert_eq!(seen.as_deref(), Ok("http://b.test/x"), "{reference:?}");
    }
    assert_eq!(next("http://a.test/", "///").await, Err(RedirectErrorKind::InvalidLocation));
}

#[tokio::test]
async fn other_schemes_and_invalid_hosts_are_refused() {
    use RedirectErrorKind as K;
    for (reference, kind) in [
        ("file:///etc/passwd", K::UnsupportedScheme),
        ("ftp://b.test/", K::UnsupportedScheme),
        ("mailto:a@b.test", K::UnsupportedScheme),
        ("javascript:alert(1)", K::UnsupportedScheme),
        ("data:text/html,x", K::UnsupportedScheme),
        ("unix:/var/run/docker.sock:/x", K::UnsupportedScheme),
        ("imap://u@a.test/", K::UnsupportedScheme),
        ("http://", K::InvalidLocation),
        ("http://a b/", K::InvalidLocation),
        ("http://[::1", K::InvalidLocation),
        ("http://[::1%25.a.test]/", K::InvalidLocation),
        ("http://a.test:99999/", K::InvalidLocation),
        ("http://a%00b/", K::InvalidLocation),
    ] {
        assert_eq!(next("http://a.test/", reference).await, Err(kind), "{reference}");
    }
}

#[tokio::test]
async fn a_redirection_without_location_is_returned_and_two_locations_are_an_error() {
    let script = chain![];
    let mut bare = redirection(302, "/x");
    bare.headers_mut().clear();
    script.push(bare);
    let response = script.follow(get("http://a.test/")).await.expect("no error");
    assert_eq!(response.status(), 302);

    // As in Fetch, it is an error if every redirection is one.
    let mut bare = redirection(302, "/x");
    bare.headers_mut().clear();
    let layer = FollowRedirectsLayer::new().mode(RedirectMode::Error);
    let script = Script::new([bare]);
    let error = script.follow_by(&layer, get("http://a.test/")).await.expect_err("an error");
    assert!(error.redirect().is_some_and(|error| error.is_rejected()));

    for (second, expected) in [("/x", Ok(200)), ("/y", Err(RedirectErrorKind::AmbiguousLocation))] {
        let mut twice = redirection(302, "/x");
        twice.headers_mut().append(header::LOCATION, HeaderValue::from_static(second));
        let seen = Script::new([twice]).follow(get("http://a.test/")).await;
        let seen = seen.map(|response: Response<_>| response.status().as_u16());
        assert_eq!(seen.map_err(|e| e.redirect().expect("of ours").kind()), expected);
    }
}

#[tokio::test]
async fn https_is_not_left_unless_that_is_allowed() {
    let script = chain![302 "http://a.test/plain"];
    let error = script.follow(get("https://a.test/")).await.expect_err("refused");
    let error = error.redirect().expect("of ours");
    assert!(error.is_insecure_downgrade());
    assert_eq!(error.next_uri().expect("resolved"), "http://a.test/plain");
    assert_eq!(script.seen().len(), 1);
    assert_eq!(next("https://a.test/", "http://a.test/").await.as_deref(), Ok("http://a.test/"));
}

/// Follows a request in the form that a single connection accepts: a path, and the authority in `Host`.
async fn origin_form(
    scheme: Option<Scheme>,
    location: &str,
) -> Result<(String, bool), RedirectErrorKind> {
    let script = chain![302 location];
    let layer = FollowRedirectsLayer::new();
    let layer = scheme.map_or(layer.clone(), |scheme| layer.origin_form_scheme(scheme));
    let request = Request::get("/from?q").header("host", "a.test").header("cookie", "x");
    let request = request.body(Full::<Bytes>::default()).expect("valid");
    match script.follow_by(&layer, request).await {
        Ok(_) => {
            let seen = script.seen().remove(1);
            Ok((seen.uri.to_string(), seen.headers.contains_key("cookie")))
        }
        Err(error) => Err(error.redirect().expect("of ours").kind()),
    }
}

#[tokio::test]
async fn origin_form_is_kept_on_its_origin() {
    let kept = |uri: &str| Ok((uri.to_owned(), true));
    for reference in ["/next", "next", "../next", "./next"] {
        assert_eq!(origin_form(None, reference).await, kept("/next"), "{reference}");
    }
    for reference in ["http://a.test/next", "//a.test/next", "https://b.test/"] {
        let refused = Err(RedirectErrorKind::UnknownOrigin);
        assert_eq!(origin_form(None, reference).await, refused, "{reference}");
    }
    let (http, https) = (Some(Scheme::Http), Some(Scheme::Https));
    assert_eq!(origin_form(http, "http://a.test/next").await, kept("/next"));
    assert_eq!(origin_form(https, "//a.test/next").await, kept("/next"));
    let crossed = Ok(("http://b.test/".to_owned(), false));
    assert_eq!(origin_form(http, "http://b.test/").await, crossed);
    let downgrade = Err(RedirectErrorKind::InsecureDowngrade);
    assert_eq!(origin_form(https, "http://a.test/").await, downgrade);
}

#[tokio::test]
async fn the_asterisk_of_options_is_not_part_of_the_host() {
    let script = chain![307 "http://a.test/next"];
    let layer = FollowRedirectsLayer::new().origin_form_scheme(Scheme::Http);
    let request = Request::options("*").header("host", "a.test").header("cookie", "x");
    let request = request.body(Full::<Bytes>::default()).expect("valid");
    script.follow_by(&layer, request).await.expect("followed");
    let seen = script.seen().remove(1);
    assert!(seen.uri == "/next" && seen.headers.contains_key("cookie"), "{seen:?}");
}

/// Userinfo, a path or a query in `Host` would give the URL another host than it seems to have.
#[tokio::test]
async fn the_host_of_an_origin_form_request_is_parsed() {
    for host in ["a.test@b.test", "b.test/a.test", "b.test#a.test", "b.test?", "b.test\\"] {
        let script = chain![302 "http://b.test/next"];
        let layer = FollowRedirectsLayer::new().origin_form_scheme(Scheme::Http);
        let request = Request::get("/from").header("host", host).header("cookie", "x");
        let request = request.body(Full::<Bytes>::default()).expect("valid");
        let error = script.follow_by(&layer, request).await.expect_err(host);
        let kind = error.redirect().expect("of ours").kind();
        assert_eq!(kind, RedirectErrorKind::UnknownOrigin, "{host}");
        assert_eq!(script.seen().len(), 1, "{host}");
    }
}

/// The target by `url` alone. If `url` rejects the base, it resolves the path, or a reference with a host.
fn oracle(from: &str, location: &str) -> Option<String> {
    let Ok(base) = url::Url::parse(from) else {
        let (origin, _) = from.rsplit_once("/from")?;
        let (scheme, authority) = origin.split_once("://")?;
        if !location.starts_with('/') || location.starts_with("//") {
            return oracle(&format!("{scheme}://stand-in.test"), location);
        }
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let url = oracle("http://stand-in.test", location)?;
        return Some(format!("{scheme}://{host}{}", url.strip_prefix("http://stand-in.test")?));
    };
    // Browsers accept any number of slashes before a host; `url` does so only after a scheme.
    let host = location.trim_start_matches('/');
    let is_host = location.len() - host.len() > 2;
    let mut url =
        if is_host { base.join(&format!("//{host}")) } else { base.join(location) }.ok()?;
    url.set_fragment(None);
    // Userinfo is not sent on.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    // `Uri` rejects some hosts that `url` accepts, such as `"`.
    Some(String::from(url)).filter(|url| url.parse::<http::Uri>().is_ok())
}

#[tokio::test]
async fn every_byte_goes_where_url_says() {
    for byte in (0x20..0x7f).chain(0x80..=0xff) {
        for before in [b"/a".as_slice(), b"/a?b", b"http://b.test/a?b", b"http://b.test/a"] {
            let reference = [before, &[byte], b"c"].concat();
            // A byte that is not UTF-8 is percent-encoded as it is.
            let text = match std::str::from_utf8(&reference) {
                Ok(text) => text.to_owned(),
                Err(_) => format!("{}%{byte:02X}c", String::from_utf8_lossy(before)),
            };
            let seen = next("http://a.test/", &reference).await;
            assert_eq!(seen.ok(), oracle("http://a.test/", &text), "{text:?}");
        }
    }
}

#[tokio::test]
async fn a_location_that_no_uri_can_hold_is_refused() {
    let long = format!("/{}", "a".repeat(70_000));
    for reference in [&long, &long[1..], &format!("http://b.test{long}")] {
        let refused = next("http://a.test/", reference).await;
        assert_eq!(refused, Err(RedirectErrorKind::LocationTooLong));
    }
    for from in ["/", "http://svc.1/"] {
        assert_eq!(next(from, &long).await, Err(RedirectErrorKind::LocationTooLong), "{from}");
    }
    let error = chain![302 & long].follow(get("http://a.test/")).await.expect_err("too long");
    assert_eq!(
        error.redirect().expect("of ours").to_string(),
        "location of 302 from http://a.test/ is longer than 65534 bytes"
    );
    assert!(error.redirect().is_some_and(|error| error.is_location_too_long()));
    let fits = format!("http://a.test/{}", "a".repeat(65_534 - 14));
    assert_eq!(next("http://a.test/", &fits).await.as_ref(), Ok(&fits));
    assert_eq!(next("http://a.test/", fits + "a").await, Err(RedirectErrorKind::LocationTooLong));
    let ats = format!("http://{}/", "@".repeat(50_000));
    assert_eq!(next("http://a.test/", ats).await, Err(RedirectErrorKind::InvalidLocation));
}

const HOST: &str = "(a|[a-c]{1,3}\\.test|127\\.0\\.0\\.1|127\\.1|0x7f|[0-9]{1,4}|web\\.1|a\\.|xn--a|A|_|a@b|a:x@a|@a|:@a)\
    (:80|:443|:8080|:080|:|:[+]8080|:-|:99999|:0)?";
const PATH: &str = "/[a-c./%2eE?&=;'~!$()*+,:@_-]{0,12}";

proptest! {
    #[test]
    fn plain_references_go_where_url_says(
        base in HOST,
        host in HOST,
        scheme in "https?",
        other in "https?|http",
        path in PATH,
        absolute: bool,
    ) {
        let from = format!("{scheme}://{base}/from");
        let location = if absolute { format!("{other}://{host}{path}") } else { path };
        if from.parse::<http::Uri>().is_ok() {
            let expected = oracle(&from, &location).ok_or(RedirectErrorKind::InvalidLocation);
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let seen = runtime.block_on(next(&from, &location));
            prop_assert_eq!(seen, expected);
        }
    }
    #[test]
    fn relative_references_go_where_url_says(
        path in "(/[a-c.%2e'~]{0,3}){0,4}(\\?[a-c/'=]{0,3})?",
        reference in "(\\.{0,3}/){0,3}[a-c./%2e?:;='~\\[ -]{0,8}(#[a-c/?#'` ]{0,3})?",
        absolute: bool,
    ) {
        let from = format!("http://a.test{path}");
        let location = if absolute { format!("http://a.test/{reference}") } else { reference };
        // A header value has no spaces at its ends.
        let location = location.trim().to_owned();
        let url = url::Url::parse(&from).expect("valid").join(&location);
        if from.parse::<http::Uri>().is_ok() && !location.starts_with("///") {
            let expected = oracle(&from, &location).zip(url.ok());
            let expected = expected.map(|(to, url)| (to, url.fragment().map(str::to_owned)));
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let seen = runtime.block_on(next_with_fragment(&from, &location));
            prop_assert_eq!(seen.ok(), expected);
        }
    }
}
