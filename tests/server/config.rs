//! Configurations as operators write them: what they do, and how mistakes are reported.

use std::time::{Duration, SystemTime};

use http::Request;
use http_body_util::Empty;
use tower_redirect::config::{Config, Configured, Switches};
use tower_redirect::trust::Peer;
use tower_redirect::{
    MaintenanceSwitch, MaintenanceWindow, RedirectLayer, RedirectPolicy, Transport,
};

use crate::support::{ask_now, request};

/// The example of the documentation of the format, with dates in the past or in the future.
const SHOP: &str = r#"
hosts = ["shop.example.com", "*.shop.example.com"]
[https]
port = 443
[trust]
proxies = ["10.0.0.0/8"]
fields = "x-forwarded"
[maintenance]
from = "2100-12-01T22:00:00Z"
until = "2100-12-01T23:00:00Z"
standby = "https://standby.example.com"
[[versions]]
prefix = "/api"
current = "v2"
retired = { v1 = { deprecated = "2020-09-01", moved = "2020-12-01", gone = "2100-03-01" } }
[[rules]]
from = "/blog/:year/*rest"
to = "/archive/:year/*rest"
status = 308
"#;

fn read(text: &str) -> Config {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn build(text: &str) -> RedirectLayer<Configured> {
    read(text).build(&Switches::new()).unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// Returns the answer to a request by a trusted proxy: `308 /x`, or the status alone.
fn answer(layer: &RedirectLayer<Configured>, method: &str, url: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect(url);
    let (host, path) = rest.split_at(rest.find('/').expect(url));
    let mut asked = request(method, path, &[("host", host), ("x-forwarded-proto", scheme)]);
    asked.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
    let asked = ask_now(layer, asked);
    match asked.location() {
        Some(location) => format!("{} {location}", asked.status.as_u16()),
        None => asked.status.as_u16().to_string(),
    }
}

#[test]
fn texts_with_the_same_meaning_have_the_same_hash() {
    let hash = |text: &str| build(text).config_hash().expect("built of a configuration");
    let one = hash("hosts = [\"a.test\"]\n[https]\nport = 8443\nport_map = { 80 = 443, 81 = 444 }");
    let same =
        "# moved\nhosts = ['a.test']\nhttps = { port_map = { 81 = 444, 80 = 443 }, port = 8443 }";
    assert_eq!(hash(same), one);
    for other in ["hosts = [\"a.test\"]\n[https]\nport = 8443", "[https]", "", SHOP] {
        assert_ne!(hash(other), one, "{other}");
    }
    assert!(one < 1 << 48, "a gauge holds it without rounding");
}

#[test]
fn all_sections_of_a_configuration_work_together() {
    let layer = build(SHOP);
    for (method, url, expected) in [
        ("GET", "https://shop.example.com/", "200"),
        ("POST", "http://shop.example.com/pay", "307 https://shop.example.com/pay"),
        ("POST", "https://a.shop.example.com/api/v1/orders?x", "307 /api/v2/orders?x"),
        ("GET", "https://shop.example.com/blog/2020/may", "308 /archive/2020/may"),
        // Successive redirections are sent as one.
        (
            "GET",
            "http://shop.example.com/blog/2020/may",
            "307 https://shop.example.com/archive/2020/may",
        ),
        ("GET", "https://attacker.test/", "421"),
    ] {
        assert_eq!(answer(&layer, method, url), expected, "{method} {url}");
    }
}

#[test]
fn every_section_does_what_its_policy_does() {
    let secure = "[trust]\ntransport = \"secure\"\n";
    for (text, url, expected) in [
        ("", "http://a.test/", "200"),
        ("[https]\nstatus = 308\n", "http://a.test/x", "307 https://a.test/x"),
        ("hosts = [\"a.test\"]\n[https]\nstatus = 308", "http://a.test/x", "308 https://a.test/x"),
        ("[https]\nport = 8443", "http://a.test/x", "307 https://a.test:8443/x"),
        (
            "hosts = [\"a.test\"]\n[https]\nport_map = { 8080 = 8443 }",
            "http://a.test:8080/",
            "307 https://a.test:8443/",
        ),
        ("[https]\nhost = \"b.test\"", "http://a.test/", "307 https://b.test/"),
        ("[https]\nexempt = [\"/health\"]", "http://a.test/health", "200"),
        (
            "[canonical_host]\nhost = \"www.a.test\"\naliases = [\"a.test\"]\nstatus = 301",
            "http://a.test/x",
            "301 http://www.a.test/x",
        ),
        (
            "hosts = [\"a.test\", \"www.a.test\"]\n[canonical_host]\nhost = \"www\"",
            "http://a.test/x",
            "307 http://www.a.test/x",
        ),
        ("[trailing_slash]\nform = \"add\"", "http://a.test/x", "307 /x/"),
        ("[trailing_slash]\nform = \"remove\"\nstatus = 308", "http://a.test/x/", "308 /x"),
        ("[maintenance]\non = true", "http://a.test/", "503"),
        ("[maintenance]\non = true\nexempt = [\"/health\"]", "http://a.test/health", "200"),
        ("[maintenance]\non = true\npage = \"/closed\"", "http://a.test/closed", "200"),
        (
            "[maintenance]\non = true\nstandby = \"https://b.test\"",
            "http://a.test/x?y",
            "307 https://b.test/x?y",
        ),
        (
            "[maintenance]\non = true\nredirect_to = \"https://b.test/\"",
            "http://a.test/x",
            "307 https://b.test/",
        ),
        (
            "mounted_at = \"/shop\"\n[[rules]]\nfrom = \"/a\"\nto = \"/b\"",
            "http://a.test/a",
            "307 /shop/b",
        ),
        ("[[rules]]\nfrom = \"/a\"\nstatus = 410", "http://a.test/a", "410"),
        ("[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nsince = 2020-01-01", "http://a.test/a", "307 /b"),
        ("[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nsince = 2100-01-01", "http://a.test/a", "200"),
        ("[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nuntil = 2020-01-01", "http://a.test/a", "200"),
        ("[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nmethods = [\"POST\"]", "http://a.test/a", "200"),
        (
            "[[rules]]\nfrom = \"/a?id=:id\"\nto = \"/b/:id\"\nquery = \"drop\"",
            "http://a.test/a?id=7&u=1",
            "307 /b/7",
        ),
        (
            "[[rules]]\nfrom = \"/a\"\nto = \"/b?x=1\"\nquery = \"merge\"",
            "http://a.test/a?y=2",
            "307 /b?x=1&y=2",
        ),
        (
            "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nparameters = { x = \"1\", y = false }",
            "http://a.test/a?x=1",
            "307 /b?x=1",
        ),
        (
            "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nparameters = { x = \"1\", y = false }",
            "http://a.test/a?x=1&y",
            "200",
        ),
        (
            "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nheaders = { host = true, x-y = false }",
            "http://a.test/a",
            "307 /b",
        ),
        ("[[rules]]\nfrom = \"/A\"\nto = \"/b\"\nignore_case = true", "http://a.test/a", "307 /b"),
        (
            "[[versions]]\nprefix = \"/api\"\ncurrent = \"v2\"\nretired = { v1 = {} }",
            "http://a.test/api/v1/x",
            "307 /api/v2/x",
        ),
        (secure, "http://a.test/", "200"),
    ] {
        assert_eq!(answer(&build(text), "GET", url), expected, "{text}");
    }
    // The proxy and the transport are trusted only if the configuration says so.
    let https = "[https]\n";
    assert_eq!(answer(&build(https), "GET", "https://a.test/"), "307 https://a.test/");
    let trusted = "[https]\n[trust]\nproxies = [\"10.0.0.0/8\"]\n";
    assert_eq!(answer(&build(trusted), "GET", "https://a.test/"), "200");
    assert_eq!(answer(&build(&format!("{https}{secure}")), "GET", "http://a.test/"), "200");
}

/// Proxies on Unix sockets have no address that could be listed.
#[test]
fn proxies_on_unix_sockets_can_be_trusted_alone() {
    let layer = build("[trust]\nunix_sockets = true\n[https]\n");
    for (peer, status) in [(Peer::Unix, 200), (Peer::Ip([127, 0, 0, 1].into()), 307)] {
        let mut asked = request("GET", "/x", &[("x-forwarded-proto", "https")]);
        asked.extensions_mut().insert(peer);
        assert_eq!(ask_now(&layer, asked).status.as_u16(), status, "{peer}");
    }
}

#[tokio::test]
async fn missing_pages_are_redirected_after_the_404() {
    let layer = build(
        "[after_not_found]\nrules = [{ from = \"/old/*\", to = \"/new/*\" }]\n\
         trailing_slash = { form = \"remove\", status = 308 }",
    );
    let app = tower::service_fn(async |request: Request<Empty<bytes::Bytes>>| {
        let mut response = http::Response::new(Empty::<bytes::Bytes>::new());
        if request.uri().path() != "/old/live" {
            *response.status_mut() = http::StatusCode::NOT_FOUND;
        }
        Ok::<_, std::convert::Infallible>(response)
    });
    for (method, path, expected) in [
        ("GET", "/old/gone", (307, Some("/new/gone"))),
        ("GET", "/old/live", (200, None)),
        ("HEAD", "/a/", (308, Some("/a"))),
        ("POST", "/old/gone", (404, None)),
    ] {
        let request = Request::builder().method(method).uri(path).body(Empty::new());
        let service = tower::Layer::layer(&layer, app);
        let call = tower::ServiceExt::oneshot(service, request.expect("valid"));
        let response = call.await.expect("infallible");
        let location =
            response.headers().get("location").map(|value| value.to_str().expect("ascii"));
        assert_eq!((response.status().as_u16(), location), expected, "{method} {path}");
    }
    let wrong = read(
        "[after_not_found]\nrules = [{ from = \"a\" }]\ntrailing_slash = { form = \"add\", status = 301 }",
    );
    let invalid = wrong.build(&Switches::new()).expect_err("wrong");
    let paths: Vec<_> = invalid.iter().map(|problem| problem.path()).collect();
    assert_eq!(paths, ["after_not_found.rules[0].from", "after_not_found.trailing_slash.status"]);
}

#[test]
fn a_503_has_the_page_and_the_problem_of_the_configuration() {
    let layer =
        build("[maintenance]\non = true\nhtml = \"<h1>Back soon</h1>\"\nproblem_json = true");
    for (accept, media_type) in [
        ("text/html", "text/html; charset=utf-8"),
        ("application/json", "application/problem+json"),
    ] {
        let asked = ask_now(&layer, request("GET", "/", &[("accept", accept)]));
        assert_eq!(asked.status, 503);
        assert_eq!(asked.headers["content-type"], media_type);
    }
}

#[test]
fn hsts_is_added_to_every_secure_answer() {
    let text = "[hsts]\nmax_age = 31536000\ninclude_subdomains = true\npreload = true\n\
                [[rules]]\nfrom = \"/a\"\nto = \"/b\"\n";
    for path in ["/", "/a"] {
        let mut asked = request("GET", path, &[("host", "a.test")]);
        asked.extensions_mut().insert(Transport::Secure);
        let asked = ask_now(&build(text), asked);
        let expected = "max-age=31536000; includeSubDomains; preload";
        assert_eq!(asked.header("strict-transport-security"), Some(expected), "{path}");
    }
}

#[test]
fn all_wrong_values_are_reported_at_once_with_their_cures() {
    let text = r#"
        hosts = ["shöp.test"]
        mounted_at = "shop"
        [trust]
        hop_limit = 2
        [canonical_host]
        host = "https://www.a.test"
        aliases = ["a.test", "b.test/"]
        status = 200
        [https]
        status = 303
        exempt = ["/ok", "health", "/a*"]
        port_map = { http = 443, "080" = 443, "0" = 443 }
        [hsts]
        max_age = 60
        preload = true
        [maintenance]
        from = 2026-12-02
        until = 2026-12-01
        page = "/closed"
        standby = "https://b.test"
        [[versions]]
        prefix = "/api"
        current = "v2"
        retired = { v2 = {}, v1 = { moved = 2027-01-01, deprecated = 2028-01-01 } }
        [[versions]]
        prefix = "api"
        current = ""
        [[versions]]
        prefix = "api"
        current = "v2"
        retired = { v2 = {} }
        [[rules]]
        from = "/ok"
        to = "/fine"
        [[rules]]
        from = "a"
        to = "/b/:other"
        status = 200
        [[rules]]
        from = "/a/:id"
        to = "/b/:other"
        status = 200
        methods = ["GET", "get"]
        clients = ["10.0.0.0/33"]
        headers = { "a b" = "1" }
        [trailing_slash]
        form = "add"
        status = 301
    "#;
    let switches = Switches::new();
    let invalid = read(text).build(&switches).expect_err("wrong");
    let paths: Vec<_> = invalid.iter().map(|problem| problem.path()).collect();
    assert_eq!(
        paths,
        [
            "hosts[0]",
            "mounted_at",
            "trust.hop_limit",
            "maintenance.until",
            "canonical_host.host",
            "canonical_host.aliases[1]",
            "canonical_host.status",
            "https.port_map.0",
            "https.port_map.080",
            "https.port_map.http",
            "https.status",
            "https.exempt[1]",
            "https.exempt[2]",
            "hsts.preload",
            "maintenance",
            "rules[1].from",
            "rules[1].status",
            "rules[2].methods[1]",
            "rules[2].headers.a b",
            "rules[2].clients[0]",
            "rules[2].to",
            "rules[2].status",
            "versions[0].retired.v1",
            "versions[0].retired.v2",
            "versions[1].prefix",
            "versions[1].current",
            "versions[2].prefix",
            "versions[2].retired.v2",
            "trailing_slash.status",
        ],
        "{invalid}"
    );
    for cure in [
        "punycode",
        "a host only, without scheme",
        "not a method: \"get\"",
        "upper case",
        "not a header name",
        "a rule answers 301",
        "a year",
    ] {
        assert!(invalid.to_string().contains(cure), "{cure}: {invalid}");
    }
    assert!(!switches.maintenance().is_on());
}

/// A wrong value hides no other wrong value in the same list, rule or section.
#[test]
fn a_wrong_value_hides_no_other() {
    for (text, expected) in [
        ("hosts = [\"a b\", \"a.test\", \"c d\"]", &["hosts[0]", "hosts[2]"][..]),
        (
            "[trust]\nproxies = [\"x\", \"10.0.0.1\", \"y\"]\nscheme_field = \"a b\"\nscheme_on = \"c d\"",
            &["trust.proxies[0]", "trust.proxies[2]", "trust.scheme_field", "trust.scheme_on"],
        ),
        (
            "[maintenance]\nbypass_clients = [\"x\", \"y\"]",
            &["maintenance.bypass_clients[0]", "maintenance.bypass_clients[1]"],
        ),
        (
            "[canonical_host]\nhost = \"a:1\"\nstatus = 9\naliases = [\"b:2\", \"c.test\"]",
            &["canonical_host.host", "canonical_host.aliases[0]", "canonical_host.status"],
        ),
        (
            "[[rules]]\nfrom = \"a\"\nto = \"/b/:x\"\nstatus = 9\nmethods = [\"get\"]\nclients = [\"x\"]",
            &["rules[0].from", "rules[0].methods[0]", "rules[0].clients[0]", "rules[0].status"],
        ),
        (
            "[[versions]]\nprefix = \"api\"\ncurrent = \"v2\"\nretired = { v2 = {}, v1 = {} }",
            &["versions[0].prefix", "versions[0].retired.v2"],
        ),
        (
            "[[versions]]\nprefix = \"/api\"\ncurrent = \"v 2\"\nretired = { \"v 1\" = {} }",
            &["versions[0].current", "versions[0].retired.v 1"],
        ),
    ] {
        let invalid = read(text).build(&Switches::new()).expect_err(text);
        let paths: Vec<_> = invalid.iter().map(|problem| problem.path()).collect();
        assert_eq!(paths, expected, "{invalid}");
    }
}

#[test]
fn settings_without_effect_are_refused() {
    for (text, path) in [
        ("[trust]\nfields = \"forwarded\"", "trust.fields"),
        ("[canonical_host]\nhost = \"www\"", "canonical_host.host"),
        (
            "hosts = [\"www.a.test\"]\n[canonical_host]\nhost = \"www.a.test\"\naliases = [\"a.test\"]",
            "canonical_host.aliases[0]",
        ),
        (
            "hosts = [\"a.test\"]\n[[rules]]\nfrom = \"http://b.test/x\"\nto = \"/y\"",
            "rules[0].from",
        ),
        ("separate_https_redirect = true", "separate_https_redirect"),
        ("[https]\nport = 0", "https.port"),
        ("[https]\nport_map = { 80 = 0 }", "https.port_map.80"),
        (
            "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nrewriting_methods = true",
            "rules[0].rewriting_methods",
        ),
        ("hosts = [\"a.test\"]\n[canonical_host]\nhost = \"apex\"", "canonical_host.host"),
        (
            "hosts = [\"*.a.test\", \"a.test\"]\n[canonical_host]\nhost = \"www\"",
            "canonical_host.host",
        ),
        (
            "hosts = [\"www.a.test:81\", \"a.test:81\"]\n[canonical_host]\nhost = \"www\"",
            "canonical_host.host",
        ),
    ] {
        let invalid = read(text).build(&Switches::new()).expect_err(text);
        let paths: Vec<_> = invalid.iter().map(|problem| problem.path()).collect();
        assert_eq!(paths, [path], "{invalid}");
    }
    for from in [
        "http://A.test./x",
        "https://b.c.test/x",
        "http://d.test",
        "//e.test/x",
        "http://*.f.test",
        "https://h.g.test/x",
        "/web/http://old.test/x",
    ] {
        let text = format!("[[rules]]\nfrom = \"{from}\"\nto = \"/y\"");
        let hosts = "hosts = [\"a.test:81\", \"*.c.test\", \"f.test\", \"*.g.test:82\"]";
        let _ = build(&format!("default_host = \"d.test\"\n{hosts}\n{text}"));
        let _ = build(&text);
    }
    let _ = build("hosts = [\"WWW.a.test\", \"a.test.\"]\n[canonical_host]\nhost = \"www\"");
}

#[test]
fn a_number_as_a_condition_is_refused_with_the_cure() {
    let text = "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\nparameters = { id = 7 }";
    let error = toml::from_str::<Config>(text).expect_err("a number").to_string();
    assert!(error.contains("a number is written as text: \"7\""), "{error}");
}

/// A rule whose target is wrong is not also reported as a rule without a target.
#[test]
fn each_mistake_is_reported_once() {
    let config: Config = toml::from_str("[[rules]]\nfrom = \"/a\"\nto = \"//b\"\n").expect("read");
    let invalid = config.build(&Switches::new()).expect_err("refused");
    let paths: Vec<_> = invalid.iter().map(|problem| problem.path()).collect();
    assert_eq!(paths, ["rules[0].to"], "{invalid}");
}

#[test]
fn a_table_that_is_wrong_as_a_whole_names_its_rules() {
    let text = "[[rules]]\nfrom = \"/x\"\nto = \"/y\"\n[[rules]]\nfrom = \"/a\"\nto = \"/b\"\n\
                [[rules]]\nfrom = \"/b\"\nto = \"/a\"\n";
    let invalid = read(text).build(&Switches::new()).expect_err("a loop");
    let problems: Vec<_> = invalid.iter().map(|problem| problem.path()).collect();
    assert_eq!(problems, ["rules[1]"], "{invalid}");
    assert!(invalid.to_string().contains("rule 3"), "{invalid}");
}

#[test]
fn unknown_keys_and_wrong_types_are_errors_of_the_format() {
    for (text, told) in [
        ("host = [\"a.test\"]", "unknown field `host`"),
        ("[https]\nports = 443", "unknown field `ports`"),
        ("[https]\nport = 70000", "u16"),
        ("[[rules]]\nto = \"/a\"", "missing field `from`"),
        ("[[rules]]\nfrom = \"/a\"\ntarget = \"/b\"", "unknown field `target`"),
        ("[[rules]]\nfrom = \"/a\"\nquery = \"lose\"", "unknown variant `lose`"),
        ("[trust]\nfields = \"X-Forwarded\"", "unknown variant"),
        ("[maintenance]\nfrom = \"tomorrow\"", "not a date"),
        ("[maintenance]\nfrom = 2026-12-01T22:00:00", "without an offset"),
        ("[maintenance]\nfrom = 5", "a date"),
        ("[maintenance]\nfrom = { day = \"2026-12-01\" }", "expected a date"),
        ("[versions]\nprefix = \"/api\"", "sequence"),
    ] {
        let error = toml::from_str::<Config>(text).expect_err(text).to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
}

#[test]
fn a_configuration_keeps_its_meaning_if_it_is_written_and_read_again() {
    let more = r#"
        default_host = "a.test"
        html_body = true
        separate_https_redirect = true
        [drain]
        bytes = 1024
        seconds = 5
        [canonical_host]
        host = "www"
        [hsts]
        max_age = 5
        except_hosts = ["b.test"]
        [trailing_slash]
        form = "remove"
        [[rules]]
        from = "/a"
        to = "/b"
        headers = { x-a = true, x-b = "c" }
        until = 2026-12-01T22:00:00+02:00
        name = "moved"
        quiet = true
        max_age = 60
    "#;
    for text in [SHOP, more, ""] {
        let config = read(text);
        let written = toml::to_string(&config).expect("writable");
        assert_eq!(read(&written), config, "{written}");
        let json = serde_json::to_string(&config).expect("writable");
        let again: Config = serde_json::from_str(&json).expect("readable");
        assert_eq!(again, config, "{json}");
    }
    assert_eq!(toml::to_string(&Config::default()).expect("writable"), "");
}

#[test]
fn the_switch_outlives_a_configuration() {
    let switches = Switches::new();
    let build = |text| read(text).build(&switches).map(drop);
    let switch: MaintenanceSwitch = switches.maintenance();
    let window = || switch.window();

    build("[maintenance]\n").expect("valid");
    assert_eq!(window(), None);
    switch.on();
    build("[maintenance]\nretry_after = 5\n").expect("valid");
    assert!(switch.is_on(), "what was switched by hand stays");

    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let dates = "[maintenance]\nfrom = 1970-01-02\nuntil = 1970-01-03\n";
    build(dates).expect("valid");
    let expected = MaintenanceWindow::between(at(86_400), at(2 * 86_400)).expect("in order");
    assert_eq!(window(), Some(expected), "a change of the configuration takes effect");
    switch.off();
    build(dates).expect("valid");
    assert_eq!(window(), None);

    // A configuration that is refused changes nothing.
    build("[maintenance]\non = true\n[https]\nstatus = 200\n").expect_err("wrong");
    assert_eq!(window(), None);
    build("[maintenance]\non = true\n").expect("valid");
    assert_eq!(window(), Some(MaintenanceWindow::open()));
    // Without the section no policy asks the switch, and it is turned off.
    build("").expect("valid");
    assert_eq!(window(), None);
}

#[test]
fn policies_are_asked_in_order() {
    let text = "[maintenance]\n[https]\n[canonical_host]\nhost = \"a.test\"\n\
                [trailing_slash]\nform = \"add\"\n[hsts]\nmax_age = 1\n\
                [[versions]]\nprefix = \"/api\"\ncurrent = \"v2\"\n[[rules]]\nfrom = \"/a\"\nto = \"/b\"\n";
    let names = build(text).policy().names();
    let expected =
        ["canonical-host", "https", "hsts", "maintenance", "rules", "versions", "trailing-slash"];
    assert_eq!(names, expected);
}

#[test]
fn warnings_name_the_list_of_the_rule() {
    let twice = |list: &str| format!("[[{list}]]\nfrom = \"/a\"\nto = \"/b\"\n").repeat(2);
    for list in ["rules", "after_not_found.rules"] {
        let config: Config = toml::from_str(&twice(list)).expect("toml");
        let warnings = config.warnings();
        let [(path, warning)] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert_eq!(*path, list);
        assert!(
            warning.to_string().starts_with("rule 2: matches the same requests as rule 1"),
            "{warning}"
        );
    }
}
