mod built;
mod captures;
mod files;
mod first_match;
mod gateway;
mod matching;
#[cfg(feature = "regex")]
mod regexes;
mod servers;

use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tower_redirect::policy::Rules;
use tower_redirect::{Decision, RedirectPolicy, RequestHead, Transport};

/// What a table says of a request, in short: `308 /b`, `410`, or nothing.
#[track_caller]
fn answer(rules: &Rules, method: &str, url: &str) -> Option<String> {
    let request = request(method, url);
    ask(rules, &request)
}

/// A request for a URL, or for a path on `a.test`.
#[track_caller]
fn request(method: &str, url: &str) -> Request<()> {
    let (scheme, rest) =
        url.split_once("://").filter(|_| !url.starts_with('/')).unwrap_or(("http", ""));
    let (host, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None if rest.is_empty() => ("a.test", url),
        None => (rest, "/"),
    };
    let request = Request::builder().method(method).uri(path).header("host", host);
    let mut request = request.body(()).expect(url);
    if scheme == "https" {
        request.extensions_mut().insert(Transport::Secure);
    }
    request
}

fn ask(rules: &Rules, request: &Request<()>) -> Option<String> {
    let head = RequestHead::from(request);
    match rules.decide(&head) {
        Decision::Redirect(to) => {
            let location = to.location_for(&head).expect("a host");
            let location = location.to_str().expect("ascii");
            Some(format!("{} {location}", to.status_for(head.method()).as_u16()))
        }
        Decision::Respond(response) => Some(response.status().as_u16().to_string()),
        _ => None,
    }
}

/// Each row: what is asked, and what is answered; an empty answer is none.
#[track_caller]
fn table(rules: &Rules, rows: &[(&str, &str)]) {
    for (url, expected) in rows {
        let (method, url) = url.split_once(' ').unwrap_or(("GET", url));
        let seen = answer(rules, method, url);
        assert_eq!(seen.as_deref().unwrap_or_default(), *expected, "{method} {url}");
    }
}

/// So many cases as `PROPTEST_CASES` says; a share of which has to count.
fn run<S: Strategy>(
    strategy: S,
    share: f64,
    test: impl Fn(S::Value) -> Result<bool, TestCaseError>,
) {
    let (all, counted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |value| {
        let counts = test(value)?;
        all.fetch_add(1, Ordering::Relaxed);
        counted.fetch_add(usize::from(counts), Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (all, counted) = (all.into_inner(), counted.into_inner());
    assert!(counted as f64 >= share * all as f64, "{counted} of {all}");
}
