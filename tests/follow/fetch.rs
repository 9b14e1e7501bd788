//! Compares the follower with "HTTP-redirect fetch" of the Fetch standard.
//!
//! [`the_preset_differs_from_the_standard_only_as_listed`] compares the `Fetch` preset with the standard's
//! algorithm, step by step. [`DIFFERENCES`] lists all differences of the default, each with its reason and
//! with a client that does as Fetch does. It omits the rules that Fetch has for pages alone: CORS, opaque
//! responses, mixed content.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use tower::util::BoxService;
use tower::{Layer, Service, ServiceExt};
use tower_redirect::follow::{Action, Attempt, follow_fn};
use tower_redirect::{
    FollowError, FollowRedirectsLayer, MethodRewrite, RedirectContext, ReplayBody, ReplayBodyLayer,
};
use url::Url;

use crate::support::{Answer, Frames, Script, redirection};

const STATUSES: [u16; 10] = [301, 302, 303, 307, 308, 300, 304, 305, 306, 201];
const METHODS: [&str; 12] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "PROPFIND",
    "REPORT", "BREW",
];
/// The first URL, and the `Location`.
const RELATIONS: [(&str, &str); 5] = [
    ("http://a.test/", "/next"),
    ("http://a.test/", "http://a.test:81/next"),
    ("http://a.test/", "http://b.test/next"),
    ("http://a.test/", "https://a.test/next"),
    ("https://a.test/", "http://a.test/next"),
];

/// The "source" of a body.
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

/// The outcome of a redirection.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    /// The redirection is returned to the caller.
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

/// "HTTP-redirect fetch" for a request's URL, method, header list and body. A program that is not a page has
/// another mode than "cors", so that steps 9 and 10 do not apply.
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
    // 14. If the body is non-null, set it to the body extracted from its source, which a stream does not
    //     have.
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

/// A difference between the preset and the standard.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reason {
    /// https is not left for http, unless the caller allows it.
    Downgrade,
    /// A stream is recorded while it is sent, so that it can be sent again, or dropped for a GET; in the
    /// standard it is a network error.
    StreamIsReplayed,
    /// A browser adds `Cookie` after this algorithm; here it is the caller's, and a credential.
    CookieIsTheCallers,
    /// A browser adds `Content-Length`, too; here it is dropped with the content.
    LengthIsTheCallers,
}

const REASONS: [Reason; 4] = [
    Reason::Downgrade,
    Reason::StreamIsReplayed,
    Reason::CookieIsTheCallers,
    Reason::LengthIsTheCallers,
];

/// Undoes the listed differences in our outcome, and returns those that it had.
fn explained(
    mut ours: Outcome,
    standard: &Outcome,
    kind: Kind,
    (from, to): (&str, &str),
) -> (Outcome, Vec<Reason>) {
    let mut reasons = Vec::new();
    let downgrade = from.starts_with("https:") && to.starts_with("http:");
    if downgrade && ours == Outcome::NetworkError && *standard != ours {
        return (standard.clone(), vec![Reason::Downgrade]);
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

#[tokio::test]
async fn the_preset_differs_from_the_standard_only_as_listed() {
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

#[tokio::test]
async fn the_default_differs_from_the_preset_only_for_content_after_302_and_303() {
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

/// The body of the requests of [`DIFFERENCES`], which is recorded as a stream is.
type Content = ReplayBody<Frames>;
type Client = BoxService<Request<Content>, Answer, FollowError<Infallible>>;

/// A difference from Fetch, and how to do as Fetch does.
struct Difference {
    what: &'static str,
    reason: &'static str,
    /// The client that does as Fetch does, in front of a server.
    way_out: Option<fn(Script) -> Client>,
    method: &'static str,
    uri: &'static str,
    fields: &'static [(&'static str, &'static str)],
    content: &'static str,
    redirections: fn() -> Vec<Answer>,
    /// The last request of a follower with default rules, as [`summary`] writes it.
    ours: &'static str,
    fetch: &'static str,
}

/// The values that a row does not set: a GET of `http://a.test/` that is redirected to `/`.
const NONE: Difference = Difference {
    what: "",
    reason: "",
    way_out: None,
    method: "GET",
    uri: "http://a.test/",
    fields: &[],
    content: "",
    redirections: || vec![redirection(302, "/")],
    ours: "GET http://a.test/ []",
    fetch: "GET http://a.test/ []",
};

fn boxed<S>(client: S) -> Client
where
    S: Service<
            Request<Content>,
            Response = Answer,
            Error = FollowError<Infallible>,
            Future: Send + 'static,
        > + Send
        + 'static,
{
    BoxService::new(client)
}

/// Follows the hops that `follows` allows; others are errors.
fn only_if(script: Script, follows: fn(&Attempt<'_>) -> bool) -> Client {
    let decide = move |hop: &Attempt<'_>| match follows(hop) {
        true => Action::Follow,
        false => Action::Reject,
    };
    boxed(FollowRedirectsLayer::new().policy(follow_fn(decide)).layer(script))
}

/// A layer inside the follower sets these fields on each request that follows a redirection.
fn set_inside(script: Script, fields: &'static [(&'static str, &'static str)]) -> Client {
    let inside = script.map_request(move |mut request: Request<Content>| {
        if RedirectContext::of(request.extensions()).is_some() {
            for (name, value) in fields {
                request.headers_mut().insert(*name, HeaderValue::from_static(value));
            }
        }
        request
    });
    boxed(FollowRedirectsLayer::new().layer(inside))
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        what: "ten redirections are followed, not twenty",
        reason: "chains of servers are short, and a loop is found sooner",
        way_out: Some(|script| boxed(FollowRedirectsLayer::new().limit(20).layer(script))),
        redirections: || vec![redirection(302, "/"); 20],
        ours: "error",
        ..NONE
    },
    Difference {
        what: "https is not left for http",
        reason: "anyone on the way can read and change the rest",
        way_out: Some(|script| {
            boxed(FollowRedirectsLayer::new().allow_https_to_http().layer(script))
        }),
        uri: "https://a.test/",
        redirections: || vec![redirection(302, "http://a.test/")],
        ours: "error",
        ..NONE
    },
    Difference {
        what: "a 302 makes a GET of each unsafe method that carries content",
        reason: "content is sent again on 307 and 308, and on no other status",
        way_out: Some(fetch_preset),
        method: "PUT",
        content: CONTENT,
        fetch: "PUT http://a.test/ [] tea",
        ..NONE
    },
    Difference {
        what: "a 303 drops the content of a GET",
        reason: "303 asks for another resource, to which the content does not belong",
        way_out: Some(fetch_preset),
        content: CONTENT,
        redirections: || vec![redirection(303, "/")],
        fetch: "GET http://a.test/ [] tea",
        ..NONE
    },
    Difference {
        what: "a stream is sent again",
        reason: "it is recorded while it is sent",
        way_out: Some(streams_end),
        method: "POST",
        content: CONTENT,
        redirections: || vec![redirection(307, "/")],
        ours: "POST http://a.test/ [] tea",
        fetch: "error",
        ..NONE
    },
    Difference {
        what: "a stream is given up for a GET",
        reason: "a GET needs none of it",
        way_out: Some(streams_end),
        method: "POST",
        content: CONTENT,
        fetch: "error",
        ..NONE
    },
    Difference {
        what: "on another origin, `Cookie` stays behind",
        reason: "a browser adds it for each URL; here it is the caller's, and a credential",
        // A cookie store is an inner layer.
        way_out: Some(|script| set_inside(script, &[("cookie", "for=b")])),
        fields: &[("authorization", "secret"), ("cookie", "for=a")],
        redirections: || vec![redirection(302, "http://b.test/")],
        ours: "GET http://b.test/ []",
        fetch: "GET http://b.test/ [cookie: for=b]",
        ..NONE
    },
    Difference {
        what: "on another origin, `Referer` stays behind",
        reason: "the path and the query of a URL may be secret",
        // Fetch sends the origin alone, unless the page says otherwise.
        way_out: Some(|script| set_inside(script, &[("referer", "http://a.test/")])),
        fields: &[("referer", "http://a.test/page?secret")],
        redirections: || vec![redirection(302, "http://b.test/")],
        ours: "GET http://b.test/ []",
        fetch: "GET http://b.test/ [referer: http://a.test/]",
        ..NONE
    },
    Difference {
        what: "on another origin, `Origin` stays behind",
        reason: "servers take it for a proof of who asks",
        way_out: Some(|script| set_inside(script, &[("origin", "http://a.test")])),
        method: "POST",
        fields: &[("origin", "http://a.test")],
        redirections: || vec![redirection(307, "http://b.test/")],
        ours: "POST http://b.test/ []",
        fetch: "POST http://b.test/ [origin: http://a.test]",
        ..NONE
    },
    Difference {
        what: "on another origin, all credentials stay behind, not `Authorization` alone",
        reason: "pages cannot set the others; programs can",
        way_out: Some(|script| {
            set_inside(script, &[("cookie2", "a"), ("proxy-authorization", "b")])
        }),
        fields: &[("authorization", "secret"), ("cookie2", "a"), ("proxy-authorization", "b")],
        redirections: || vec![redirection(302, "http://b.test/")],
        ours: "GET http://b.test/ []",
        fetch: "GET http://b.test/ [cookie2: a, proxy-authorization: b]",
        ..NONE
    },
    Difference {
        what: "on another origin, values that are marked sensitive stay behind",
        reason: "the caller said that they are secrets",
        way_out: Some(|script| {
            let plain = |mut request: Request<Content>| {
                request.headers_mut().values_mut().for_each(|value| value.set_sensitive(false));
                request
            };
            boxed(FollowRedirectsLayer::new().layer(script).map_request(plain))
        }),
        fields: &[(SENSITIVE, "secret")],
        redirections: || vec![redirection(302, "http://b.test/")],
        ours: "GET http://b.test/ []",
        fetch: "GET http://b.test/ [x-sensitive: secret]",
        ..NONE
    },
    Difference {
        what: "a request that became GET leaves behind all fields about content",
        reason: "RFC 9110 section 15.4: Fetch names the four that pages can set",
        way_out: Some(|script| {
            set_inside(
                script,
                &[("if-match", "x"), ("range", "bytes=0-"), ("idempotency-key", "1")],
            )
        }),
        method: "POST",
        fields: &[("if-match", "x"), ("range", "bytes=0-"), ("idempotency-key", "1")],
        content: CONTENT,
        redirections: || vec![redirection(303, "/")],
        fetch: "GET http://a.test/ [idempotency-key: 1, if-match: x, range: bytes=0-]",
        ..NONE
    },
    Difference {
        what: "fields that `Connection` names stay behind",
        reason: "they are about one connection; pages cannot set `Connection`",
        way_out: Some(|script| set_inside(script, &[("x-hop", "1")])),
        fields: &[("connection", "x-hop"), ("x-hop", "1")],
        fetch: "GET http://a.test/ [x-hop: 1]",
        ..NONE
    },
    Difference {
        what: "a caller's own `Host` stays on the same host and port",
        reason: "a server is tried like this before its name exists; pages cannot set it",
        way_out: Some(|script| {
            let nameless = |mut request: Request<Content>| {
                request.headers_mut().remove(header::HOST);
                request
            };
            boxed(FollowRedirectsLayer::new().layer(script).map_request(nameless))
        }),
        fields: &[("host", "new.test")],
        ours: "GET http://a.test/ [host: new.test]",
        ..NONE
    },
    Difference {
        what: "two equal `Location`s are one",
        reason: "proxies duplicate fields, and equal values are not ambiguous",
        way_out: Some(|script| {
            only_if(script, |hop| hop.headers().get_all(header::LOCATION).iter().count() == 1)
        }),
        redirections: || {
            let mut twice = redirection(302, "/");
            twice.headers_mut().append(header::LOCATION, HeaderValue::from_static("/"));
            vec![twice]
        },
        fetch: "error",
        ..NONE
    },
    Difference {
        what: "ports of other protocols are allowed",
        reason: "services inside a network listen on any port",
        // Fetch, "port blocking": 25 is the first that servers use.
        way_out: Some(|script| {
            only_if(script, |hop| hop.next_uri().and_then(|uri| uri.port_u16()) != Some(25))
        }),
        redirections: || vec![redirection(302, "http://a.test:25/")],
        ours: "GET http://a.test:25/ []",
        fetch: "error",
        ..NONE
    },
    Difference {
        what: "user and password in a `Location` are dropped",
        reason: "the server would choose the user as whom the client logs in",
        way_out: None,
        redirections: || vec![redirection(302, "http://user:password@b.test/")],
        ours: "GET http://b.test/ []",
        fetch: "GET http://user:password@b.test/ []",
        ..NONE
    },
    Difference {
        what: "a URL of 64 KiB is an error",
        reason: "`http::Uri` holds only shorter ones",
        way_out: None,
        redirections: || vec![redirection(302, format!("/{}", "x".repeat(65_536)))],
        ours: "error",
        fetch: "GET http://a.test/xxx.. []",
        ..NONE
    },
];

/// A header whose values are marked sensitive.
const SENSITIVE: &str = "x-sensitive";

fn fetch_preset(script: Script) -> Client {
    boxed(FollowRedirectsLayer::new().method_rewrite(MethodRewrite::Fetch).layer(script))
}

/// Follows only a 303, because the standard cannot send a stream again.
fn streams_end(script: Script) -> Client {
    only_if(script, |hop| hop.status() == StatusCode::SEE_OTHER)
}

/// The last request as text, or `error` or `returned` if the redirection was not followed.
async fn summary(difference: &Difference, client: fn(Script) -> Client) -> String {
    let Difference { method, uri, fields, content, redirections, .. } = difference;
    let script = Script::new(redirections());
    let mut request = Request::builder().method(*method).uri(*uri);
    for (name, value) in *fields {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(*name == SENSITIVE);
        request = request.header(*name, value);
    }
    let frames = (!content.is_empty()).then(|| Bytes::from_static(content.as_bytes()));
    let body = ReplayBody::new(Frames::new(frames), 1024);
    let request = request.body(body).expect("valid");
    match client(script.clone()).oneshot(request).await {
        Err(_) => "error".to_owned(),
        Ok(response) if response.status() != StatusCode::OK => "returned".to_owned(),
        Ok(_) => {
            let seen = script.seen().pop().expect("asked");
            let mut fields: Vec<_> = seen
                .headers
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.to_str().expect("ascii")))
                .collect();
            fields.sort();
            let body = String::from_utf8_lossy(&seen.body).into_owned();
            let line = format!("{} {} [{}] {body}", seen.method, seen.uri, fields.join(", "));
            line.trim_end().to_owned()
        }
    }
}

#[tokio::test]
async fn each_difference_has_its_way_out() {
    for difference in DIFFERENCES {
        let Difference { what, reason, ours, fetch, .. } = difference;
        assert!(!reason.is_empty() && ours != fetch, "{what}: no difference, or no reason");
        let default = |script| boxed(FollowRedirectsLayer::new().layer(script));
        assert_eq!(summary(difference, default).await, *ours, "{what}");
        if let Some(way_out) = difference.way_out {
            assert_eq!(summary(difference, way_out).await, *fetch, "{what}: the way out");
        }
    }
}
