//! The method, content and fields of a request after each status (RFC 9110 §15.4).

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use tower_redirect::{FollowRedirectsLayer, MethodRewrite, ReplayBody};

use crate::support::{self, Frames, Script, redirection};

const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND", "BREW"];

/// One status, with or without content: which methods become GET, and which keep their content.
struct Row {
    status: u16,
    content: bool,
    to_get: &'static [&'static str],
    keep_content: &'static [&'static str],
}

const ALL: &[&str] = &METHODS;
const NOT_POST: &[&str] =
    &["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND", "BREW"];
const SAFE: &[&str] = &["GET", "HEAD", "OPTIONS", "QUERY", "PROPFIND"];
const UNSAFE: &[&str] = &["POST", "PUT", "PATCH", "DELETE", "BREW"];
const NOT_GET_HEAD: &[&str] =
    &["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND", "BREW"];

const fn row(
    status: u16,
    content: bool,
    to_get: &'static [&'static str],
    keep_content: &'static [&'static str],
) -> Row {
    Row { status, content, to_get, keep_content }
}

const STANDARD: [Row; 10] = [
    row(301, true, &["POST"], NOT_POST),
    row(301, false, &["POST"], &[]),
    row(302, true, UNSAFE, SAFE),
    row(302, false, &["POST"], &[]),
    row(303, true, NOT_GET_HEAD, &[]),
    row(303, false, NOT_GET_HEAD, &[]),
    row(307, true, &[], ALL),
    row(307, false, &[], &[]),
    row(308, true, &[], ALL),
    row(308, false, &[], &[]),
];

const FETCH: [Row; 10] = [
    row(301, true, &["POST"], NOT_POST),
    row(301, false, &["POST"], &[]),
    row(302, true, &["POST"], NOT_POST),
    row(302, false, &["POST"], &[]),
    row(303, true, NOT_GET_HEAD, &["GET", "HEAD"]),
    row(303, false, NOT_GET_HEAD, &[]),
    row(307, true, &[], ALL),
    row(307, false, &[], &[]),
    row(308, true, &[], ALL),
    row(308, false, &[], &[]),
];

async fn assert_rows(layer: FollowRedirectsLayer, rows: &[Row]) {
    for Row { status, content, to_get, keep_content } in rows {
        for method in METHODS {
            let case = format!("{status} {method} content: {content}");
            let body = if *content { "content" } else { "" };
            let request = || Request::builder().method(method).uri("http://a.test/");
            let fixed = support::chain![];
            let streamed = support::chain![];
            for script in [&fixed, &streamed] {
                script.push(redirection(*status, "/next"));
            }
            let whole = request().body(Full::<Bytes>::from(body)).expect("valid");
            let response = fixed.follow_by(&layer, whole).await.expect(&case);
            assert_eq!(response.status(), StatusCode::OK, "{case}");
            // A stream that does not know whether it will be empty counts as content.
            if *content {
                let frames = Frames::new([Bytes::from("con"), Bytes::from("tent")]);
                let body = ReplayBody::new(frames, 1024);
                let request = request().body(body).expect("valid");
                streamed.follow_by(&layer, request).await.expect(&case);
            }
            for script in [&fixed, &streamed] {
                for (hop, seen) in script.seen().into_iter().enumerate() {
                    let to_get = hop == 1 && to_get.contains(&method);
                    let kept = hop == 0 || keep_content.contains(&method);
                    assert_eq!(seen.method, if to_get { "GET" } else { method }, "{case}");
                    assert_eq!(seen.body, if kept { body } else { "" }, "{case}");
                }
            }
            assert_eq!(fixed.seen().len(), 2, "{case}");
            assert_eq!(streamed.seen().len(), if *content { 2 } else { 0 }, "{case}");
        }
    }
}

#[tokio::test]
async fn the_default_rewrites_methods_by_the_standard() {
    assert_rows(FollowRedirectsLayer::new(), &STANDARD).await;
}

#[tokio::test]
async fn the_fetch_preset_rewrites_methods_as_fetch_does() {
    let layer = FollowRedirectsLayer::new().method_rewrite(MethodRewrite::Fetch);
    assert_rows(layer, &FETCH).await;
}

/// The fields that are dropped together with the content.
const CONTENT: [&str; 20] = [
    "content-encoding",
    "content-language",
    "content-location",
    "content-type",
    "content-length",
    "content-range",
    "content-digest",
    "content-md5",
    "repr-digest",
    "digest",
    "last-modified",
    "trailer",
    "expect",
    "range",
    "idempotency-key",
    "if",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-range",
];
const KEPT: [&str; 5] = ["accept", "user-agent", "x-request-id", "host", "authorization"];

fn with_fields(method: &str, body: &'static str) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri("http://a.test/").body(body.into());
    let fields = request.as_mut().expect("valid").headers_mut();
    for name in CONTENT.iter().chain(&KEPT).chain(&["transfer-encoding"]) {
        fields.insert(*name, http::HeaderValue::from_static("7"));
    }
    request.expect("valid")
}

async fn names_after(status: u16, method: &str, body: &'static str) -> Vec<String> {
    let script = Script::new([redirection(status, "/next")]);
    script.follow(with_fields(method, body)).await.expect("followed");
    let mut names: Vec<_> =
        script.seen()[1].headers.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort_unstable();
    names
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a &'static str>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().map(|name| (*name).to_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_request_that_becomes_get_leaves_its_content_fields_behind() {
    for (status, method, body) in [
        (301, "POST", "x"),
        (302, "POST", "x"),
        (302, "PUT", "x"),
        (303, "POST", "x"),
        (303, "DELETE", ""),
    ] {
        assert_eq!(names_after(status, method, body).await, sorted(&KEPT), "{status} {method}");
    }
}

/// A GET that only loses its content still asks for the same range, under the same conditions.
#[tokio::test]
async fn a_get_that_loses_its_content_keeps_conditions_and_range() {
    let kept = CONTENT.iter().filter(|name| name.starts_with("if") || **name == "range");
    assert_eq!(names_after(303, "GET", "x").await, sorted(KEPT.iter().chain(kept)));
}

#[tokio::test]
async fn a_request_that_is_not_rewritten_keeps_its_content_fields() {
    for (status, method, body) in [
        (307, "POST", "x"),
        (308, "PUT", "x"),
        (301, "PUT", "x"),
        (302, "GET", ""),
        (302, "QUERY", "x"),
    ] {
        let all = sorted(KEPT.iter().chain(&CONTENT));
        assert_eq!(names_after(status, method, body).await, all, "{status} {method}");
    }
}

#[tokio::test]
async fn conditions_and_range_stay_if_nothing_is_rewritten() {
    let expected = sorted(KEPT.iter().chain(&CONTENT));
    assert_eq!(names_after(303, "GET", "").await, expected);
    assert_eq!(names_after(303, "HEAD", "").await, expected);
    // A PUT without its `If-Match` could overwrite an update.
    let script = support::chain![303 "/next"];
    let layer = FollowRedirectsLayer::new().keep_method_on([StatusCode::SEE_OTHER]);
    script.follow_by(&layer, with_fields("PUT", "x")).await.expect("followed");
    let seen = script.seen();
    assert_eq!(seen[1].method, "PUT");
    assert!(seen[1].headers.contains_key("if-match") && seen[1].headers.contains_key("range"));
}

#[tokio::test]
async fn content_that_was_given_up_does_not_come_back() {
    let script = support::chain![302 "/1", 307 "/2", 308 "/3"];
    let request = Request::post("http://a.test/").body(Full::<Bytes>::from("x")).expect("valid");
    script.follow(request).await.expect("followed");
    let seen: Vec<_> = script.seen().into_iter().map(|s| (s.method.to_string(), s.body)).collect();
    let get = || ("GET".to_owned(), Bytes::new());
    assert_eq!(seen, [("POST".to_owned(), Bytes::from("x")), get(), get(), get()]);
}

#[tokio::test]
async fn responses_with_other_statuses_are_returned() {
    for status in [201, 300, 304, 305, 306, 421, 425] {
        let script = Script::new([redirection(status, "/next")]);
        let request = Request::get("http://a.test/").body(Full::<Bytes>::default()).expect("valid");
        let response = script.follow(request).await.expect("no error");
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(script.seen().len(), 1, "{status}");
    }
}
