//! Mistakes for which a table is refused, and mistakes that only cause warnings.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use http::Method;
use proptest::prelude::*;
use tower_redirect::Scheme;
use tower_redirect::policy::{Rule, Rules};

use super::answer;
use crate::support::property::run;

fn rule(from: &str, to: &str) -> Rule {
    Rule::new(from).and_then(|rule| rule.to(to)).expect(from)
}

/// Parses rules in a short form: `from to`, one rule per line.
fn lines(text: &str) -> Vec<Rule> {
    let lines = (1..).zip(text.lines().map(str::trim).filter(|line| !line.is_empty()));
    lines
        .map(|(number, line)| {
            let (from, to) = line.split_once(' ').expect(line);
            rule(from, to.trim()).line(number)
        })
        .collect()
}

#[track_caller]
fn refused(rules: impl IntoIterator<Item = Rule>) -> String {
    Rules::new(rules).expect_err("refused").to_string()
}

#[track_caller]
fn warned(rules: impl IntoIterator<Item = Rule>) -> Vec<String> {
    let rules = Rules::new(rules).unwrap_or_else(|errors| panic!("{errors}"));
    rules.warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn loops_are_refused_with_the_request_and_every_line() {
    for (text, expected) in [
        (
            "/a /b
             /b /c
             /x /y
             /c /a",
            "line 1: redirections lead in a loop: GET http://x0x.invalid/a -> /b -> /c -> /a, \
             by line 1, line 2, line 4",
        ),
        (
            "/in /a
             /a /b
             /b /a",
            "line 2: redirections lead in a loop: GET http://x0x.invalid/in -> /a -> /b -> /a, \
             by line 2, line 3",
        ),
        (
            "/a/* /b/*
             /b/* /a/*",
            "line 1: redirections lead in a loop: GET http://x0x.invalid/a -> /b -> /a, \
             by line 1, line 2",
        ),
        (
            "/:a/:b /:b/:a",
            "line 1: redirections lead in a loop: GET http://x0x.invalid/x0x/x0x1 -> /x0x1/x0x -> \
             /x0x/x0x1, by line 1",
        ),
        (
            "http://old.test/* https://old.test/*
             https://old.test/x http://old.test/x",
            "line 1: redirections lead in a loop: GET https://old.test/x -> \
             http://old.test/x -> https://old.test/x, by line 1, line 2",
        ),
        (
            "/in /a#x
             /a?p=1 /b?#y
             /b /a?p=1",
            "line 2: redirections lead in a loop: GET http://x0x.invalid/a?p=1 -> /b#y -> /a?p=1#y, \
             by line 2, line 3",
        ),
        (
            "/x0x-is-taken /a
             /a?p /b
             /b?p /a",
            "line 2: redirections lead in a loop: GET http://x1x.invalid/a?p=x1x -> /b?p=x1x -> \
             /a?p=x1x, by line 2, line 3",
        ),
    ] {
        assert_eq!(refused(lines(text)), expected, "{text}");
    }
}

/// <https://developers.cloudflare.com/rules/url-forwarding/troubleshooting/> and the pages about
/// bulk redirects: a source that matches its own target again.
#[test]
fn loops_that_cloudflare_warns_about_are_refused() {
    for text in [
        "/* /blog/*",
        "http://shop.test/* http://shop.test/store/*",
        "/en/* /en/en/*",
        "/a /b
         /b /a",
        "http://www.shop.test/* http://shop.test/*
         http://shop.test/* http://www.shop.test/*",
    ] {
        let errors = refused(lines(text));
        assert!(errors.contains("ever longer") || errors.contains("in a loop"), "{text}: {errors}");
    }
}

#[test]
fn a_target_that_grows_is_refused() {
    let errors = refused(lines("/* /x/*"));
    assert!(errors.starts_with("line 1: redirections lead to an ever longer target: GET http://x0x.invalid/ -> /x/ -> /x/x/"), "{errors}");
    assert_eq!(errors.lines().count(), 1);
    // One letter more each time.
    refused(lines("/:p /:p-"));
    refused(lines(
        "/a/* /b/x/*
         /b/* /a/y/*",
    ));
}

#[test]
fn sound_tables_are_accepted() {
    for text in [
        "/* /maintenance.html",
        "/x/* https://elsewhere.test/*
         /* /x/*",
        "/a /b",
        "/a/ /a",
        "/a /a/",
        "http://shop.test/* https://shop.test/*",
        "/a https://elsewhere.test/b
         /b /a",
        "/* https://elsewhere.test/*",
        "/x0x /y",
    ] {
        if let Err(errors) = Rules::new(lines(text)) {
            panic!("{text}: {errors}");
        }
    }
}

#[test]
fn a_loop_for_only_one_method_is_refused() {
    let cycle = |method: Method| [rule("/a", "/b"), rule("/b", "/a").on_methods([method])];
    assert!(refused(cycle(Method::POST)).contains("POST http://x0x.invalid/b -> /a -> /b"));
    // 303 turns the POST into a GET.
    let answered = [
        rule("/a", "/b").on_methods([Method::POST]).see_other(),
        rule("/b", "/a").on_methods([Method::POST]),
    ];
    assert!(Rules::new(answered).is_ok());
    let split =
        [rule("/a", "/b").on_methods([Method::PUT]), rule("/b", "/a").on_methods([Method::POST])];
    assert!(Rules::new(split).is_ok());
}

#[test]
fn a_loop_that_begins_at_a_date_is_refused() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let build = |rules: [Rule; 2]| Rules::builder().clock(move || at(100)).build(rules);
    let later = build([rule("/a", "/b").since(at(200)), rule("/b", "/a").since(at(300))]);
    assert!(later.expect_err("refused").to_string().contains("loop"));
    assert!(build([rule("/a", "/b").until(at(200)), rule("/b", "/a").since(at(200))]).is_ok());
    assert!(build([rule("/a", "/b").until(at(100)), rule("/b", "/a")]).is_ok());
}

#[test]
fn a_rule_that_may_lead_to_itself_is_no_loop() {
    assert!(Rules::new([rule("/a", "/a").allow_self()]).is_ok());
}

#[test]
fn more_than_eight_in_a_row_are_refused() {
    let chain = |hops: usize| {
        (0..hops).map(|n| rule(&format!("/{n}"), &format!("/{}", n + 1)).line(n as u32 + 1))
    };
    assert!(Rules::new(chain(8)).is_ok());
    let gone = Rule::new("/8").expect("valid").gone();
    assert!(Rules::new(chain(8).chain([gone])).is_ok(), "a 410 is no redirection");
    let errors = refused(chain(9));
    assert!(errors.starts_with("line 1: more than eight redirections in a row: "), "{errors}");
    let errors = refused(chain(100_000));
    assert!(errors.lines().count() <= 1000 * 2, "{}", errors.lines().count());
}

#[test]
fn each_warning_names_the_rules_and_the_cure() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    for (rules, expected) in [
        (
            lines("/a /b\n/a /c"),
            vec!["line 2: matches the same requests as line 1, which comes first: remove one"],
        ),
        (
            lines("/p/* /b\n/p/x /c"),
            vec!["line 2: line 1 matches every request of this rule: put this one before it"],
        ),
        (
            lines("/:x/b /c\n/a/b /d"),
            vec!["line 2: line 1 matches every request of this rule: put this one before it"],
        ),
        (lines("/a/b /d\n/:x/b /c"), vec![]),
        (
            vec![
                rule("/a/*", "https://b.test/").below_only(),
                rule("/a/", "https://c.test/").either_slash(),
            ],
            vec![],
        ),
        // The first does not match `/a//x`, which servers read differently; the second copies it.
        (lines("/* https://b.test/\n/a/* https://b.test/a/*"), vec![]),
        (
            lines("/* https://b.test/*\n/a/* https://b.test/a/*"),
            vec!["line 2: line 1 matches every request of this rule: put this one before it"],
        ),
        (
            lines("/p/* /p/x?\n/p/x /c"),
            vec!["line 1: leads on through line 2: write /c as its target"],
        ),
        (lines("/a?x=1 /b\n/a /c"), vec![]),
        (
            lines("/a?x /b\n/a?x=1 /c"),
            vec!["line 2: line 1 matches every request of this rule: put this one before it"],
        ),
        (
            vec![rule("/a", "/b").until(at(1)).line(1)],
            vec!["line 1: the rule has ended: remove it"],
        ),
        (
            lines("/a /b\n/b /c?d"),
            vec!["line 1: leads on through line 2: write /c?d as its target"],
        ),
        (
            lines("/a/* /b/*\n/b/* /c/*"),
            vec!["line 1: leads on through line 2: GET http://x0x.invalid/a ends at /c"],
        ),
        // A target is proposed only if it does not depend on the request.
        (
            lines("/a?id /b\n/b /c"),
            vec![
                "line 1: leads on through line 2: GET http://x0x.invalid/a?id=x0x ends at /c?id=x0x",
            ],
        ),
        (
            lines("/a?x=1 /b\n/b /c"),
            vec!["line 1: leads on through line 2: GET http://x0x.invalid/a?x=1 ends at /c?x=1"],
        ),
        (
            lines("/a?x=1 /b?y\n/b /c"),
            vec!["line 1: leads on through line 2: write /c?y as its target"],
        ),
        // The target has the fragment that a client keeps, and the host that it arrives at.
        (
            lines("/a /b#x\n/b /c"),
            vec!["line 1: leads on through line 2: write /c#x as its target"],
        ),
        (
            lines("/a /b#x\n/b /c#y"),
            vec!["line 1: leads on through line 2: write /c#y as its target"],
        ),
        (
            lines("/a https://b.test/x\nhttps://b.test/x /y"),
            vec!["line 1: leads on through line 2: write https://b.test/y as its target"],
        ),
        (
            vec![rule("/a", "/b"), rule("/b", "/c").to_scheme(Scheme::Https)],
            vec![
                "rule 1: leads on through rule 2: GET http://x0x.invalid/a ends at https://x0x.invalid/c",
            ],
        ),
        (
            vec![rule("/a", "/b"), Rule::new("/b").expect("valid").gone()],
            vec!["rule 1: leads on through rule 2, to what is gone: make it 410, too"],
        ),
        (
            vec![rule("/a", "/b"), rule("/a", "/b")],
            vec!["rule 2: matches the same requests as rule 1, which comes first: remove one"],
        ),
        (
            lines("http://*.a.test/x /b\nhttp://b.a.test/x /c"),
            vec!["line 2: line 1 matches every request of this rule: put this one before it"],
        ),
        (lines("http://a.test/x /b\nhttps://a.test/x /c\n/x /d"), vec![]),
        (
            vec![rule("/a", "/b").ignore_case(), rule("/A", "/c")],
            vec!["rule 2: rule 1 matches every request of this rule: put this one before it"],
        ),
        (
            vec![rule("/a", "/a"), rule("/:x/b", "/:x/b"), rule("/p/*", "/p/*")],
            vec![
                "rule 1: leads to the URL that it matches, or its conditions exclude each other: remove it",
                "rule 2: leads to the URL that it matches, or its conditions exclude each other: remove it",
                "rule 3: leads to the URL that it matches, or its conditions exclude each other: remove it",
            ],
        ),
        (
            vec![rule("/a?x=1", "/b").on_query("x", "2")],
            vec![
                "rule 1: leads to the URL that it matches, or its conditions exclude each other: remove it",
            ],
        ),
        (
            [r"/i-(\d+)", "/i-[0-9]+", "/[^/]+/x", "/old$", "/a$b", "/$", "/a[1]", "/x_(y)"]
                .map(|from| rule(from, "/b"))
                .to_vec(),
            vec![
                "rule 1: looks like a regex, but is compared literally: use `Rule::regex`",
                "rule 2: looks like a regex, but is compared literally: use `Rule::regex`",
                "rule 3: looks like a regex, but is compared literally: use `Rule::regex`",
                "rule 4: looks like a regex, but is compared literally: use `Rule::regex`",
            ],
        ),
        (
            vec![rule(r"/i-(\d+)", "/b").ignore_case()],
            vec!["rule 1: looks like a regex, but is compared literally: use `Rule::regex`"],
        ),
        // Each of these rules leads one request to itself, but others elsewhere.
        (
            vec![
                rule("/a", "/a").drop_query(),
                rule("/b", "/b?"),
                rule("/C", "/c").ignore_case(),
                rule("/d", "/d").either_slash(),
                rule("/e", "/e").to_scheme(Scheme::Http),
                rule("/f", "/f").allow_self(),
                rule("/g", "/g").see_other(),
                rule("/h", "/h").found().rewriting_methods(),
                rule("/*", "/page"),
            ],
            vec![],
        ),
    ] {
        assert_eq!(warned(rules.clone()), expected, "{rules:?}");
    }
}

#[test]
fn rules_without_effect_and_contradictory_rules_are_refused() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    for (rule, expected) in [
        (
            Rule::new("/a").expect("valid"),
            "rule 1: a rule needs a target, or status 410 (`gone()`)",
        ),
        (
            rule("/a", "/b").gone(),
            "rule 1: a rule with status 410 (`gone()`) has no target: remove the target or the status",
        ),
        (rule("/a", "/b").since(at(2)).until(at(2)), "rule 1: a rule has to end after it begins"),
        (
            rule("/a", "/b").on_methods([]),
            "rule 1: a rule for no method never matches: leave the condition out",
        ),
        (
            rule("/a", "/b").max_age(Duration::from_secs(60)),
            "rule 1: caches keep only 301, 308 and 410: `max_age` has no effect with this status",
        ),
    ] {
        assert_eq!(refused([rule]), expected);
    }
}

/// Tables that were made to be slow.
#[test]
fn slow_tables_are_refused() {
    // Twelve levels, each with a literal and a capture.
    let patterns = (0..4096).map(|bits: u32| {
        let segment = |level: u32| match bits >> level & 1 {
            0 => "/a".to_owned(),
            _ => format!("/:n{level}"),
        };
        rule(&(0..12).map(segment).collect::<String>(), &format!("https://b.test/{bits}"))
    });
    let errors = refused(patterns);
    assert!(
        errors.contains("one request could visit 4096 places of the table, more than 64"),
        "{errors}"
    );
    assert!(errors.contains("rule 1"), "{errors}");
    // A hundred parameters on one path.
    for (first, path) in [("/z", "/a"), ("/:z", "/a"), ("/z", "/a/:x")] {
        let parameters = (0..100).map(|n| rule(&format!("{path}?p{n}=1"), "https://b.test/"));
        let errors = refused([rule(first, "https://b.test/")].into_iter().chain(parameters));
        assert!(errors.starts_with("rule 2: one request could visit 10"), "{errors}");
        assert!(
            errors.ends_with(
                "include rule 2, rule 3, rule 4, rule 5, rule 6, rule 7, rule 8, rule 9"
            ),
            "{errors}"
        );
    }
    // Hosts of which each is below the next have no tree that could be named.
    let nested = (1..=65).map(|labels| {
        let host = format!("*{}", ".a".repeat(labels));
        rule("/x", "https://b.test/").on_host(&host).expect("valid")
    });
    let errors = refused(nested);
    assert!(errors.ends_with("fewer hosts of which each is below the next"), "{errors}");
    // The rules that are named are those of the heavier tree, here the one that ignores case.
    let light = (0..9).map(|n| rule(&format!("{}/*", "/a".repeat(n)), "https://b.test/"));
    let heavy = (0..128).map(|bits: usize| {
        let segment = |level: usize| match bits >> level & 1 {
            0 => "/b".to_owned(),
            _ => format!("/:n{level}"),
        };
        rule(&(0..7).map(segment).collect::<String>(), "https://b.test/").ignore_case()
    });
    let errors = refused(light.chain(heavy));
    assert!(errors.starts_with("rule 18: "), "{errors}");
    // Sixty prefixes inside each other are few enough.
    let deep = |depth: usize| {
        (0..depth).map(|n| rule(&format!("{}/*", "/a".repeat(n)), &format!("https://b.test/{n}")))
    };
    assert!(Rules::new(deep(60)).is_ok());
    // Many literals beside a capture are no problem if each of them soon ends.
    let beside = (0..3000).map(|n| rule(&format!("/l{n}/:a/:b"), &format!("https://b.test/{n}")));
    let all = beside.chain([rule("/:lang/x/:c", "https://b.test/lang")]);
    assert!(Rules::new(all).is_ok());
}

#[test]
fn ten_thousand_rules_of_one_path_differ_by_a_parameter() {
    let rules = (0..10_000).map(|n| rule(&format!("/item?id={n}"), &format!("https://b.test/{n}")));
    let rules = Rules::new(rules).expect("valid");
    for id in [0, 5000, 9999] {
        let seen = answer(&rules, "GET", &format!("/item?utm=x&id={id}"));
        assert_eq!(seen, Some(format!("307 https://b.test/{id}?utm=x&id={id}")));
    }
    assert_eq!(answer(&rules, "GET", "/item?id=10000"), None);
}

/// How a walk through a table of exact rules ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Ends,
    Loop,
    TooLong,
}

fn follow(first: &HashMap<u8, u8>, from: u8) -> End {
    let (mut at, mut seen) = (from, HashSet::from([from]));
    for hops in 0.. {
        match first.get(&at) {
            Some(next) if *next != at => at = *next,
            _ if hops > 8 => return End::TooLong,
            _ => return End::Ends,
        }
        if !seen.insert(at) {
            return End::Loop;
        }
    }
    End::Ends
}

#[test]
fn every_loop_is_found_and_no_other() {
    let pairs = prop::collection::vec((0..40_u8, 0..40_u8), 1..40);
    run(pairs, 0.2, |pairs| {
        // The first rule of a path applies; a rule that leads to itself is skipped.
        let mut first = HashMap::new();
        for (from, to) in pairs.iter().filter(|(from, to)| from != to) {
            first.entry(*from).or_insert(*to);
        }
        let ends: Vec<End> = first.keys().map(|from| follow(&first, *from)).collect();
        let path = |n: &u8| format!("/{n}");
        let built = Rules::new(pairs.iter().map(|(from, to)| rule(&path(from), &path(to))));
        let said = built.as_ref().err().map(ToString::to_string).unwrap_or_default();
        prop_assert_eq!(ends.contains(&End::Loop), said.contains("in a loop"), "{}", said);
        if !ends.contains(&End::Loop) {
            prop_assert_eq!(ends.contains(&End::TooLong), said.contains("in a row"), "{}", said);
            prop_assert_eq!(!ends.contains(&End::TooLong), built.is_ok());
        }
        // The errors name every rule of each loop.
        let on_loops = first.keys().filter(|from| {
            let mut at = first.get(from);
            for _ in 0..first.len() {
                match at {
                    Some(next) if next == *from => return true,
                    Some(next) => at = first.get(next),
                    None => return false,
                }
            }
            false
        });
        for from in on_loops {
            let number = pairs.iter().position(|(other, to)| other == from && to != from);
            let named = format!("rule {}", number.unwrap_or_default() + 1);
            let is_named = said.split([',', ':', '\n']).any(|word| {
                let word = word.trim();
                word == named || word.strip_prefix("by ") == Some(&*named)
            });
            prop_assert!(is_named, "{} in {}", named, said);
        }
        Ok(!ends.contains(&End::Loop))
    });
}
