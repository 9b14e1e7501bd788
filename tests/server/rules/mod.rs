mod built;
mod captures;
mod files;
mod first_match;
mod gateway;
mod matching;
#[cfg(feature = "regex")]
mod regexes;
mod servers;

use http::Request;
use tower_redirect::policy::Rules;
use tower_redirect::{Decision, RedirectPolicy, RequestHead, Transport};

/// The answer of a table to a request in short form: `308 /b`, `410`, or nothing.
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

/// Each row is a request and its answer, which is empty if no rule matches.
#[track_caller]
fn table(rules: &Rules, rows: &[(&str, &str)]) {
    for (url, expected) in rows {
        let (method, url) = url.split_once(' ').unwrap_or(("GET", url));
        let seen = answer(rules, method, url);
        assert_eq!(seen.as_deref().unwrap_or_default(), *expected, "{method} {url}");
    }
}
