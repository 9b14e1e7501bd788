//! Slashes at the end of a path, as other frameworks treat them. Each table names the source of its rows.

use http::{Method, Request};
use tower_redirect::policy::TrailingSlash;
use tower_redirect::{
    CanonicalHost, Decision, HttpsOnly, RedirectLayer, RedirectPolicy, RequestHead,
};

use crate::support::{ask, request};

/// The answer of a policy: `307 /a/`, or nothing.
fn answer(policy: &TrailingSlash, method: &str, path: &str) -> Option<String> {
    let request = Request::builder().method(method).uri(path).header("host", "a.test").body(());
    let request = request.expect(path);
    let head = RequestHead::from(&request);
    let Decision::Redirect(to) = policy.decide(&head) else { return None };
    let location = to.location_for(&head)?;
    Some(format!("{} {}", to.status_for(head.method()).as_u16(), location.to_str().ok()?))
}

#[track_caller]
fn table(policy: &TrailingSlash, rows: &[(&str, &str)]) {
    for (asked, expected) in rows {
        let (method, path) = asked.split_once(' ').unwrap_or(("GET", asked));
        let seen = answer(policy, method, path);
        assert_eq!(seen.as_deref().unwrap_or_default(), *expected, "{method} {path}");
    }
}

/// Django's `APPEND_SLASH` (`CommonMiddleware`, `tests/middleware/tests.py`): a slash is appended to
/// a path without one, the query stays, POST is left alone, and `//x` leads nowhere else.
#[test]
fn django_append_slash() {
    table(
        &TrailingSlash::add(),
        &[
            ("/slash", "307 /slash/"),
            ("/slash/", ""),
            ("HEAD /slash", "307 /slash/"),
            ("/slash?test=1", "307 /slash/?test=1"),
            ("POST /slash", ""),
            ("PUT /slash", ""),
            ("PATCH /slash", ""),
            ("DELETE /slash", ""),
            ("/needsquoting%23", "307 /needsquoting%23/"),
            ("/", ""),
            // Django redirects to `/%2Fevil.com/security/`; here the application answers.
            ("//evil.com/security", ""),
            ("/\\evil.com", ""),
            ("/a/../b", ""),
            ("/a%2fb", ""),
        ],
    );
}

/// Well-known URIs are fixed (RFC 8615 §3), and Next.js with `trailingSlash` leaves them alone, too. An
/// ACME server asks for its token without a slash, and the application has no other file for it.
#[test]
fn well_known_uris_get_no_slash() {
    let rows = [
        ("/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", ""),
        ("/.well-known/openid-configuration", ""),
        ("/.well-known/", ""),
        ("/.well-known-not/x", "307 /.well-known-not/x/"),
        ("/x/.well-known/y", "307 /x/.well-known/y/"),
    ];
    table(&TrailingSlash::add(), &rows);
    table(&TrailingSlash::remove(), &[("/.well-known/x/", "")]);
}

/// Rails' `trailing_slash: true` and Gatsby's, Jekyll's and nginx' directories: no slash behind a
/// segment that looks like a file.
#[test]
fn files_get_no_slash() {
    table(
        &TrailingSlash::add().permanent(),
        &[
            ("/posts", "308 /posts/"),
            ("/posts.json", ""),
            ("/feed.xml?page=2", ""),
            ("/v1.2/posts", "308 /v1.2/posts/"),
            ("/.well-known", ""),
        ],
    );
}

/// Next.js without `trailingSlash` (308 from `/about/` to `/about`), and Rails' habit of the same.
#[test]
fn slashes_are_removed() {
    table(
        &TrailingSlash::remove().permanent(),
        &[
            ("/about/", "308 /about"),
            ("/about", ""),
            ("/about/?a=b", "308 /about?a=b"),
            ("/logo.svg/", "308 /logo.svg"),
            ("/", ""),
            ("//", ""),
            ("/a//", ""),
            ("//evil.com/", ""),
            ("/%5Cevil.com/", ""),
            ("/../", ""),
            ("POST /about/", ""),
        ],
    );
}

#[test]
fn other_methods_may_be_named() {
    let policy = TrailingSlash::remove().methods([Method::GET, Method::POST]);
    table(&policy, &[("POST /a/", "307 /a"), ("/a/", "307 /a"), ("HEAD /a/", ""), ("PUT /a/", "")]);
}

#[tokio::test]
async fn a_slash_is_part_of_one_redirection_with_host_and_scheme() {
    let www = CanonicalHost::new("www.a.test").expect("valid");
    for slash_is_last in [true, false] {
        let (https, slash) = (HttpsOnly::new(), TrailingSlash::add());
        let policy: Box<dyn RedirectPolicy> = match slash_is_last {
            true => Box::new((https, www.clone(), slash)),
            false => Box::new((slash, www.clone(), https)),
        };
        let asked =
            ask(&RedirectLayer::new(policy), request("GET", "/x?q", &[("host", "a.test")])).await;
        assert_eq!(asked.location(), Some("https://www.a.test/x/?q"));
    }
}
