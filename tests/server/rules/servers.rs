//! Configurations of other servers, written as rules. Each table names the source of its rows.

use http::{HeaderName, HeaderValue};
use tower_redirect::Scheme;
use tower_redirect::policy::{Rule, Rules};

use super::{ask, request, table};

fn rule(from: &str, to: &str) -> Rule {
    Rule::new(from).and_then(|rule| rule.to(to)).expect(from)
}

#[track_caller]
fn rules(rules: impl IntoIterator<Item = Rule>) -> Rules {
    Rules::new(rules).unwrap_or_else(|errors| panic!("{errors}"))
}

/// nginx `return` (`ngx_http_rewrite_module`): `return 301 https://$host$request_uri;` and the like.
#[test]
fn nginx_return() {
    let rules = rules([
        // location = /old { return 301 /new; }: the query is not passed on.
        rule("/old", "/new").moved_permanently().drop_query(),
        // location = /kept { return 302 /new$is_args$args; }
        rule("/kept", "/new").found(),
        // location /dir/ { return 307 $scheme://b.example$request_uri; }
        Rule::new("/dir/*").and_then(|rule| rule.to_host("b.example")).expect("valid").below_only(),
        // location = /gone { return 410; }
        Rule::new("/gone").expect("valid").gone(),
        // server { listen 80; server_name secure.example; return 308 https://$host$request_uri; }
        Rule::new("http://secure.example/*").expect("valid").to_scheme(Scheme::Https).permanent(),
    ]);
    table(
        &rules,
        &[
            ("/old?a=b", "301 /new"),
            ("/kept?a=b", "302 /new?a=b"),
            ("/dir/x?a=b", "307 http://b.example/dir/x?a=b"),
            ("/dir", ""),
            ("/gone", "410"),
            ("http://secure.example/x?y", "308 https://secure.example/x?y"),
            ("https://secure.example/x?y", ""),
        ],
    );
}

/// nginx `map $uri $new { /old-1 /new-1; ~^/re /other; default ""; }` with `if ($new) { return 301 $new; }`.
/// `map` ignores case, and its hosts (`hostnames`) may be patterns like `*.example.com`.
#[test]
fn nginx_map() {
    let rules = Rules::builder().ignore_case().build([
        rule("/old-1", "/new-1").moved_permanently().drop_query(),
        rule("/Old-2.html", "https://b.example/two").moved_permanently().drop_query(),
        rule("http://*.old.example/*", "https://new.example/").found(),
    ]);
    table(
        &rules.expect("sound"),
        &[
            ("/OLD-1?x", "301 /new-1"),
            ("/old-2.HTML", "301 https://b.example/two"),
            ("http://a.b.old.example/x", "302 https://new.example/"),
            ("/old-3", ""),
        ],
    );
}

/// Apache `Redirect` (`mod_alias`) matches a path and all segments below it, appends the rest and keeps
/// the query. The status is 302 unless it is named, and 410 for `Redirect gone /x`.
#[test]
fn apache_redirect() {
    let rules = rules([
        // Redirect "/service" "http://foo2.example.com/service"
        rule("/service/*", "http://foo2.example.com/service/*").found(),
        // Redirect "/one" "/two"
        rule("/one/*", "/two/*").found(),
        // Redirect permanent "/moved" "https://b.example/here"
        rule("/moved/*", "https://b.example/here/*").moved_permanently(),
        // Redirect seeother "/see" "/other"
        rule("/see/*", "/other/*").see_other(),
        // Redirect gone "/attic"
        Rule::new("/attic/*").expect("valid").gone(),
    ]);
    table(
        &rules,
        &[
            ("/service/foo.txt", "302 http://foo2.example.com/service/foo.txt"),
            ("/service", "302 http://foo2.example.com/service"),
            // "the redirect would not match /servicefoo.txt"
            ("/servicefoo.txt", ""),
            ("/service/q?q=23&a=42", "302 http://foo2.example.com/service/q?q=23&a=42"),
            ("/one/x", "302 /two/x"),
            ("/moved", "301 https://b.example/here"),
            ("/see/x", "303 /other/x"),
            ("/attic/x", "410"),
        ],
    );
}

/// Next.js `redirects` (`next.config.js`): the first match answers 307, or 308 if it is `permanent`. The
/// query is passed on, and `has` and `missing` are conditions.
#[test]
fn next_redirects() {
    let page = HeaderName::from_static("x-redirect-me");
    let rules = rules([
        rule("/about", "/").permanent(),
        rule("/old-blog/:slug", "/news/:slug").permanent(),
        rule("/blog/:slug/*rest", "/articles/:slug/*rest"),
        // has: [{ type: 'header', key: 'x-redirect-me' }]
        rule("/has/*path", "/another-page").on_header_present(page.clone()),
        // missing: [{ type: 'header', key: 'x-redirect-me' }]
        rule("/missing/*path", "/other-page").on_header_absent(page),
        // has: [{ type: 'query', key: 'page', value: 'home' }]
        rule("/specific/*path", "/another/*path").on_query("page", "home"),
        // has: [{ type: 'query', key: 'id', value: '(?<id>.+)' }]
        rule("/item?id=:id", "/items/:id"),
        // has: [{ type: 'host', value: 'example.com' }]
        rule("/host/*path", "/another-host/*path").on_host("example.com").expect("valid"),
    ]);
    table(
        &rules,
        &[
            ("/about", "308 /"),
            ("/old-blog/post-1?hello=world", "308 /news/post-1?hello=world"),
            ("/old-blog/a/b", ""),
            ("/blog/a/b/c", "307 /articles/a/b/c"),
            ("/has/x", ""),
            ("/missing/x", "307 /other-page"),
            ("/specific/x?page=home", "307 /another/x?page=home"),
            ("/specific/x?page=away", ""),
            ("/item?id=7", "307 /items/7?id=7"),
            ("http://example.com/host/x", "307 /another-host/x"),
            ("/host/x", ""),
        ],
    );
    // A regex in a path, `/post/:slug(\\d{1,})`, has to match the whole path.
    #[cfg(feature = "regex")]
    table(
        &Rules::new([Rule::regex("/post/(?<slug>[0-9]{1,})")
            .and_then(|rule| rule.to("/news/:slug"))
            .expect("valid")])
        .expect("sound"),
        &[("/post/123?q", "307 /news/123?q"), ("/post/abc", ""), ("/post/123/4", "")],
    );
    let mut asked = request("GET", "/has/x");
    asked.headers_mut().insert("x-redirect-me", HeaderValue::from_static("1"));
    assert_eq!(ask(&rules, &asked).as_deref(), Some("307 /another-page"));
}
