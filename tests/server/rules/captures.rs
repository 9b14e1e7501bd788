//! A capture stays in its place in the target.

use http::Request;
use proptest::prelude::*;
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::{Decision, RedirectPolicy, RequestHead};
use url::Url;

use super::table;
use crate::support::property::run;

fn rule(from: &str, to: &str) -> Rule {
    Rule::new(from).and_then(|rule| rule.to(to)).expect(from)
}

/// The same-origin suite of fiber's redirect middleware: captures that would become an authority.
#[test]
fn captures_never_become_an_authority() {
    let rules = Rules::new([
        rule("/api/*", "/*"),
        rule("/redirect/*", "/*"),
        rule("/cdn/*rest", "https://assets.example.com/*rest"),
    ]);
    let rules = rules.expect("valid");
    table(
        &rules,
        &[
            ("/api//evil.com", "307 http://a.test//evil.com"),
            ("/api/%09/evil.com", "307 /%09/evil.com"),
            ("/api/%2f%2fevil.com", "307 /%2f%2fevil.com"),
            ("/api/\\evil.com", "307 http://a.test/%5Cevil.com"),
            ("/api/\\/evil.com", "307 http://a.test/%5C/evil.com"),
            ("/api/https://evil.com", "307 /https://evil.com"),
            ("/redirect/https://evil.com", "307 /https://evil.com"),
            ("/redirect/javascript:alert(1)", "307 /javascript:alert(1)"),
            ("/cdn/evil.com/x", "307 https://assets.example.com/evil.com/x"),
            ("/cdn/a@evil.com", "307 https://assets.example.com/a@evil.com"),
            ("/cdn//evil.com", "307 https://assets.example.com//evil.com"),
            ("/cdn/%0d%0aSet-Cookie:x=1", "307 https://assets.example.com/%0d%0aSet-Cookie:x=1"),
        ],
    );
    for target in
        ["https://*.assets.example.com/", "https://:x.test/", "https://*", "https://a.test:*/"]
    {
        assert!(Rule::new("/cdn/:x/*").and_then(|rule| rule.to(target)).is_err(), "{target}");
    }
}

/// Faults of other servers: a captured rest that begins like an authority.
#[test]
fn captured_slashes_never_begin_an_authority() {
    let bare = Rules::new([rule("/old/*rest", "/*rest")]).expect("valid");
    for (url, expected) in [
        ("/old//evil.com/", "307 http://a.test//evil.com/"),
        ("/old//evil.com/%2F..", "307 http://a.test//evil.com/%2F.."),
        ("/old//evil.com/%2e%2e", "307 http://a.test//evil.com/%2e%2e"),
        ("/old/%5Cevil.com", "307 /%5Cevil.com"),
        ("/old/%2F/evil.com", "307 /%2F/evil.com"),
    ] {
        table(&bare, &[(url, expected)]);
    }
}

#[test]
fn a_piece_of_a_path_begins_no_parameter_of_the_query() {
    let copied = Rules::new([rule("/a/:x/*rest", "/b?x=:x&r=*rest")]).expect("valid");
    table(&copied, &[("/a/1&y=2/3+4;z/5", "307 /b?x=1%26y%3D2&r=3%2B4%3Bz/5")]);
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,3}",
        2 => "[/\\\\%.@:a-c&=+;#?]{0,6}".prop_map(|text| text.replace(['#', '?'], "")),
        1 => Just("/evil.example".to_owned()),
        1 => Just("\\evil.example".to_owned()),
        1 => Just("%09/evil.example".to_owned()),
        1 => Just("https://evil.example".to_owned()),
        1 => Just("%2e%2e/%2f".to_owned()),
        1 => Just("../..".to_owned()),
    ]
}

/// Rules as `(from, to)`.
fn shapes() -> Vec<(&'static str, &'static str)> {
    vec![
        ("/api/*", "/*"),
        ("/a/*rest", "/b/c/*rest"),
        ("/a/:x", "/b/:x"),
        ("/a/:x/*rest", "/b/:x/*rest"),
        ("/a/:x/:y", "/b/:y/:x/end"),
        ("/a/*rest", "/b/*rest/end"),
        ("/a/:x", "/b/pre-:x.html"),
        ("/a/:x/*rest", "/b?x=:x&r=*rest"),
        ("/a?id=:id", "/b/:id/end"),
        ("/a?id=:id", "/b?own=:id&z=1"),
        ("/a/*rest", "https://named.example/b/*rest"),
        ("/a/:x", "https://named.example/:x?y=:x"),
        ("/*rest", "https://named.example:8443/*rest"),
        ("/:x/*rest", "https://named.example/:x"),
    ]
}

#[test]
fn a_location_never_leads_astray() {
    let all = shapes();
    let start = prop_oneof![3 => Just("/a/"), 1 => Just("/api/"), 1 => Just("/")];
    let query = prop_oneof![1 => Just(None), 2 => piece().prop_map(Some)];
    let cases = (0..all.len(), start, prop::collection::vec(piece(), 0..3), query);
    run(cases, 0.15, |(shape, start, pieces, query)| {
        let (from, to) = all[shape];
        let rules = Rules::new([rule(from, to)]).expect("valid");
        let mut target = format!("{start}{}", pieces.join("/"));
        if from.contains('?') {
            target = "/a".to_owned();
        }
        if let Some(query) = query {
            target += &format!("?id={query}&more=1");
        }
        let request = Request::get(&target).header("host", "a.test").body(());
        let Ok(request) = request else { return Ok(false) };
        let head = RequestHead::from(&request);
        let Decision::Redirect(redirection) = rules.decide(&head) else { return Ok(false) };
        let location = redirection.location_for(&head).expect("a host");
        let location = location.to_str().expect("ascii");
        let base = Url::parse(&format!("http://a.test{target}")).expect("a url");
        let seen = base.join(location).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let named = Url::parse(to).map(|to| to.origin());
        let origin = named.clone().unwrap_or_else(|_| base.origin());
        prop_assert_eq!(seen.origin(), origin, "{} -> {}", target, location);
        // The text before the first capture stays the same, and so does the number of
        // parameters.
        let path =
            to.strip_prefix("https://").map_or(to, |to| to.split_once('/').map_or("", |_| to));
        let path = path.strip_prefix("named.example:8443").unwrap_or(path);
        let path = path.strip_prefix("named.example").unwrap_or(path);
        let (path, own) =
            path.split_once('?').map_or((path, None), |(path, own)| (path, Some(own)));
        let fixed = path.split([':', '*']).next().unwrap_or_default();
        let written = match location.split_once("://") {
            Some((_, rest)) if !location.starts_with('/') => {
                rest.find('/').map_or("/", |at| &rest[at..])
            }
            _ => location,
        };
        let (written, query) =
            written.split_once('?').map_or((written, None), |(path, query)| (path, Some(query)));
        let fixed = if written.len() < fixed.len() { fixed.trim_end_matches('/') } else { fixed };
        prop_assert!(written.starts_with(fixed), "{} -> {}", target, location);
        if !to.contains('*') {
            prop_assert_eq!(
                written.matches('/').count(),
                path.matches('/').count(),
                "{}",
                location
            );
        }
        if let Some(own) = own {
            let count = |query: &str| url::form_urlencoded::parse(query.as_bytes()).count();
            prop_assert_eq!(
                count(query.unwrap_or_default()),
                count(own),
                "{} -> {}",
                target,
                location
            );
            prop_assert!(!query.unwrap_or_default().contains(';'), "{}", location);
        }
        Ok(true)
    });
}
