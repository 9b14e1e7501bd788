//! The `Fetch` preset beside the Fetch standard's own "HTTP-redirect fetch", step by step: no
//! difference that is not listed here with its reason.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use tower_redirect::{FollowRedirectsLayer, MethodRewrite, ReplayBodyLayer};
use url::Url;

use crate::support::{Frames, Script, redirection};

const STATUSES: [u16; 10] = [301, 302, 303, 307, 308, 300, 304, 305, 306, 201];
const METHODS: [&str; 12] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "PROPFIND",
    "REPORT", "BREW",
];
/// From, to.
const RELATIONS: [(&str, &str); 5] = [
    ("http://a.test/", "/next"),
    ("http://a.test/", "http://a.test:81/next"),
    ("http://a.test/", "http://b.test/next"),
    ("http://a.test/", "https://a.test/next"),
    ("https://a.test/", "http://a.test/next"),
];

/// What a body's "source" is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// No body.
    Null,
    /// A byte sequence.
    Bytes,
    /// Null: a stream.
    Stream,
}

const CONTENT: &str = "tea";

fn fields(kind: Kind) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for (name, value) in
        [(header::AUTHORIZATION, "secret"), (header::COOKIE, "a=b"), (header::ACCEPT, "*/*")]
    {
        fields.insert(name, HeaderValue::from_static(value));
    }
    if kind != Kind::Null {
        for (name, value) in [
            (header::CONTENT_TYPE, "text/plain"),
            (header::CONTENT_LANGUAGE, "en"),
            (header::CONTENT_LOCATION, "/tea"),
            (header::CONTENT_ENCODING, "identity"),
            (header::CONTENT_LENGTH, "3"),
        ] {
            fields.insert(name, HeaderValue::from_static(value));
        }
    }
    fields
}

/// What becomes of a request.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The response is handed over.
    Returned,
    NetworkError,
    Sent {
        method: Method,
        url: String,
        fields: Vec<String>,
        body: String,
    },
}

fn names(fields: &HeaderMap) -> Vec<String> {
    let mut names: Vec<_> = fields.keys().map(ToString::to_string).collect();
    names.sort();
    names
}

/// "HTTP-redirect fetch", as far as a request's URL, method, header list and body go. Its mode is
/// that of a program which is no page: not "cors", so that steps 9 and 10 do not apply.
fn fetch(status: u16, method: &str, kind: Kind, (from, to): (&str, &str)) -> Outcome {
    // "A redirect status is a status that is 301, 302, 303, 307, or 308."
    if ![301, 302, 303, 307, 308].contains(&status) {
        return Outcome::Returned;
    }
    let current_url = Url::parse(from).expect("valid");
    let mut header_list = fields(kind);
    let mut method = Method::from_bytes(method.as_bytes()).expect("valid");
    let mut body = (kind != Kind::Null).then_some(CONTENT);
    // 3. Let locationURL be internalResponse's location URL. 4. If it is null, return response.
    // 5. If it is failure, return a network error.
    let Ok(location_url) = current_url.join(to) else { return Outcome::NetworkError };
    // 6. If its scheme is not an HTTP(S) scheme, return a network error.
    if !matches!(location_url.scheme(), "http" | "https") {
        return Outcome::NetworkError;
    }
    // 7. and 8. The redirect count is 0 here.
    // 11. If the status is not 303, the body is non-null, and its source is null, return a network
    //     error.
    if status != 303 && kind == Kind::Stream {
        return Outcome::NetworkError;
    }
    // 12. If the status is 301 or 302 and the method is `POST`, or the status is 303 and the method
    //     is not `GET` or `HEAD`:
    let post = method == Method::POST;
    let reads = matches!(method, Method::GET | Method::HEAD);
    if matches!(status, 301 | 302) && post || status == 303 && !reads {
        // 12.1. Set the method to `GET` and the body to null.
        method = Method::GET;
        body = None;
        // 12.2. Delete the request-body-header names.
        for name in ["content-encoding", "content-language", "content-location", "content-type"] {
            header_list.remove(name);
        }
    }
    // 13. If the current URL's origin is not same origin with locationURL's, delete the CORS
    //     non-wildcard request-header names.
    if current_url.origin() != location_url.origin() {
        header_list.remove("authorization");
    }
    // 14. If the body is non-null, set it to what is extracted of its source: there is none of a
    //     stream.
    if body.is_some() && kind == Kind::Stream {
        return Outcome::NetworkError;
    }
    // 18. Append locationURL to the URL list, and fetch.
    let body = body.unwrap_or_default().to_owned();
    Outcome::Sent { method, url: location_url.into(), fields: names(&header_list), body }
}

async fn ours(status: u16, method: &str, kind: Kind, (from, to): (&str, &str)) -> Outcome {
    let script = Script::new([redirection(status, to)]);
    let follow = FollowRedirectsLayer::new().method_rewrite(MethodRewrite::Fetch);
    let request = Request::builder().method(method).uri(from);
    let answer = if kind == Kind::Stream {
        let mut request = request.body(Frames::new([Bytes::from(CONTENT)])).expect("valid");
        *request.headers_mut() = fields(kind);
        ReplayBodyLayer::new(1024).layer(follow.layer(script.clone())).oneshot(request).await
    } else {
        let body = if kind == Kind::Null { "" } else { CONTENT };
        let mut request = request.body(Full::<Bytes>::from(body)).expect("valid");
        *request.headers_mut() = fields(kind);
        follow.layer(script.clone()).oneshot(request).await
    };
    match (answer, script.seen().get(1)) {
        (Err(_), None) => Outcome::NetworkError,
        (Ok(response), None) if response.status() != StatusCode::OK => Outcome::Returned,
        (Ok(_), Some(seen)) => Outcome::Sent {
            method: seen.method.clone(),
            url: seen.uri.to_string(),
            fields: names(&seen.headers),
            body: String::from_utf8(seen.body.to_vec()).expect("utf-8"),
        },
        other => panic!("{other:?}"),
    }
}

/// Where we differ, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reason {
    /// https is not left for http, unless by name.
    Downgrade,
    /// A stream is recorded while it is sent, and so can be sent again, or given up for a GET; the
    /// standard gives up.
    StreamIsReplayed,
    /// `Cookie` is a browser's own, which adds it after this algorithm; here it is the caller's, and
    /// a credential.
    CookieIsTheCallers,
    /// `Content-Length` is a browser's own, too; here it goes with the content.
    LengthIsTheCallers,
}

const REASONS: [Reason; 4] = [
    Reason::Downgrade,
    Reason::StreamIsReplayed,
    Reason::CookieIsTheCallers,
    Reason::LengthIsTheCallers,
];

/// Takes the listed differences away from our outcome, where they explain it.
fn explained(
    mut ours: Outcome,
    standard: &Outcome,
    kind: Kind,
    (from, to): (&str, &str),
) -> (Outcome, Vec<Reason>) {
    let mut reasons = Vec::new();
    let downgrade = from.starts_with("https:") && to.starts_with("http:");
    if downgrade && ours == Outcome::NetworkError && *standard != ours {
        return (fetch_like(standard), vec![Reason::Downgrade]);
    }
    if kind == Kind::Stream && *standard == Outcome::NetworkError && ours != *standard {
        return (Outcome::NetworkError, vec![Reason::StreamIsReplayed]);
    }
    if let (Outcome::Sent { fields, body, .. }, Outcome::Sent { fields: theirs, .. }) =
        (&mut ours, standard)
    {
        let mut put_back = |name: &str, reason| {
            let name = name.to_owned();
            if theirs.contains(&name) && !fields.contains(&name) {
                fields.push(name);
                fields.sort();
                reasons.push(reason);
            }
        };
        if to.starts_with("http") {
            put_back("cookie", Reason::CookieIsTheCallers);
        }
        if body.is_empty() {
            put_back("content-length", Reason::LengthIsTheCallers);
        }
    }
    (ours, reasons)
}

fn fetch_like(outcome: &Outcome) -> Outcome {
    match outcome {
        Outcome::Returned => Outcome::Returned,
        Outcome::NetworkError => Outcome::NetworkError,
        Outcome::Sent { method, url, fields, body } => Outcome::Sent {
            method: method.clone(),
            url: url.clone(),
            fields: fields.clone(),
            body: body.clone(),
        },
    }
}

#[tokio::test]
async fn no_difference_but_those_listed() {
    let mut occurred = [0; REASONS.len()];
    for status in STATUSES {
        for method in METHODS {
            for kind in [Kind::Null, Kind::Bytes, Kind::Stream] {
                for relation in RELATIONS {
                    let standard = fetch(status, method, kind, relation);
                    let ours = ours(status, method, kind, relation).await;
                    let (ours, reasons) = explained(ours, &standard, kind, relation);
                    assert_eq!(ours, standard, "{status} {method} {kind:?} {relation:?}");
                    for reason in reasons {
                        let index = REASONS.iter().position(|r| *r == reason).expect("listed");
                        occurred[index] += 1;
                    }
                }
            }
        }
    }
    for (reason, times) in REASONS.iter().zip(occurred) {
        assert!(times > 0, "{reason:?} never occurred: it does not belong here");
    }
}

/// The default differs from the standard by what the design says, and by nothing else.
#[tokio::test]
async fn the_default_beside_the_preset() {
    for status in [301, 302, 303, 307, 308] {
        for method in METHODS {
            for body in ["", CONTENT] {
                let sent = async |rewrite| {
                    let script = Script::new([redirection(status, "/next")]);
                    let layer = FollowRedirectsLayer::new().method_rewrite(rewrite);
                    let request = Request::builder().method(method).uri("http://a.test/");
                    let request = request.body(Full::<Bytes>::from(body)).expect("valid");
                    script.follow_by(&layer, request).await.expect("followed");
                    let seen = script.seen().pop().expect("asked");
                    (seen.method.to_string(), seen.body)
                };
                let (default, preset) =
                    (sent(MethodRewrite::Cautious).await, sent(MethodRewrite::Fetch).await);
                let safe = ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND", "REPORT"];
                let unsafe_302 = status == 302 && !body.is_empty() && !safe.contains(&method);
                let read_303 =
                    status == 303 && !body.is_empty() && ["GET", "HEAD"].contains(&method);
                let differs = unsafe_302 && method != "POST" || read_303;
                assert_eq!(default != preset, differs, "{status} {method} {body:?}");
                if unsafe_302 {
                    assert_eq!(default, ("GET".to_owned(), Bytes::new()));
                }
            }
        }
    }
}
