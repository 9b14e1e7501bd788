//! The secrets of one origin change nothing in the requests to any other.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use tower::{Layer, Service, service_fn};
use tower_redirect::follow::Remembered;
use tower_redirect::follow::guard::TargetGuard;
use tower_redirect::follow::hsts::HstsStore;
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};

/// The secrets are those of the first origin.
const ORIGINS: [&str; 4] = ["http://a.test", "https://a.test", "http://a.test:81", "http://b.test"];

const CREDENTIALS: [&str; 8] = [
    "authorization",
    "cookie",
    "cookie2",
    "proxy-authorization",
    "www-authenticate",
    "proxy-authenticate",
    "origin",
    "x-api-key",
];

/// An extension that is dropped between origins.
#[derive(Clone)]
struct Secret(String);

/// An extension that the layer keeps.
#[derive(Clone)]
struct Public;

/// A request without its secrets, and the redirections that it meets.
#[derive(Clone, Debug)]
struct Plan {
    method: &'static str,
    path: &'static str,
    plain: Vec<(&'static str, &'static str)>,
    /// The headers that carry the secret, by index, each with its number of values.
    carriers: Vec<(usize, usize)>,
    body: &'static str,
    userinfo: bool,
    hops: Vec<(u16, usize, &'static str)>,
}

impl Plan {
    fn request(&self, secret: &str) -> Request<Full<Bytes>> {
        let userinfo = if self.userinfo { format!("user:{secret}@") } else { String::new() };
        let uri: Uri = format!("http://{userinfo}a.test{}", self.path).parse().expect("valid");
        let mut request = Request::new(Full::from(self.body));
        *request.method_mut() = self.method.parse().expect("valid");
        *request.uri_mut() = uri;
        let fields = request.headers_mut();
        for (name, value) in &self.plain {
            fields.append(*name, HeaderValue::from_static(value));
        }
        for (carrier, times) in &self.carriers {
            for time in 0..*times {
                let text = format!("{secret}{time}");
                let mut value = HeaderValue::try_from(text).expect("valid");
                let name = match carrier {
                    index @ 0..8 => HeaderName::from_static(CREDENTIALS[*index]),
                    8 => HeaderName::from_static("x-secret-token"),
                    9 => {
                        value = format!("http://a.test/?token={secret}").try_into().expect("valid");
                        header::REFERER
                    }
                    10 => {
                        value.set_sensitive(true);
                        HeaderName::from_static("x-marked")
                    }
                    _ => HeaderName::from_static("x-secret-other"),
                };
                fields.append(name, value);
            }
        }
        request.extensions_mut().insert(Secret(secret.to_owned()));
        request.extensions_mut().insert(Public);
        request
    }
}

/// Everything by which a server could tell two requests apart.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    origin: String,
    /// Request line, fields in order, body, extensions.
    bytes: String,
}

fn origin(uri: &Uri) -> String {
    let authority = uri.authority().expect("absolute").as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{}://{host}", uri.scheme_str().expect("absolute"))
}

fn layer() -> FollowRedirectsLayer {
    FollowRedirectsLayer::new()
        .limit(20)
        .allow_https_to_http()
        .sensitive_headers([HeaderName::from_static("x-api-key")])
        .sensitive_prefix("x-secret-")
        .expect("valid")
        .keep_extension::<Public>()
}

fn run(plan: &Plan, secret: &str) -> (Vec<Seen>, String) {
    run_by(&layer(), plan, secret)
}

/// Makes a call by this layer.
fn run_by(layer: &FollowRedirectsLayer, plan: &Plan, secret: &str) -> (Vec<Seen>, String) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let hops = Arc::new(Mutex::new(plan.hops.clone().into_iter()));
    let server = service_fn(move |request: Request<Full<Bytes>>| {
        let (parts, body) = request.into_parts();
        let Poll::Ready(Ok(body)) =
            pin!(body.collect()).poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("it waits");
        };
        let secret = parts.extensions.get::<Secret>().map(|secret| &secret.0);
        let public = parts.extensions.get::<Public>().is_some();
        let bytes = format!(
            "{} {} {:?} {:?} {secret:?} {public}",
            parts.method,
            parts.uri,
            // `Debug` would hide what is marked.
            parts
                .headers
                .iter()
                .map(|(n, v)| (n, v.as_bytes(), v.is_sensitive()))
                .collect::<Vec<_>>(),
            body.to_bytes(),
        );
        noted.lock().expect("not poisoned").push(Seen { origin: origin(&parts.uri), bytes });
        let mut response = Response::new(Full::<Bytes>::default());
        let sts = header::HeaderValue::from_static("max-age=60");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, sts);
        if let Some((status, origin, path)) = hops.lock().expect("not poisoned").next() {
            *response.status_mut() = StatusCode::from_u16(status).expect("valid");
            let location = match origin {
                4 => path.to_owned(),
                index => format!("{}{path}", ORIGINS[index]),
            };
            response.headers_mut().insert(header::LOCATION, location.parse().expect("valid"));
        }
        async move { Ok::<_, Infallible>(response) }
    });
    let mut client = layer.layer(server);
    let future = pin!(client.call(plan.request(secret)));
    let Poll::Ready(outcome) = future.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits");
    };
    let shown = match outcome {
        Ok(response) => format!("{:?}", RedirectHistory::of(&response)),
        Err(error) => format!("{error} {error:?}"),
    };
    let seen = seen.lock().expect("not poisoned").clone();
    (seen, shown)
}

fn plan() -> impl Strategy<Value = Plan> {
    let hop = (
        prop::sample::select(vec![301, 302, 303, 307, 308]),
        // Often the first origin, or with 4 the current one.
        prop::sample::select(vec![0, 0, 0, 1, 2, 3, 3, 4]),
        prop::sample::select(vec!["/", "/x?q=1", "/y"]),
    );
    (
        prop::sample::select(vec!["GET", "POST", "PUT", "HEAD"]),
        prop::sample::select(vec!["/", "/p?q"]),
        prop::sample::subsequence(
            vec![
                ("accept", "*/*"),
                ("content-type", "text/plain"),
                ("x-plain", "1"),
                ("x-plain", "2"),
                ("host", "a.test"),
                ("if-match", "x"),
                ("connection", "x-plain"),
            ],
            0..=7,
        ),
        prop::collection::vec((0..12usize, 1..4usize), 1..6),
        prop::sample::select(vec!["", "tea"]),
        any::<bool>(),
        prop::collection::vec(hop, 1..=12),
    )
        .prop_map(|(method, path, plain, carriers, body, userinfo, hops)| Plan {
            method,
            path,
            plain,
            carriers,
            body,
            userinfo,
            hops,
        })
}

/// The numbers of the generated chains, by kind.
#[derive(Default)]
struct Tally {
    chains: usize,
    crossed: usize,
    crossed_and_back: usize,
}

#[test]
fn secrets_of_one_origin_change_nothing_for_others() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let tally = Mutex::new(Tally::default());
    let outcome = TestRunner::new(config)
        .run(&plan(), |plan| check(&plan, &mut tally.lock().expect("not poisoned")));
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let tally = tally.into_inner().expect("not poisoned");
    let share = |part: usize| part * 100 / tally.chains;
    assert!(share(tally.crossed) >= 50, "{} of {}", tally.crossed, tally.chains);
    assert!(share(tally.crossed_and_back) >= 20, "{} of {}", tally.crossed_and_back, tally.chains);
}

fn check(plan: &Plan, tally: &mut Tally) -> Result<(), TestCaseError> {
    let ((first, shown), (second, shown_too)) = (run(plan, "secret-one"), run(plan, "secret-two"));
    prop_assert_eq!(first.len(), plan.hops.len() + 1, "the chain is followed");
    prop_assert_eq!(first.len(), second.len());
    let (mut crossed, mut back) = (false, false);
    for (one, two) in first.iter().zip(&second) {
        crossed |= one.origin != ORIGINS[0];
        back |= crossed && one.origin == ORIGINS[0];
        // This includes later requests to the first origin: dropped secrets do not come back.
        if crossed {
            prop_assert_eq!(one, two);
            prop_assert!(!one.bytes.contains("secret-one"), "{}", one.bytes);
        } else {
            prop_assert!(one.bytes.contains("secret-one"), "the first origin gets them");
        }
    }
    prop_assert_eq!(&shown, &shown_too);
    prop_assert!(!shown.contains("secret-one"), "{}", shown);
    tally.chains += 1;
    tally.crossed += usize::from(crossed);
    tally.crossed_and_back += usize::from(back);
    Ok(())
}

/// Adds what several calls share: a store of HSTS hosts, remembered redirections, the guard, and secrets that a
/// hook adds for one origin.
#[test]
fn secrets_change_nothing_for_other_origins_in_later_calls() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let elsewhere = AtomicUsize::new(0);
    let outcome = TestRunner::new(config).run(&(plan(), any::<bool>()), |(plan, scoped)| {
        let calls = |secret: &'static str| {
            let layer = layer().hsts(HstsStore::new()).guard(TargetGuard::new());
            let layer = match scoped {
                true => layer.on_request_to([ORIGINS[0]], move |request| {
                    let secret = HeaderValue::from_static(secret);
                    request.headers_mut().insert("x-scoped", secret);
                }),
                // A hook may add secrets, so that nothing is remembered then.
                false => Ok(layer.remembered(Remembered::new())),
            };
            let layer = layer.expect("an origin");
            // The second and third call use the state that the first one left.
            [(); 3].map(|()| run_by(&layer, &plan, secret).0).concat()
        };
        let (first, second) = (calls("secret-one"), calls("secret-two"));
        prop_assert_eq!(first.len(), second.len());
        let mut crossed = false;
        for (one, two) in first.iter().zip(&second) {
            prop_assert_eq!(&one.origin, &two.origin);
            let is_home = one.origin == ORIGINS[0];
            if scoped {
                prop_assert_eq!(one.bytes.contains("x-scoped"), is_home);
            }
            // After an upgrade by HSTS, a call begins here with its secrets.
            let is_upgrade = one.origin == "https://a.test";
            if !is_home && !is_upgrade {
                crossed = true;
                prop_assert_eq!(one, two);
                prop_assert!(!one.bytes.contains("secret-one"), "{}", one.bytes);
            }
        }
        elsewhere.fetch_add(usize::from(crossed), Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(elsewhere.into_inner() * 3 >= cases as usize, "too few left the origin");
}
