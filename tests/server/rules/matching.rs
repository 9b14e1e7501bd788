//! Which requests a rule matches, and where it leads: the rules of the module's documentation, one by one.

use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, Method};
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::trust::Peer;
use tower_redirect::{RedirectLayer, Scheme};

use super::{answer, ask, request, table};

fn rule(from: &str, to: &str) -> Rule {
    Rule::new(from).and_then(|rule| rule.to(to)).expect(from)
}

#[track_caller]
fn rules(rules: impl IntoIterator<Item = Rule>) -> Rules {
    Rules::new(rules).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn a_rule_matches_an_exact_path_a_prefix_or_a_pattern() {
    let rules = rules([
        rule("/a", "/exact"),
        rule("/p/*", "/prefix/*"),
        rule("/u/:id/edit", "/edit/:id"),
        rule("/u/:id/*rest", "/user-:id/*rest"),
        rule("/fixed/*", "/f"),
    ]);
    table(
        &rules,
        &[
            ("/a", "307 /exact"),
            ("/a?q=1", "307 /exact?q=1"),
            ("/a/", ""),
            ("/A", ""),
            ("/p", "307 /prefix"),
            ("/p/", "307 /prefix/"),
            ("/p/x/y", "307 /prefix/x/y"),
            ("/p/x/", "307 /prefix/x/"),
            ("/px", ""),
            ("/u/7/edit", "307 /edit/7"),
            ("/u/7/edit/", "307 /user-7/edit/"),
            ("/u/7", "307 /user-7"),
            ("/u/7/", "307 /user-7/"),
            ("/u/", ""),
            ("/u", ""),
            ("/fixed", "307 /f"),
            ("/fixed/x", "307 /f"),
            ("POST /a", "307 /exact"),
        ],
    );
}

#[test]
fn paths_are_compared_in_normal_form() {
    let rules = rules([
        rule("/%61-b", "/1"),
        rule("/ä", "/2"),
        rule("/a%2fb", "/3"),
        rule("/c:d", "/4"),
        rule("/x/%7euser/*rest", "/y/*rest"),
        rule("/q/:x", "/r/:x"),
    ]);
    table(
        &rules,
        &[
            ("/a-b", "307 /1"),
            ("/%61%2Db", "307 /1"),
            ("/%C3%A4", "307 /2"),
            ("/%c3%a4", "307 /2"),
            ("/a%2Fb", "307 /3"),
            ("/a/b", ""),
            ("/c:d", "307 /4"),
            ("/x/~user/%41%c3", "307 /y/%41%c3"),
            // A capture is copied as it was sent.
            ("/q/%41b%20", "307 /r/%41b%20"),
        ],
    );
}

#[test]
fn ambiguous_paths_match_only_rules_that_name_or_copy_them() {
    let rules = rules([
        rule("/e//x", "/exact"),
        rule("/e/%2e%2e/y", "/dots"),
        rule("/f/*", "/fixed"),
        rule("/s/*rest", "/mid/*rest/end"),
        rule("/c/*rest", "/copy/*rest"),
        rule("/n/:x/*rest", "/m/:x/*rest"),
        rule("/q/*rest", "/r?path=*rest"),
        Rule::new("/g/*").expect("valid").gone(),
        Rule::new("/k/*").expect("valid").to_host("b.test").expect("valid"),
    ]);
    for odd in ["//x", "/./x", "/../x", "/%2e/x", "/a%2Fb", "/a%5cb", "/a\\b", "/x//"] {
        let copied = odd.replace('\\', "%5C");
        table(
            &rules,
            &[
                (&format!("/f{odd}"), ""),
                (&format!("/s{odd}"), ""),
                (&format!("/q{odd}"), ""),
                (&format!("/g{odd}"), ""),
                (&format!("/k{odd}"), &format!("307 http://b.test/k{copied}")),
                (&format!("/c{odd}"), &format!("307 /copy{copied}")),
                (&format!("/n/1{odd}"), &format!("307 /m/1{copied}")),
            ],
        );
    }
    table(
        &rules,
        &[
            ("/e//x", "307 /exact"),
            ("/e/x", ""),
            ("/e/../y", "307 /dots"),
            ("/e/%2E./y", "307 /dots"),
            ("/n/%2f/x", ""),
            ("/n//x", ""),
            ("/s/a/b/", "307 /mid/a/b/end"),
            ("/s/", "307 /mid/end"),
            ("/s", "307 /mid/end"),
            ("/q/a&b=c+d;e", "307 /r?path=a%26b%3Dc%2Bd%3Be"),
        ],
    );
}

#[test]
fn a_copied_rest_never_begins_an_authority() {
    let rules = rules([rule("/api/*", "/*"), rule("/x/*", "https://b.test/*")]);
    table(
        &rules,
        &[
            ("/api//evil.example", "307 http://a.test//evil.example"),
            ("/api/\\evil.example", "307 http://a.test/%5Cevil.example"),
            ("/api/%09/evil.example", "307 /%09/evil.example"),
            ("/api/https://evil.example", "307 /https://evil.example"),
            ("/x//evil.example", "307 https://b.test//evil.example"),
            ("/x", "307 https://b.test/"),
        ],
    );
}

#[test]
fn queries_are_kept_replaced_merged_or_captured() {
    let rules = rules([
        rule("/keep", "/k"),
        rule("/own", "/k?own=1"),
        rule("/empty", "/k?"),
        rule("/drop", "/k").drop_query(),
        rule("/drop-own", "/k?own=1").drop_query(),
        rule("/merge", "/k?a=1").merge_query(),
        rule("/merge-none", "/k").merge_query(),
        rule("/item?id=:id", "/items/:id").drop_query(),
        rule("/item?sku=:sku&v=2", "/v2?s=:sku"),
        rule("/item?all", "/items"),
        rule("/p/:x", "/q?x=:x&y=:x"),
    ]);
    table(
        &rules,
        &[
            ("/keep?a=b&c", "307 /k?a=b&c"),
            ("/own?a=b", "307 /k?own=1"),
            ("/own", "307 /k?own=1"),
            ("/empty?a=b", "307 /k"),
            ("/drop?a=b", "307 /k"),
            ("/drop-own?a=b", "307 /k?own=1"),
            ("/merge?a=2&b=3&%61=4", "307 /k?a=1&b=3"),
            ("/merge", "307 /k?a=1"),
            ("/merge-none?b=3", "307 /k?b=3"),
            ("/item?x=y&id=7", "307 /items/7"),
            ("/item?id=a%2Fb%3Fc%23d%25+e", "307 /items/a%2Fb%3Fc%23d%25%20e"),
            ("/item?id=a/b%5C", "307 /items/a%2Fb%5C"),
            ("/item?id=", ""),
            ("/item?id=..", ""),
            ("/item?id=%2e", ""),
            ("/item?id=1&id=2", "307 /items/1"),
            ("/item?sku=a=b;c&v=2", "307 /v2?s=a%3Db%3Bc"),
            ("/item?sku=a&v=3", ""),
            ("/item?all", "307 /items?all"),
            ("/item?all=no", "307 /items?all=no"),
            ("/item", ""),
            ("/p/a&b=c+d;e%20'", "307 /q?x=a%26b%3Dc%2Bd%3Be%20'&y=a%26b%3Dc%2Bd%3Be%20'"),
        ],
    );
}

#[test]
fn a_capture_is_not_mistaken_for_one_with_a_longer_name() {
    let rules = rules([rule("/:id/:id_2/:i", "/:id_2-:id-:i.:id?:id_2")]);
    table(&rules, &[("/a/b/c", "307 /b-a-c.a?b")]);
}

#[test]
fn the_status_depends_on_the_method() {
    let rules = rules([
        rule("/307", "/x"),
        rule("/308", "/x").permanent(),
        rule("/301", "/x").moved_permanently(),
        rule("/302", "/x").found(),
        rule("/303", "/x").see_other(),
        rule("/302!", "/x").found().rewriting_methods(),
        Rule::new("/410").expect("valid").gone(),
    ]);
    for (status, to_get, to_post) in [
        ("307", "307 /x", "307 /x"),
        ("308", "308 /x", "308 /x"),
        ("301", "301 /x", "308 /x"),
        ("302", "302 /x", "307 /x"),
        ("303", "303 /x", "303 /x"),
        ("302!", "302 /x", "302 /x"),
        ("410", "410", "410"),
    ] {
        table(&rules, &[(&format!("/{status}"), to_get), (&format!("POST /{status}"), to_post)]);
    }
}

#[test]
fn a_rule_may_be_limited_to_hosts() {
    let all = |to: &str| rule("/*", to);
    let on = |host: &str, to: &str| all(to).on_host(host).expect(host);
    let rules = rules([
        rule("/bare", "/first"),
        on("old.test", "https://one.test/*"),
        on("*.old.test", "https://many.test/*"),
        on("[2001:DB8::1]", "https://six.test/*"),
        rule("http://url.test/x", "https://url.test/x"),
        rule("/late", "/last"),
    ]);
    table(
        &rules,
        &[
            ("http://old.test/bare", "307 /first"),
            ("http://OLD.test.:8080/x", "307 https://one.test/x"),
            ("http://a.b.old.test/x", "307 https://many.test/x"),
            ("http://xold.test/x", ""),
            ("http://[2001:db8:0::1]/x", "307 https://six.test/x"),
            ("http://url.test/x", "307 https://url.test/x"),
            ("https://url.test/x", ""),
            ("http://old.test/late", "307 https://one.test/late"),
            ("/late", "307 /last"),
        ],
    );
}

#[test]
fn parts_of_the_origin_change_alone() {
    let whole = || Rule::new("/*").expect("valid");
    for (rule, url, expected) in [
        (whole().to_scheme(Scheme::Https), "/x?y", "307 https://a.test/x?y"),
        (whole().to_scheme(Scheme::Https), "https://a.test/x", ""),
        (
            whole().to_host("b.test").expect("valid"),
            "http://a.test:8080/x",
            "307 http://b.test:8080/x",
        ),
        (whole().to_port(8443), "//x", "307 http://a.test:8443//x"),
        (whole().to_port(80), "/x", ""),
        (
            rule("/*", "/new/*").to_host("b.test").expect("valid").on_scheme(Scheme::Http),
            "/x",
            "307 http://b.test/new/x",
        ),
    ] {
        table(&rules([rule]), &[(url, expected)]);
    }
}

#[test]
fn each_condition_limits_a_rule() {
    let name = HeaderName::from_static("x-beta");
    let one = HeaderValue::from_static("1");
    let rules = rules([
        rule("/m", "/put").on_methods([Method::PUT, Method::POST]),
        rule("/s", "/secure").on_scheme(Scheme::Https),
        rule("/h", "/beta").on_header(name.clone(), one),
        rule("/h", "/some").on_header_present(name.clone()),
        rule("/h", "/none").on_header_absent(name),
        rule("/q", "/found").on_query("a b", "c&d"),
        rule("/q", "/there").on_query_present("x"),
        rule("/q", "/absent").on_query_absent("y"),
        rule("/c", "/inside").on_clients(["10.0.0.0/8", "::1"]).expect("valid"),
    ]);
    table(
        &rules,
        &[
            ("/m", ""),
            ("PUT /m", "307 /put"),
            ("/s", ""),
            ("https://a.test/s", "307 /secure"),
            ("/h", "307 /none"),
            ("/q?a+b=c%26d&x", "307 /found?a+b=c%26d&x"),
            ("/q?a%20b=c", "307 /absent?a%20b=c"),
            ("/q?x", "307 /there?x"),
            ("/q?y", ""),
            ("/c", ""),
        ],
    );
    for (values, expected) in
        [(vec!["1"], "307 /beta"), (vec!["2"], "307 /some"), (vec!["2", "1"], "307 /beta")]
    {
        let mut request = request("GET", "/h");
        for value in values {
            request.headers_mut().append("x-beta", HeaderValue::from_static(value));
        }
        assert_eq!(ask(&rules, &request).as_deref(), Some(expected));
    }
    for (peer, expected) in [([10, 1, 2, 3], Some("307 /inside")), ([11, 1, 2, 3], None)] {
        let mut request = request("GET", "/c");
        request.extensions_mut().insert(Peer::Ip(peer.into()));
        assert_eq!(ask(&rules, &request).as_deref(), expected);
    }
}

/// Behind a proxy that is not trusted, every request has the proxy's address. Caches compare headers,
/// and not addresses.
#[test]
fn clients_are_neither_taken_from_an_untrusted_proxy_nor_cached() {
    let rule = rule("/c", "/inside").on_clients(["10.0.0.0/8"]).expect("valid").permanent();
    let layer = RedirectLayer::new(rules([rule])).hosts(["a.test"]).expect("valid");
    let from_peer = |fields: &[(&str, &str)]| {
        let mut asked = crate::support::request("GET", "/c", fields);
        asked.extensions_mut().insert(Peer::Ip([10, 1, 2, 3].into()));
        crate::support::ask_now(&layer, asked)
    };
    let inside = from_peer(&[]);
    assert_eq!((inside.status.as_u16(), inside.location()), (308, Some("/inside")));
    assert_eq!(inside.header("cache-control"), Some("no-store"));
    for sign in ["x-forwarded-for", "forwarded", "via"] {
        assert_eq!(from_peer(&[(sign, "203.0.113.9")]).calls, 1, "{sign}");
    }
}

#[test]
fn a_rule_may_ignore_case() {
    let rules = rules([
        rule("/Exact", "/1").ignore_case(),
        rule("/exact", "/2"),
        rule("/Pre/:Name/*Rest", "/3/:Name/*Rest").ignore_case(),
        rule("/EXACT", "/4"),
    ]);
    table(
        &rules,
        &[("/exact", "307 /1"), ("/EXACT", "307 /1"), ("/pRE/Foo/Bar", "307 /3/Foo/Bar")],
    );
}

#[test]
fn either_slash_and_below_only() {
    let rules = rules([
        rule("/a", "/1").either_slash(),
        rule("/b/", "/2").either_slash(),
        rule("/c/:x", "/3/:x").either_slash(),
        rule("/d/:x/", "/4/:x").either_slash(),
        rule("/e/*", "/5/*").below_only(),
        // `below_only` has no effect on a rule without a rest.
        rule("/f/", "/6").either_slash().below_only(),
        rule("/g/:x/", "/7/:x").either_slash().below_only(),
    ]);
    table(
        &rules,
        &[
            ("/a", "307 /1"),
            ("/a/", "307 /1"),
            ("/a//", ""),
            ("/b", "307 /2"),
            ("/b/", "307 /2"),
            ("/c/x", "307 /3/x"),
            ("/c/x/", "307 /3/x"),
            ("/d/x", "307 /4/x"),
            ("/d/x/", "307 /4/x"),
            ("/e", ""),
            ("/e/", "307 /5/"),
            ("/e/x", "307 /5/x"),
            ("/f", "307 /6"),
            ("/g/x", "307 /7/x"),
        ],
    );
}

#[test]
fn a_rule_that_leads_to_its_own_request_is_passed_over() {
    let rules_after = rules([rule("/*", "/page"), rule("/page", "https://b.test/next")]);
    table(
        &rules_after,
        &[
            ("/x", "307 /page"),
            ("/page", "307 https://b.test/next"),
            ("/page?a", "307 https://b.test/next?a"),
        ],
    );
    let alone = rules([rule("/*", "/page?")]);
    table(&alone, &[("/page", ""), ("/page?a", "307 /page")]);
    let allowed = rules([rule("/x", "/x").allow_self()]);
    table(&allowed, &[("/x", "307 /x")]);
}

#[test]
fn a_rule_applies_between_its_dates() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    for (now, expected) in
        [(99, "307 /after"), (100, "308 /during"), (199, "308 /during"), (200, "307 /after")]
    {
        let rules = Rules::builder().clock(move || at(now)).build([
            rule("/x", "/during").permanent().since(at(100)).until(at(200)),
            rule("/x", "/after"),
        ]);
        let rules = rules.expect("valid");
        assert_eq!(answer(&rules, "GET", "/x").as_deref(), Some(expected), "{now}");
        assert_eq!(rules.warnings().len(), usize::from(now == 200), "{:?}", rules.warnings());
    }
}

#[tokio::test]
async fn no_cache_stores_an_answer_beyond_the_end_of_its_rule() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let rules = Rules::builder().clock(move || at(150)).build([
        rule("/moved", "/x").permanent().until(at(200)),
        rule("/far", "/x").permanent().until(at(10_000_000)),
        rule("/short", "/x").permanent().max_age(Duration::from_secs(10)).until(at(200)),
        Rule::new("/gone").expect("valid").gone().until(at(200)),
        rule("/temporary", "/x").until(at(200)),
    ]);
    let layer = RedirectLayer::new(rules.expect("valid"));
    for (path, kept) in [
        ("/moved", "max-age=50"),
        ("/far", "max-age=86400"),
        ("/short", "max-age=10"),
        ("/gone", "max-age=50"),
        ("/temporary", "no-store"),
    ] {
        let asked = crate::support::ask(&layer, crate::support::request("GET", path, &[])).await;
        assert_eq!(asked.header("cache-control"), Some(kept), "{path}");
    }
}

#[test]
fn a_fragment_is_sent_but_does_not_make_another_url() {
    let rules = Rules::new([
        Rule::new("/faq").expect("valid").to("/help#faq").expect("valid"),
        Rule::new("/x/:id").expect("valid").to("https://b.test/y?id=:id#a/b?c").expect("valid"),
        Rule::new("/a").expect("valid").to("/a#x").expect("valid"),
        Rule::new("/q").expect("valid").to("/r#1").expect("valid").permanent(),
        Rule::new("/s").expect("valid").to("/r#2").expect("valid").permanent(),
    ]);
    let rules = rules.expect("valid");
    table(
        &rules,
        &[
            ("/faq?b", "307 /help?b#faq"),
            ("/x/7", "307 https://b.test/y?id=7#a/b?c"),
            ("/a", ""),
            ("/q", "308 /r#1"),
            ("/s", "308 /r#2"),
        ],
    );
    for refused in ["/b#:id", "/b#x#y", "/b#*rest"] {
        let rule = Rule::new("/a/:id/*rest").expect("valid").to(refused);
        assert!(rule.is_err(), "{refused}");
    }
}

/// The captures of other routers, and `%` without an escape, are errors and not literals.
#[test]
fn what_looks_like_a_capture_is_refused() {
    for (from, to, expected) in [
        ("/a/{id}", "/b", "captures are written `:name` and `*name`"),
        ("/a/<id>", "/b", "captures are written `:name` and `*name`"),
        ("/a/:id", "/b/{id}", "captures are written `:name` and `*name`"),
        ("/a/*", "/b/$1", "a literal `$` before a digit is written `%24`"),
        ("/docs/*path", "/guide/:path*", "a capture of the rest is written `*name` alone"),
        ("/a", "/items/$arg_id", "there are no variables"),
        ("/a", "#top", "invalid url \"#top\""),
        ("/a/:slug?", "/b", "for an optional segment write two rules"),
        ("/a%%20b", "/b", "a literal `%` is written `%25`"),
        ("/a", "/b%zz", "a literal `%` is written `%25`"),
    ] {
        let error = Rule::new(from).and_then(|rule| rule.to(to)).expect_err(from).to_string();
        assert!(error.contains(expected), "{from} {to}: {error}");
    }
    let literal = [rule("/$metadata", "/meta$data"), rule("/%7Bid%7D", "/%241")];
    let rules = rules(literal);
    table(&rules, &[("/$metadata", "307 /meta$data"), ("/%7bid%7d", "307 /%241")]);
}
