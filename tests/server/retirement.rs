//! Versions in paths, headers and queries are retired by date.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sfv::{BareItem, Item, Parser};
use tower_redirect::{
    ConfigErrorKind, HeaderVersioning, QueryVersioning, RedirectLayer, RedirectPolicy, Retirement,
    Versioning,
};

use crate::support::{Asked, ask_now, request};

/// A clock that is set by hand, in milliseconds.
#[derive(Clone, Default)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::Relaxed);
    }

    fn now(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let clock = self.0.clone();
        move || at(clock.load(Ordering::Relaxed))
    }
}

fn at(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

const DEPRECATED: u64 = 1_700_000_000_000;
const MOVED: u64 = DEPRECATED + 30 * DAY;
const PERMANENT: u64 = MOVED + 30 * DAY;
const GONE: u64 = PERMANENT + 30 * DAY;
const DAY: u64 = 86_400_000;

fn plan() -> Retirement {
    Retirement::new()
        .deprecated(at(DEPRECATED))
        .moved(at(MOVED))
        .permanent(at(PERMANENT))
        .gone(at(GONE))
}

fn summary(asked: &Asked) -> String {
    match (asked.status.as_u16(), asked.location(), asked.calls) {
        (200, None, 1) if asked.header("deprecation").is_some() => "deprecated".to_owned(),
        (200, None, 1) => "served".to_owned(),
        (status, Some(location), 0) => format!("{status} {location}"),
        (status, None, 0) => status.to_string(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_ask<P: RedirectPolicy>(
    policy: P,
    (method, uri, fields): (&str, &str, &[(&str, &str)]),
    expected: &str,
) -> Asked {
    let asked = ask_now(&RedirectLayer::new(policy), request(method, uri, fields));
    assert_eq!(summary(&asked), expected, "{method} {uri} {fields:?}");
    asked
}

#[test]
fn each_stage_begins_at_its_date() {
    let clock = Clock::default();
    let policy = Versioning::new("/api", "v2").and_then(|p| p.retire_by("v1", plan()));
    let policy = policy.expect("valid").clock(clock.now());
    let get_and_head_only = policy.clone().get_and_head_only();
    for (now, get, restricted_post) in [
        (0, "served", "served"),
        (DEPRECATED - 1, "served", "served"),
        (DEPRECATED, "deprecated", "deprecated"),
        (MOVED - 1, "deprecated", "deprecated"),
        (MOVED, "307 /api/v2/x?q", "410"),
        (PERMANENT - 1, "307 /api/v2/x?q", "410"),
        (PERMANENT, "308 /api/v2/x?q", "410"),
        (GONE - 1, "308 /api/v2/x?q", "410"),
        (GONE, "410", "410"),
        (GONE + 1000 * DAY, "410", "410"),
    ] {
        clock.set(now);
        assert_ask(&policy, ("GET", "/api/v1/x?q", &[]), get);
        assert_ask(&policy, ("POST", "/api/v1/x?q", &[]), get);
        assert_ask(&get_and_head_only, ("GET", "/api/v1/x?q", &[]), get);
        assert_ask(&get_and_head_only, ("POST", "/api/v1/x?q", &[]), restricted_post);
        assert_ask(&policy, ("GET", "/api/v2/x?q", &[]), "served");
        assert_ask(&policy, ("GET", "/api/x?q", &[]), "307 /api/v2/x?q");
    }
}

/// Read by parsers that are not ours: RFC 9745 §2, RFC 8594 §3, RFC 8288 §3.
#[test]
fn the_fields_say_what_was_declared() {
    let clock = Clock::default();
    clock.set(DEPRECATED + 999);
    let policy = Versioning::new("/api", "v2").and_then(|p| p.retire_by("v1", plan()));
    let policy = policy.expect("valid").clock(clock.now());
    let asked = assert_ask(&policy, ("GET", "/api/v1/a\"b|?q={1}", &[]), "deprecated");
    let deprecation = asked.header("deprecation").expect("is sent");
    let item: Item = Parser::new(deprecation).parse().expect("an item");
    let BareItem::Date(date) = item.bare_item else { panic!("{item:?}") };
    let seconds: i64 = date.unix_seconds().into();
    assert_eq!(seconds, (DEPRECATED / 1000) as i64);
    let sunset = httpdate::parse_http_date(asked.header("sunset").expect("is sent"));
    assert_eq!(sunset.expect("a date"), at(GONE));
    let link = "</api/v2/a%22b%7C?q=%7B1%7D>; rel=\"successor-version\"";
    assert_eq!(asked.header("link"), Some(link));
    assert_eq!(asked.header("x-app"), Some("inner"), "the headers of the application stay");

    clock.set(GONE);
    let asked = assert_ask(&policy, ("POST", "/api/v1/x", &[]), "410");
    assert_eq!(asked.header("link"), Some("</api/v2/x>; rel=\"successor-version\""));
    assert_eq!(asked.header("cache-control"), Some("max-age=86400"));
}

#[test]
fn no_cache_keeps_a_308_beyond_its_stage() {
    let clock = Clock::default();
    let policy = Versioning::new("/api", "v2").and_then(|p| p.retire_by("v1", plan()));
    let policy = policy.expect("valid").clock(clock.now());
    for (now, max_age) in [
        (PERMANENT, "max-age=86400"),
        (GONE - DAY, "max-age=86400"),
        (GONE - 90_500, "max-age=90"),
        (GONE - 1, "max-age=0"),
    ] {
        clock.set(now);
        let asked = assert_ask(&policy, ("GET", "/api/v1/x", &[]), "308 /api/v2/x");
        assert_eq!(asked.header("cache-control"), Some(max_age), "{now}");
    }
}

#[test]
fn stages_may_be_left_out_but_not_out_of_order() {
    let new = || Versioning::new("/api", "v2").expect("valid");
    let plan = Retirement::new;
    for (plan, valid) in [
        (plan(), true),
        (plan().gone(at(5)), true),
        (plan().deprecated(at(1)).gone(at(5)), true),
        (plan().moved(at(1)).permanent(at(2)), true),
        (plan().gone(at(5)).deprecated(at(1)), true),
        (plan().deprecated(at(5)).gone(at(1)), false),
        (plan().deprecated(at(5)).gone(at(5)), false),
        (plan().moved(at(5)).deprecated(at(6)), false),
        (plan().permanent(at(5)).moved(at(6)), false),
        (plan().gone(at(5)).permanent(at(6)), false),
        (plan().deprecated(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), false),
        (plan().gone(at(253_402_300_800_000)), false),
        (plan().gone(at(253_402_300_799_999)), true),
    ] {
        let built = new().retire_by("v1", plan);
        assert_eq!(built.is_ok(), valid, "{plan:?}");
        if let Err(error) = built {
            assert_eq!(error.kind(), ConfigErrorKind::Dates, "{error}");
            assert!(error.to_string().contains("\"v1\""), "{error}");
        }
    }
    let twice = new().retire("v1").and_then(|p| p.retire_by("v1", plan()));
    assert!(twice.is_err());
    assert!(new().retire_by("v2", plan()).is_err());
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    for plan in [
        Retirement::new().deprecated(before_1970),
        Retirement::new().moved(before_1970),
        Retirement::new().permanent(before_1970),
        Retirement::new().gone(before_1970),
    ] {
        assert!(new().retire_by("v1", plan).is_err(), "{plan:?}");
    }
    for prefix in ["/my api", "/ä", "/a#b", "/a%2fb", "api"] {
        assert!(Versioning::new(prefix, "v2").is_err(), "{prefix}");
    }
}

#[test]
fn versions_of_another_form_are_recognized_by_a_function() {
    let dated = |segment: &str| segment.len() == 10 && segment.starts_with("20");
    let policy = Versioning::new("/api", "2026-01-01").and_then(|p| p.retire("2025-01-01"));
    let policy = policy.expect("valid").recognize(dated);
    assert_ask(&policy, ("GET", "/api/2025-01-01/x", &[]), "307 /api/2026-01-01/x");
    assert_ask(&policy, ("GET", "/api/2026-01-01/x", &[]), "served");
    assert_ask(&policy, ("GET", "/api/2024-01-01/x", &[]), "served");
    assert_ask(&policy, ("GET", "/api/v1/x", &[]), "served");
    assert_ask(&policy, ("GET", "/api/orders/x", &[]), "307 /api/2026-01-01/orders/x");
    let bare = Versioning::new("/api", "2026-01-01").expect("valid");
    assert_ask(&bare, ("GET", "/api/2024-01-01/x", &[]), "307 /api/2026-01-01/2024-01-01/x");
}

#[test]
fn only_a_whole_segment_behind_the_prefix_is_a_version() {
    let policy = Versioning::new("/api", "v2").and_then(|p| p.retire("v1")).expect("valid");
    for (path, expected) in [
        ("/apis", "served"),
        ("/api", "307 /api/v2"),
        ("/api/", "307 /api/v2/"),
        ("/api?a=/api/v1", "307 /api/v2?a=/api/v1"),
        ("/api/v9/x", "served"),
        ("/api/vendors", "307 /api/v2/vendors"),
        ("/api/v1.2/x", "served"),
        ("/api/V1/x", "307 /api/v2/V1/x"),
        ("/api//v1/x", "served"),
        ("/api/v1//x", "served"),
        ("/api/v1%2fx", "served"),
        ("/api%2fv1/x", "served"),
        ("/api/v1/%2e%2e/x", "served"),
        ("/api/../v1/x", "served"),
        ("/api/./v1/x", "served"),
        ("/api/v1/x?q=1&r=%2f", "307 /api/v2/x?q=1&r=%2f"),
    ] {
        assert_ask(&policy, ("PUT", path, &[]), expected);
        if let Some(location) = expected.strip_prefix("307 ") {
            assert_ask(&policy, ("PUT", location, &[]), "served");
        }
    }
}

#[test]
fn a_version_in_a_header_is_served_and_then_refused() {
    let clock = Clock::default();
    let ends = Retirement::new().deprecated(at(DEPRECATED)).gone(at(GONE));
    let policy = HeaderVersioning::header("api-version", ["2", "3"])
        .and_then(|p| p.retire_by("1", ends))
        .expect("valid")
        .clock(clock.now());
    for (fields, before, deprecated, gone) in [
        (&[][..], "served", "served", "served"),
        (&[("api-version", "2")], "served", "served", "served"),
        (&[("api-version", "1")], "served", "deprecated", "410"),
        (&[("api-version", "7")], "400", "400", "400"),
        (&[("api-version", "")], "400", "400", "400"),
        (&[("api-version", "2"), ("api-version", "2")], "400", "400", "400"),
        (&[("api-version", "1, 2")], "400", "400", "400"),
        (&[("other", "1")], "served", "served", "served"),
    ] {
        for (now, expected) in [(0, before), (DEPRECATED, deprecated), (GONE, gone)] {
            clock.set(now);
            let asked = assert_ask(&policy, ("POST", "/orders", fields), expected);
            let vary = (expected == "410").then_some("api-version");
            assert_eq!(asked.header("vary"), vary, "{fields:?}");
            assert_eq!(asked.header("link"), None, "no path is its successor");
        }
    }
    let preflight =
        [("origin", "http://b"), ("access-control-request-method", "PUT"), ("api-version", "7")];
    assert_ask(&policy, ("OPTIONS", "/orders", &preflight), "served");
}

#[test]
fn a_media_type_is_one_offer_among_others() {
    let clock = Clock::default();
    clock.set(GONE);
    let ended = Retirement::new().gone(at(GONE));
    let fading = Retirement::new().deprecated(at(DEPRECATED));
    let policy = HeaderVersioning::accept("application/vnd.Shop", ["v3", "3"])
        .and_then(|p| p.retire_by("v1", ended))
        .and_then(|p| p.retire_by("v2", fading))
        .and_then(|p| p.retire_by("2", ended))
        .expect("valid")
        .clock(clock.now());
    for (accept, expected) in [
        ("application/vnd.shop.v3+json", "served"),
        ("application/vnd.shop.v2+json", "deprecated"),
        ("application/vnd.shop.v1+json", "406"),
        ("APPLICATION/VND.SHOP.v1+json", "406"),
        ("APPLICATION/VND.SHOP.V3+JSON", "served"),
        ("application/vnd.shop.V2+json", "deprecated"),
        ("application/vnd.shop.v9", "406"),
        ("application/vnd.shop.v1+json, application/vnd.shop.v3+json;q=0.1", "served"),
        ("application/vnd.shop.v1, application/vnd.shop.v2", "deprecated"),
        ("application/vnd.shop.v2, application/vnd.shop.v1", "deprecated"),
        ("application/vnd.shop.v1, application/vnd.shop.v3;q=0", "406"),
        ("application/vnd.shop.v1, */*;q=0.1", "served"),
        ("application/vnd.shop.v1, text/html", "served"),
        ("application/vnd.shop+json; version=3", "served"),
        ("application/vnd.shop+json; version=\"2\"", "406"),
        ("application/vnd.shop; Version=9", "406"),
        ("application/vnd.shop+json", "served"),
        ("application/vnd.shopping.v1", "served"),
        ("text/html", "served"),
        ("", "served"),
        (",", "served"),
        ("\"unterminated", "served"),
    ] {
        let asked = assert_ask(&policy, ("GET", "/orders", &[("accept", accept)]), expected);
        let cache = (expected == "406").then_some("no-store");
        assert_eq!(asked.header("cache-control"), cache, "{accept}");
    }
    assert_ask(&policy, ("GET", "/orders", &[]), "served");
}

/// The client accepts any of them, so it needs no redirection to a path.
#[test]
fn of_retired_media_types_the_one_at_the_earliest_stage_is_answered() {
    let clock = Clock::default();
    let policy = HeaderVersioning::accept("application/vnd.shop", ["v4"])
        .and_then(|p| p.in_path("/api", "v4"))
        .and_then(|p| p.retire_by("v1", Retirement::new().moved(at(MOVED))))
        .and_then(|p| p.retire_by("v2", Retirement::new().deprecated(at(MOVED))))
        .and_then(|p| p.retire_by("v3", Retirement::new().deprecated(at(GONE))))
        .expect("valid")
        .clock(clock.now());
    clock.set(MOVED);
    for (accept, expected) in [
        ("application/vnd.shop.v1", "307 /api/v4/orders"),
        ("application/vnd.shop.v1, application/vnd.shop.v2", "deprecated"),
        ("application/vnd.shop.v2, application/vnd.shop.v1", "deprecated"),
        ("application/vnd.shop.v2, application/vnd.shop.v3", "served"),
        ("application/vnd.shop.v9, application/vnd.shop.v1", "307 /api/v4/orders"),
    ] {
        assert_ask(&policy, ("GET", "/api/orders", &[("accept", accept)]), expected);
    }
}

#[test]
fn a_version_in_a_header_moves_only_into_a_path() {
    let clock = Clock::default();
    let new = || HeaderVersioning::header("api-version", ["2"]).expect("valid");
    assert!(new().retire_by("1", plan()).is_err(), "a Location cannot change a header");
    let policy = new().in_path("/api", "v2").and_then(|p| p.retire_by("1", plan()));
    let policy = policy.expect("valid").clock(clock.now());
    let old: &[_] = &[("api-version", "1")];
    for (now, below, elsewhere) in [
        (0, "served", "served"),
        (DEPRECATED, "deprecated", "deprecated"),
        (MOVED, "307 /api/v2/orders?q", "deprecated"),
        (PERMANENT, "308 /api/v2/orders?q", "deprecated"),
        (GONE, "410", "410"),
    ] {
        clock.set(now);
        let asked = assert_ask(&policy, ("POST", "/api/orders?q", old), below);
        assert_ask(&policy, ("POST", "/orders", old), elsewhere);
        // The version in the path prevents a loop, whatever the header says.
        assert_ask(&policy, ("POST", "/api/v2/orders?q", old), "served");
        assert_ask(&policy, ("POST", "/api/orders", &[("api-version", "2")]), "served");
        if below.starts_with("308") || below == "410" {
            assert_eq!(asked.header("vary"), Some("api-version"));
        }
    }
}

#[test]
fn bad_configuration_is_refused() {
    let served = ["2"];
    for name in ["", "a b", "a:b", "ä"] {
        assert!(HeaderVersioning::header(name, served).is_err(), "{name}");
    }
    for media in
        ["", "application", "application/", "/x", "a/b/c", "a/b+json", "*/*", "a/*", "a/b;c"]
    {
        assert!(HeaderVersioning::accept(media, served).is_err(), "{media}");
    }
    assert!(HeaderVersioning::header("v", [""; 0]).is_err());
    assert!(HeaderVersioning::header("v", ["1 2"]).is_err());
    let new = || HeaderVersioning::header("v", served).expect("valid");
    assert!(new().retire_by("2", Retirement::new()).is_err());
    assert!(
        new()
            .retire_by("1", Retirement::new())
            .and_then(|p| p.retire_by("1", Retirement::new()))
            .is_err()
    );
    assert!(new().in_path("api", "v2").is_err());
    assert!(new().in_path("/api", "v/2").is_err());
}

#[test]
fn a_version_in_the_query_has_the_same_stages() {
    let clock = Clock::default();
    let policy = QueryVersioning::new("api-version", "2").and_then(|p| p.retire_by("1", plan()));
    let policy = policy.expect("valid").clock(clock.now());
    let get_and_head_only = policy.clone().get_and_head_only();
    let old = "/x?a=api-version=1&api-version=1&b";
    for (now, get, restricted_post) in [
        (0, "served", "served"),
        (DEPRECATED, "deprecated", "deprecated"),
        (MOVED, "307 /x?a=api-version=1&api-version=2&b", "410"),
        (PERMANENT, "308 /x?a=api-version=1&api-version=2&b", "410"),
        (GONE, "410", "410"),
    ] {
        clock.set(now);
        assert_ask(&policy, ("POST", old, &[]), get);
        assert_ask(&get_and_head_only, ("GET", old, &[]), get);
        let asked = assert_ask(&get_and_head_only, ("POST", old, &[]), restricted_post);
        let link = "</x?a=api-version=1&api-version=2&b>; rel=\"successor-version\"";
        assert_eq!(asked.header("link"), (now > 0).then_some(link));
    }
}

#[test]
fn versions_in_the_query_are_compared_as_they_are_written() {
    let policy = QueryVersioning::new("v", "2").and_then(|p| p.retire("1")).expect("valid");
    for (uri, expected) in [
        ("/x?v=1", "307 /x?v=2"),
        ("/?v=1&", "307 /?v=2&"),
        ("/x?&v=1&q=\u{e4}", "307 /x?&v=2&q=%C3%A4"),
        ("/x?v=2", "served"),
        ("/x?v=3", "served"),
        ("/x?v=", "served"),
        ("/x?v", "served"),
        ("/x?V=1", "served"),
        ("/x?vv=1", "served"),
        ("/x?v=11", "served"),
        ("/x?v=%31", "served"),
        ("/x?v=1&v=1", "served"),
        ("/x", "served"),
        ("/v=1", "served"),
    ] {
        assert_ask(&policy, ("POST", uri, &[]), expected);
    }
    let preflight = [("origin", "https://b.test"), ("access-control-request-method", "PUT")];
    assert_ask(&policy, ("OPTIONS", "/x?v=1", &preflight), "served");
    for (parameter, version) in [("", "2"), ("a=b", "2"), ("v", ""), ("v", "2&x"), ("v", "a b")] {
        assert!(QueryVersioning::new(parameter, version).is_err(), "{parameter} {version}");
    }
    assert!(policy.clone().retire("2").is_err() && policy.retire("1").is_err());
}

#[test]
fn served_versions_are_reported_on_every_answer() {
    let clock = Clock::default();
    let policy = QueryVersioning::new("v", "3").and_then(|p| p.retire("1"));
    let policy = policy.and_then(|p| p.retire_by("2", plan())).expect("valid").clock(clock.now());
    let silent = policy.clone();
    let policy = policy.report_versions();
    for (now, supported, deprecated) in
        [(0, "2, 3", None), (DEPRECATED, "3", Some("2")), (MOVED, "3", None), (GONE, "3", None)]
    {
        clock.set(now);
        for uri in ["/x?v=3", "/x?v=2", "/x?v=1", "/x"] {
            let asked = ask_now(&RedirectLayer::new(&policy), request("GET", uri, &[]));
            assert_eq!(asked.header("api-supported-versions"), Some(supported), "{now} {uri}");
            assert_eq!(asked.header("api-deprecated-versions"), deprecated, "{now} {uri}");
        }
        let asked = ask_now(&RedirectLayer::new(&silent), request("GET", "/x?v=3", &[]));
        assert_eq!(asked.header("api-supported-versions"), None);
    }
}

#[test]
fn a_link_that_caches_keep_has_no_host_that_the_client_chose() {
    let policy = QueryVersioning::new("v", "2").and_then(|p| p.retire_by("1", plan()));
    let policy = policy.expect("valid").clock(|| at(GONE));
    let any = RedirectLayer::new(policy);
    let listed = any.clone().hosts(["a.test"]).expect("valid");
    // Browsers take the `x` of `//x` for a host, so this path needs a host in front of it.
    for (layer, path, host, link) in [
        (&any, "/x?v=1", "evil.test", Some("</x?v=2>; rel=\"successor-version\"")),
        (&any, "//x?v=1", "evil.test", None),
        (&listed, "//x?v=1", "a.test", Some("<http://a.test//x?v=2>; rel=\"successor-version\"")),
        (&listed, "//x?v=1", "a.test:99", None),
    ] {
        let asked = ask_now(layer, request("GET", path, &[("host", host)]));
        assert_eq!((asked.status.as_u16(), asked.header("link")), (410, link), "{host} {path}");
    }
}
