//! A shared cache in front of a layer never serves an answer that the layer itself would not give.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::Full;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use tower::{Layer, Service, service_fn};
use tower_redirect::{
    HeaderVersioning, Maintenance, MaintenanceSwitch, MaintenanceWindow, RedirectLayer,
    RedirectPolicy, Retirement, Versioning,
};

use crate::support::request;

const MINUTE: u64 = 60;
const PERMANENT: u64 = 1_000_000;
const GONE: u64 = PERMANENT + 600 * MINUTE;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// All that an answer may depend on, apart from the request.
#[derive(Clone, Copy, Debug, PartialEq)]
struct World {
    now: u64,
    window: Option<MaintenanceWindow>,
}

/// A server whose `World` can be set for each request.
struct Server<S> {
    service: S,
    now: Arc<AtomicU64>,
    switch: MaintenanceSwitch,
}

type Answer = (http::StatusCode, HeaderMap);

impl<S> Server<S>
where
    S: Service<Request<Full<Bytes>>, Response: Into<Answer>, Error: std::fmt::Debug>,
{
    fn ask(&mut self, world: World, asked: &Asked) -> Answer {
        self.now.store(world.now, Ordering::Relaxed);
        match world.window {
            Some(window) => self.switch.set(window),
            None => self.switch.off(),
        }
        let mut future = std::pin::pin!(self.service.call(asked.request()));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut cx) {
            std::task::Poll::Ready(response) => response.expect("infallible").into(),
            std::task::Poll::Pending => panic!("the answer is not ready"),
        }
    }
}

fn server()
-> Server<impl Service<Request<Full<Bytes>>, Response = Answer, Error = std::convert::Infallible>> {
    let now = Arc::new(AtomicU64::new(0));
    let clock = || {
        let now = now.clone();
        move || at(now.load(Ordering::Relaxed))
    };
    let switch = MaintenanceSwitch::new();
    let plan = Retirement::new().permanent(at(PERMANENT)).gone(at(GONE));
    let policy = (
        Maintenance::new(switch.clone())
            .clock(clock())
            .bypass(|head| head.header(http::HeaderName::from_static("x-tester")).is_some())
            .standby("https://standby.test")
            .expect("valid")
            .when(|head| !head.path().starts_with("/page")),
        HeaderVersioning::header("api-version", ["2"])
            .and_then(|p| p.retire_by("1", Retirement::new().gone(at(PERMANENT))))
            .expect("valid")
            .clock(clock()),
        Versioning::new("/api", "v2")
            .and_then(|p| p.retire_by("v1", plan))
            .expect("valid")
            .clock(clock()),
    );
    // Answers of the application are not stored, so that all stored answers are the layer's.
    let inner = service_fn(async |_: Request<Full<Bytes>>| {
        let mut response = Response::new(Full::<Bytes>::default());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok::<_, std::convert::Infallible>(response)
    });
    let service = RedirectLayer::new(policy).layer(inner);
    Server { service: tower::ServiceExt::map_response(service, head_of), now, switch }
}

fn head_of<B>(response: Response<B>) -> Answer {
    let (parts, _) = response.into_parts();
    (parts.status, parts.headers)
}

#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    path: &'static str,
    fields: Vec<(&'static str, &'static str)>,
}

impl Asked {
    fn request(&self) -> Request<Full<Bytes>> {
        request(self.method, self.path, &self.fields)
    }

    /// The values of a field, which a cache compares (RFC 9111 §4.1).
    fn values(&self, name: &str) -> Vec<&'static str> {
        self.fields.iter().filter(|(n, _)| *n == name).map(|(_, value)| *value).collect()
    }
}

/// An answer that a shared cache stores (RFC 9111 §3, §4.2): to a GET, with an explicit lifetime and
/// without `no-store`.
struct Stored {
    asked: Asked,
    answer: Answer,
    world: World,
    until: u64,
}

impl Stored {
    fn new(asked: &Asked, answer: &Answer, world: World) -> Option<Self> {
        let directives = answer.1.get(header::CACHE_CONTROL)?.to_str().expect("ascii");
        let max_age = directives.split(',').find_map(|d| d.trim().strip_prefix("max-age="))?;
        let star = answer.1.get_all(header::VARY).iter().any(|value| value == "*");
        if asked.method != "GET" || directives.contains("no-store") || star {
            return None;
        }
        let until = world.now + max_age.parse::<u64>().expect("seconds");
        Some(Self { asked: asked.clone(), answer: answer.clone(), world, until })
    }

    fn serves(&self, asked: &Asked, now: u64) -> bool {
        let varies = self.answer.1.get_all(header::VARY).iter().any(|names| {
            let mut names = names.to_str().expect("ascii").split(',').map(str::trim);
            names.any(|name| self.asked.values(name) != asked.values(name))
        });
        asked.method == "GET" && asked.path == self.asked.path && now < self.until && !varies
    }
}

#[derive(Clone, Debug)]
enum Step {
    Ask(Asked),
    MaintenanceWindow(Option<MaintenanceWindow>),
    Later(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let paths = ["/", "/page", "/api/v1/x", "/api/v1/y?q", "/api/v2/x", "/api/x", "/api/v9/x"];
    let fields = prop::sample::subsequence(
        vec![
            ("api-version", "1"),
            ("api-version", "2"),
            ("x-tester", "me"),
            ("accept", "text/html"),
        ],
        0..=2,
    );
    let ask = (
        prop::sample::select(vec!["GET", "GET", "GET", "POST", "HEAD"]),
        prop::sample::select(paths.to_vec()),
        fields,
    )
        .prop_map(|(method, path, fields)| Step::Ask(Asked { method, path, fields }));
    let window = prop_oneof![
        Just(None),
        Just(Some(MaintenanceWindow::open())),
        (0..3 * GONE).prop_map(|end| Some(MaintenanceWindow::until(at(end)))),
    ]
    .prop_map(Step::MaintenanceWindow);
    let later = prop_oneof![6 => 1..30u64, 2 => 1..100 * MINUTE, 1 => 1..2000 * MINUTE]
        .prop_map(Step::Later);
    prop_oneof![6 => ask, 1 => window, 2 => later]
}

#[test]
fn a_stored_answer_is_what_the_layer_would_answer() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let start = PERMANENT - 200 * MINUTE..GONE + 200 * MINUTE;
    let steps = prop::collection::vec(step(), 10..50);
    let hits = AtomicU64::new(0);
    let outcome = TestRunner::new(config).run(&(start, steps), |(start, steps)| {
        hits.fetch_add(run(start, steps)?, Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let hits = hits.into_inner();
    assert!(hits > u64::from(cases / 4), "only {hits} answers came out of the cache");
}

/// Takes the steps, and returns the number of answers that came out of the cache.
fn run(start: u64, steps: Vec<Step>) -> Result<u64, TestCaseError> {
    let mut server = server();
    let mut world = World { now: start, window: None };
    let mut cache: Vec<Stored> = Vec::new();
    let mut hits = 0;
    for step in steps {
        let asked = match step {
            Step::MaintenanceWindow(window) => {
                world.window = window;
                continue;
            }
            Step::Later(seconds) => {
                world.now += seconds;
                continue;
            }
            Step::Ask(asked) => asked,
        };
        let answer = server.ask(world, &asked);
        let status_and_location =
            |answer: &Answer| (answer.0, answer.1.get(header::LOCATION).cloned());
        for stored in cache.iter().filter(|stored| stored.serves(&asked, world.now)) {
            hits += 1;
            // A permanent answer holds for its lifetime, so it is compared with the answer that
            // this request would have got when it was stored.
            let permanent = matches!(stored.answer.0.as_u16(), 301 | 308 | 410);
            let then = if permanent { server.ask(stored.world, &asked) } else { answer.clone() };
            prop_assert_eq!(
                status_and_location(&stored.answer),
                status_and_location(&then),
                "{:?}, stored for {:?}",
                asked,
                stored.asked
            );
        }
        cache.extend(Stored::new(&asked, &answer, world));
    }
    Ok(hits)
}

/// The model itself stores and serves answers.
#[test]
fn a_permanent_answer_is_stored_for_the_fields_that_it_depends_on() {
    let mut server = server();
    let world = World { now: PERMANENT, window: None };
    let ask = |fields: &[(&'static str, &'static str)]| Asked {
        method: "GET",
        path: "/orders",
        fields: fields.to_vec(),
    };
    let old = ask(&[("api-version", "1")]);
    let answer = server.ask(world, &old);
    let stored = Stored::new(&old, &answer, world).expect("a 410 is stored");
    assert!(stored.serves(&old, PERMANENT + 86_399) && !stored.serves(&old, PERMANENT + 86_400));
    assert!(!stored.serves(&ask(&[("api-version", "2")]), PERMANENT));
    assert!(!stored.serves(&ask(&[]), PERMANENT));
    let tester = ask(&[("api-version", "1"), ("x-tester", "me")]);
    let world = World { window: Some(MaintenanceWindow::open()), ..world };
    let answer = server.ask(world, &tester);
    assert_eq!(answer.0, 410);
    assert!(Stored::new(&tester, &answer, world).is_none());
}
