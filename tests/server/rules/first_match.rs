//! The index finds the same rule as a loop over all rules.

use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, Method, Request};
use proptest::prelude::*;
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::trust::Peer;
use tower_redirect::{RequestHead, Scheme};

use super::request;
use crate::support::property::run;

const NOW: u64 = 1_000;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// So few words that rules often match requests.
fn word() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b"), Just("c"), Just("B"), Just("x%20y")]
}

fn from() -> impl Strategy<Value = String> {
    let segment = prop_oneof![3 => word().prop_map(str::to_owned), 2 => Just(":N".to_owned())];
    let end = prop_oneof![4 => Just(""), 2 => Just("/*"), 1 => Just("/*rest"), 1 => Just("/")];
    (prop::collection::vec(segment, 0..4), end).prop_map(|(segments, end)| {
        let mut path = String::new();
        for (at, segment) in segments.iter().enumerate() {
            path += &format!("/{}", segment.replace('N', &format!("n{at}")));
        }
        path += end;
        if path.is_empty() { "/".to_owned() } else { path }
    })
}

#[derive(Clone, Debug)]
enum Extra {
    Host(&'static str),
    Scheme(Scheme),
    Methods(Vec<Method>),
    Header(&'static str),
    HeaderPresent,
    HeaderAbsent,
    Query(&'static str, &'static str),
    QueryPresent(&'static str),
    QueryAbsent(&'static str),
    Captured,
    Clients(&'static str),
    Starts(u64),
    Ends(u64),
    IgnoreCase,
    EitherSlash,
    BelowOnly,
    OwnServer,
}

fn extra() -> impl Strategy<Value = Extra> {
    let host = prop_oneof![
        Just("a.test"),
        Just("*.test"),
        Just("b.a.test"),
        Just("*.a.test"),
        Just("other.test")
    ];
    let key = || prop_oneof![Just("p"), Just("q")];
    prop_oneof![
        3 => host.prop_map(Extra::Host),
        1 => prop_oneof![Just(Scheme::Http), Just(Scheme::Https)].prop_map(Extra::Scheme),
        1 => prop::collection::vec(prop_oneof![Just(Method::GET), Just(Method::POST)], 1..3)
            .prop_map(Extra::Methods),
        1 => prop_oneof![Just("1"), Just("2")].prop_map(Extra::Header),
        1 => Just(Extra::HeaderPresent),
        1 => Just(Extra::HeaderAbsent),
        3 => (key(), prop_oneof![Just("1"), Just("2"), Just("3")])
            .prop_map(|(key, value)| Extra::Query(key, value)),
        1 => key().prop_map(Extra::QueryPresent),
        1 => key().prop_map(Extra::QueryAbsent),
        1 => Just(Extra::Captured),
        1 => prop_oneof![Just("10.0.0.0/8"), Just("10.0.0.1")].prop_map(Extra::Clients),
        1 => prop_oneof![Just(NOW - 1), Just(NOW), Just(NOW + 1)].prop_map(Extra::Starts),
        1 => prop_oneof![Just(NOW), Just(NOW + 1), Just(NOW + 2)].prop_map(Extra::Ends),
        2 => Just(Extra::IgnoreCase),
        1 => Just(Extra::EitherSlash),
        1 => Just(Extra::BelowOnly),
        1 => Just(Extra::OwnServer),
    ]
}

/// The path and the conditions of a rule.
fn rule() -> impl Strategy<Value = (String, Vec<Extra>)> {
    (from(), prop::collection::vec(extra(), 0..4))
}

/// Builds a rule that leads to another server, so that no table is refused because of a loop; or,
/// rarely, to a path that requests ask for.
fn build(number: usize, (from, extras): &(String, Vec<Extra>)) -> Rule {
    let query =
        if extras.iter().any(|extra| matches!(extra, Extra::Captured)) { "?p=:p" } else { "" };
    let mut rule = Rule::new(&format!("{from}{query}")).expect(from);
    let rest = if from.ends_with('*') { "*" } else { "" };
    rule = rule.to(&format!("https://t{number}.example/{rest}")).expect(from);
    let beta = HeaderName::from_static("x-beta");
    for extra in extras {
        rule = match extra {
            Extra::Host(host) => rule.on_host(host).expect(host),
            Extra::Scheme(scheme) => rule.on_scheme(*scheme),
            Extra::Methods(methods) => rule.on_methods(methods.iter().cloned()),
            Extra::Header(value) => rule.on_header(beta.clone(), HeaderValue::from_static(value)),
            Extra::HeaderPresent => rule.on_header_present(beta.clone()),
            Extra::HeaderAbsent => rule.on_header_absent(beta.clone()),
            Extra::Query(key, value) => rule.on_query(key, value),
            Extra::QueryPresent(key) => rule.on_query_present(key),
            Extra::QueryAbsent(key) => rule.on_query_absent(key),
            Extra::Captured => rule,
            Extra::Clients(range) => rule.on_clients([range]).expect(range),
            Extra::Starts(date) => rule.since(at(*date)),
            Extra::Ends(date) => rule.until(at(*date + 2)),
            Extra::IgnoreCase => rule.ignore_case(),
            Extra::EitherSlash => rule.either_slash(),
            Extra::BelowOnly => rule.below_only(),
            // A rule that leads a request to itself is skipped.
            Extra::OwnServer if number % 7 == 0 => rule.to("/a").expect(from),
            Extra::OwnServer => rule,
        };
    }
    rule
}

fn asked() -> impl Strategy<Value = Request<()>> {
    let segment = prop_oneof![
        6 => word().prop_map(str::to_owned),
        1 => Just("A".to_owned()),
        1 => Just("x%20Y".to_owned()),
        1 => Just("%61".to_owned()),
        1 => Just(String::new()),
        1 => Just("..".to_owned()),
        1 => Just("%2f".to_owned()),
    ];
    let host = prop_oneof![
        Just("a.test"),
        Just("b.a.test"),
        Just("A.TEST:80"),
        Just("c.b.a.test"),
        Just("none")
    ];
    let query = "(p=[123]?)?(&q=[123])?(&p=[12])?(&u)?";
    let way = (any::<bool>(), any::<bool>(), 0..3_u8, 0..3_u8);
    (prop::collection::vec(segment, 0..5), host, query, way).prop_map(
        |(segments, host, query, (post, secure, header, client))| {
            let scheme = if secure { "https" } else { "http" };
            let url = format!("{scheme}://{host}/{}?{query}", segments.join("/"));
            let mut request = request(if post { "POST" } else { "GET" }, &url);
            if header > 0 {
                let value = HeaderValue::from_static(if header == 1 { "1" } else { "2" });
                request.headers_mut().insert("x-beta", value);
            }
            if client > 0 {
                request.extensions_mut().insert(Peer::Ip([10, 0, 0, client].into()));
            }
            request
        },
    )
}

/// Builds a table, or returns `None` if it is refused because one request could visit too many places.
fn build_table(rules: impl IntoIterator<Item = Rule>) -> Result<Option<Rules>, TestCaseError> {
    match Rules::builder().clock(|| at(NOW)).build(rules) {
        Ok(rules) => Ok(Some(rules)),
        Err(errors) => {
            let text = errors.to_string();
            let only_slow = text.lines().all(|line| line.contains(": one request could visit "));
            if only_slow { Ok(None) } else { Err(TestCaseError::fail(text)) }
        }
    }
}

#[test]
fn the_index_finds_the_same_rule_as_a_loop() {
    let cases = (
        prop_oneof![
            9 => prop::collection::vec(rule(), 1..12),
            1 => prop::collection::vec(rule(), 100..300),
        ],
        prop::collection::vec(asked(), 30),
    );
    run(cases, 0.6, |(rules, requests)| {
        let build = |(number, rule)| build(number, rule);
        let Some(whole) = build_table(rules.iter().enumerate().map(build))? else {
            return Ok(false);
        };
        let single = rules.iter().enumerate().map(build).map(|rule| build_table([rule]));
        let single = single.collect::<Result<Option<Vec<_>>, _>>()?;
        let single = single.ok_or_else(|| TestCaseError::fail("one rule alone is too slow"))?;
        let mut answered = false;
        for request in &requests {
            let head = RequestHead::from(request);
            let found = whole.find(&head).map(|found| found.index());
            let first = single.iter().position(|rule| rule.find(&head).is_some());
            prop_assert_eq!(found, first, "{:?} {:?}", request, request.headers().get("host"));
            answered |= found.is_some();
        }
        Ok(answered)
    });
}
