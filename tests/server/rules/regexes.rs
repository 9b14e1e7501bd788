//! Rules for paths that a regex matches.

use tower_redirect::policy::{Rule, Rules};

use super::{answer, table};

fn regex(pattern: &str, to: &str) -> Rule {
    Rule::regex(pattern).and_then(|rule| rule.to(to)).expect(pattern)
}

fn rule(from: &str, to: &str) -> Rule {
    Rule::new(from).and_then(|rule| rule.to(to)).expect(from)
}

#[track_caller]
fn rules(rules: impl IntoIterator<Item = Rule>) -> Rules {
    Rules::new(rules).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn a_regex_matches_the_whole_path() {
    let rules = rules([
        regex("/a|/b", "/c"),
        regex("/(?<x>[a-z]+)-(?<y>[0-9]+)", "/:y/:x?q=:x"),
        regex("/Case", "/without").ignore_case(),
        regex("/h", "/host").on_host("b.test").expect("valid"),
        regex("/e?(?<rest>.*)", "/last:rest"),
    ]);
    table(
        &rules,
        &[
            ("/a", "307 /c"),
            ("/b", "307 /c"),
            ("/ab-12", "307 /12/ab?q=ab"),
            ("/cASE", "307 /without"),
            ("http://b.test/h", "307 /host"),
            ("/h", "307 /lasth"),
            ("/a/", "307 /lasta/"),
        ],
    );
}

#[test]
fn the_first_rule_of_any_kind_wins() {
    let rules = rules([
        rule("/a", "/exact"),
        regex("/[ab]", "/regex-1"),
        rule("/b", "/never"),
        regex("/[bc]", "/regex-2"),
        rule("/*", "/rest").on_query_present("q"),
        regex("/.*", "https://b.test/all"),
    ]);
    table(
        &rules,
        &[
            ("/a", "307 /exact"),
            ("/b", "307 /regex-1"),
            ("/c", "307 /regex-2"),
            ("/d?q", "307 /rest?q"),
            ("/d", "307 https://b.test/all"),
        ],
    );
}

#[test]
fn a_regex_matches_no_ambiguous_or_long_path() {
    let rules = rules([regex("/x(?<rest>.*)", "/y:rest")]);
    table(
        &rules,
        &[
            ("/x/z", "307 /y/z"),
            ("/x//z", ""),
            ("/x/../z", ""),
            ("/x/%2e%2e/z", ""),
            ("/x/%2fz", ""),
            ("/x\\z", ""),
            ("/%78/z", "307 /y/z"),
        ],
    );
    let long = format!("/x/{}", "a".repeat(8 * 1024));
    assert_eq!(answer(&rules, "GET", &long), None);
    // A rule whose target would have a dot segment is skipped.
    let dots = self::rules([regex("/a(?<dots>b?)/?(?<rest>.*)", "/.:dots/:rest")]);
    table(&dots, &[("/a/x", ""), ("/ab/x", "307 /.b/x")]);
}

/// Apache `RedirectMatch` (`mod_alias`) and nginx `rewrite`, anchored as the examples are.
#[test]
fn apache_redirect_match_and_nginx_rewrite() {
    let rules = rules([
        // RedirectMatch "(.*)\.gif$" "http://other.example.com$1.jpg"
        regex(r"/(?<name>.*)\.gif", "http://other.example.com/:name.jpg").found(),
        // rewrite ^(/download/.*)/media/(.*)\..*$ $1/mp3/$2.mp3 permanent;
        regex(r"/(?<start>download/.*)/media/(?<file>.*)\..*", "/:start/mp3/:file.mp3")
            .moved_permanently(),
        // rewrite ^/users/(.*)$ /show?user=$1? redirect;
        regex("/users/(?<user>.*)", "/show?user=:user").found(),
    ]);
    table(
        &rules,
        &[
            ("/a/b.gif", "302 http://other.example.com/a/b.jpg"),
            ("/a/b.gif.png", ""),
            ("/download/a/media/song.ogg", "301 /download/a/mp3/song.mp3"),
            ("/users/joe", "302 /show?user=joe"),
            ("/users/joe&admin=1", "302 /show?user=joe%26admin%3D1"),
        ],
    );
}

#[test]
fn invalid_regexes_and_unknown_captures_are_refused() {
    for pattern in ["(", "[", "(?<a>x)(?<a>y)", r"\p{Greek}", "a{1000}{1000}"] {
        assert!(Rule::regex(pattern).is_err(), "{pattern}");
    }
    assert!(Rule::regex("/(?<a>x)").and_then(|rule| rule.to("/:b")).is_err());
}

#[test]
fn regexes_that_are_too_large_together_are_a_mistake_of_the_table() {
    let large = (0..120).map(|n| regex(&format!("/{n}/[ab]{{10000}}"), "/x"));
    let errors = Rules::new(large).expect_err("refused");
    assert!(errors.to_string().starts_with("the table: its regexes are too large"), "{errors}");
    let places: Vec<_> = errors.iter().map(|error| (error.line(), error.index())).collect();
    assert_eq!(places, [(None, None)]);
}

#[test]
fn a_pattern_that_is_not_a_whole_regex_is_refused() {
    let long = format!("(?x)/a{}|/b", " ".repeat(70_000));
    for (pattern, expected) in [
        ("(?x)/a # comment", "a comment of `(?x)` must end with a line break"),
        ("/a)|(/b", "not a regex"),
        (&long, "a regex is at most 8 KiB long"),
    ] {
        let error = Rule::regex(pattern).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let rules =
        rules([regex("(?x)/a # comment\n", "/b"), regex("/item(/[0-9]+)?", "/x").below_only()]);
    table(&rules, &[("/a", "307 /b"), ("/item", "307 /x"), ("/item/7", "307 /x")]);
}

/// A rule with such a regex would have no effect.
#[test]
fn a_regex_that_matches_no_path_is_refused() {
    for (pattern, expected) in [
        ("item-(?<id>[0-9]+)", "a path begins with `/`"),
        ("^old/.*", "a path begins with `/`"),
        ("https://a.test/x", "a path begins with `/`"),
        ("", "a path begins with `/`"),
        ("(a|b)+/c", "a path begins with `/`"),
        (r"/index\.php\?id=(?<id>[0-9]+)", "the query is a separate condition"),
        ("/a b", "a space is `%20`"),
        (r"/a\sb", "a space is `%20`"),
        ("/a//b", "only the last segment may be empty"),
        ("/100%", "no path matches"),
        (r"/a\|b|\x00", "no path matches"),
        ("/café", "percent-encoded, in upper case: `%C3%A9`"),
        ("/a(?=/b)", "look-around"),
        ("/(?!admin).*", "look-around"),
        (r"/\p{L}+", "without Unicode classes"),
        ("/a{1000,100000}", "too large"),
        ("/(a", "not a regex of the"),
        ("/(?<_a>x)", "the name of a group is a letter"),
    ] {
        let error = Rule::regex(pattern).expect_err(pattern).to_string();
        assert!(error.contains(expected), "{pattern}: {error}");
    }
    for pattern in [
        "^/a$",
        "a*/b",
        "(a|/b)",
        ".*",
        "[^a]x",
        "(?i)/A",
        "(x|)/a",
        r"\A/a\z",
        r"\D+",
        "/a/?",
        "/[^?]*",
        "(?-u:/.+)",
        "/%c3%a9",
        "/a(\\?b)?",
        "/[a b]",
        "/.*//?",
    ] {
        assert!(Rule::regex(pattern).is_ok(), "{pattern}");
    }
}

/// Paths are compared with upper-case escapes, and a regex is not rewritten.
#[test]
fn a_regex_with_escapes_in_lower_case_is_warned_about() {
    for (rule, is_warned) in [
        (regex("/caf%c3%A9", "/b"), true),
        (regex("/caf%C3%A9", "/b"), false),
        (regex("/caf%c3%a9", "/b").ignore_case(), false),
        (regex("/50%ab?x", "/b"), true),
        (regex("/[%az]+", "/b"), false),
    ] {
        let rules = rules([rule]);
        let warnings: Vec<_> = rules.warnings().iter().map(ToString::to_string).collect();
        let is_expected = |text: &String| text.contains("in upper case: `%C3%A9`");
        assert_eq!(warnings.iter().any(is_expected), is_warned, "{warnings:?}");
    }
}
