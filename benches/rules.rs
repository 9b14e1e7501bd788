//! Run with: `cargo bench --features regex --bench rules`
//!
//! Times redirections by tables of rules, and beside them a `HashMap`, matchit and a list that is tried in
//! order. `-- growth` measures tables of 1 000 to 1 000 000 rules, `-- regexes` and `-- mistakes` measure
//! only those, and `-- instructions` counts instructions with callgrind instead. `rules_memory` measures bytes
//! and allocations: counting them takes time.

mod harness;
#[path = "harness/tables.rs"]
mod tables;

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use http::Request;
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::{Decision, RedirectPolicy, RequestHead};

use tables::{HOT, Kind, map, requests, router, scattered, table};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The number of different requests that do not stay in the caches of a processor.
const COLD: usize = 65_536;

/// The time that `work` takes.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = work();
    (result, started.elapsed())
}

/// Nanoseconds for each of `times` calls, the least of several runs: other programs only add to it.
fn time(times: usize, mut call: impl FnMut(usize)) -> f64 {
    let runs = (0..25).map(|_| timed(|| (0..times).for_each(&mut call)).1);
    runs.min().unwrap_or(Duration::ZERO).as_nanos() as f64 / times as f64
}

fn compare(kind: Kind, count: usize) -> Outcome {
    let rule = |number| Rule::new(&kind.from(number))?.to(&kind.to(number));
    let (rules, parsed) = timed(|| (0..count).map(rule).collect::<Result<Vec<_>, _>>());
    let (built_rules, built) = {
        let rules = rules?;
        timed(|| Rules::new(rules))
    };
    drop(built_rules?);

    let (ours, empty) = (table(kind, count)?, Rules::new([])?);
    let (map, router) = (map(kind, count), router(kind, count)?);
    println!(
        "{count} rules, {}: parsed in {parsed:.0?}, built and checked in {built:.1?}",
        kind.name()
    );
    for (name, number) in [("hot", HOT), ("cold", COLD)] {
        let requests = requests(kind, count, number)?;
        let times = COLD.max(4 * number);
        let of = |at: usize| &requests[at % number];
        let decide = |rules: &Rules, at: usize| rules.decide(&RequestHead::from(of(at)));
        let none = time(times, |at| drop(black_box(decide(&empty, at))));
        let whole = time(times, |at| drop(black_box(decide(&ours, at))));
        let found = time(times, |at| {
            black_box(ours.find(&RequestHead::from(of(at))).is_some());
        });
        let in_map = time(times, |at| {
            black_box(map.get(of(at).uri().path()));
        });
        let in_router = time(times, |at| {
            black_box(router.at(of(at).uri().path()).is_ok());
        });
        assert!(matches!(decide(&ours, 3), Decision::Redirect(_)));
        println!(
            "  {name}: {:.0} ns beyond an empty table's {none:.0} (find {:.0}); HashMap \
             {in_map:.0}, matchit {in_router:.0}: {:.2} and {:.2} of them",
            whole - none,
            found - none,
            (whole - none) / in_map,
            (whole - none) / in_router
        );
    }
    Ok(())
}

/// Times a list whose rules are tried in order.
fn naive(count: usize) -> Outcome {
    let kind = Kind::Exact;
    let list: Vec<(String, String)> =
        (0..count).map(|number| (kind.from(number), kind.to(number))).collect();
    let requests = requests(kind, count, HOT)?;
    let each = time(32, |at| {
        let path = requests[at % HOT].uri().path();
        black_box(list.iter().find(|(from, _)| from == path));
    });
    println!("{count} rules, tried in order: {:.0} us", each / 1000.0);
    Ok(())
}

/// A table of regexes, beside the same regexes tried in turn.
#[cfg(feature = "regex")]
fn regexes(count: usize) -> Outcome {
    let text = |number| format!("^/shop/(?<id>[0-9]+)/item-{}-[a-z]+\\.html$", scattered(number));
    let rule = |number| Rule::regex(&text(number))?.to("/items/:id");
    let rules = (0..count).map(rule).collect::<Result<Vec<_>, _>>()?;
    let (rules, built) = timed(|| Rules::new(rules));
    let rules = rules?;
    let each = |number| regex_automata::meta::Regex::new(&text(number)).ok();
    let list: Option<Vec<_>> = (0..count).map(each).collect();
    let list = list.ok_or("regexes")?;
    let path = |at: usize| format!("/shop/{at}/item-{}-red.html", scattered(at * 7 % count));
    let requests = (0..HOT).map(|at| Request::get(path(at)).body(()));
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    let of = |at: usize| &requests[at % HOT];
    let found = time(HOT, |at| drop(black_box(rules.decide(&RequestHead::from(of(at))))));
    let in_turn = time(HOT, |at| {
        black_box(list.iter().find(|regex| regex.is_match(of(at).uri().path())));
    });
    assert!((0..HOT).all(|at| rules.find(&RequestHead::from(of(at))).is_some()));
    println!(
        "{count} regexes: built and checked in {built:.0?}; {:.2} us, in turn {:.1} us: 1/{:.0}",
        found / 1000.0,
        in_turn / 1000.0,
        in_turn / found
    );
    Ok(())
}

#[cfg(not(feature = "regex"))]
fn regexes(_: usize) -> Outcome {
    println!("regexes: with feature `regex`");
    Ok(())
}

/// Files of 100,000 lines, of which 50 are wrong.
fn mistakes() {
    for (dialect, separator) in [("_redirects", ' '), ("CSV", ',')] {
        let line = |number: usize| match number % 2_000 {
            0 => format!("/page/{number}{separator}ftp://b.test/{number}\n"),
            _ => format!("/page/{number}{separator}/new/{number}{separator}308\n"),
        };
        let text: String = (1..=100_000).map(line).collect();
        let (read, took) = timed(|| match separator {
            ',' => Rules::from_csv(&text),
            _ => Rules::from_netlify(&text),
        });
        let errors = read.expect_err("refused").iter().count();
        println!("{dialect} of 100000 lines: {errors} mistakes reported in {took:.0?}");
    }
}

/// Times tables that are slow in other indexes: here one is refused, and one is searched in few steps.
fn slow_tables() -> Outcome {
    let patterns = (0..4_096_u32).map(|bits| {
        let segment = |at: u32| if bits >> at & 1 == 0 { "/x".into() } else { format!("/:v{at}") };
        let from: String = (0..12).map(segment).collect();
        Rule::new(&from)?.to(&format!("https://b.test/{bits}"))
    });
    let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
    let (built, took) = timed(|| Rules::new(patterns));
    let outcome = built.map_or_else(|errors| errors.to_string(), |_| "accepted".into());
    println!(
        "4096 patterns over 12 levels, in {took:.1?}: {}",
        outcome.lines().next().unwrap_or("")
    );

    let rule = |id| Rule::new(&format!("/item?id={id}"))?.to(&format!("https://b.test/{id}"));
    let rules = Rules::new((0..10_000).map(rule).collect::<Result<Vec<_>, _>>()?)?;
    let request = |at| Request::get(format!("/item?id={}", scattered(at) % 10_000)).body(());
    let requests = (0..HOT).map(request).collect::<Result<Vec<_>, _>>()?;
    let found = time(COLD, |at| {
        drop(black_box(rules.decide(&RequestHead::from(&requests[at % HOT]))));
    });
    println!("10000 rules of one path, by `?id=`: {found:.0} ns");
    Ok(())
}

const SCENARIOS: [&str; 5] = ["empty", "find", "decide", "map", "matchit"];

/// Runs the scenario `kind-scenario`, for callgrind.
fn scenario(name: &str, times: usize) -> Outcome {
    let (kind, what) = name.split_once('-').ok_or("a kind and a scenario")?;
    let kinds = [Kind::Exact, Kind::Prefix, Kind::Pattern];
    let kind = kinds.into_iter().find(|known| known.name() == kind).ok_or("no such kind")?;
    let requests = requests(kind, HOT, HOT)?;
    let of = |at: usize| &requests[at % HOT];
    match what {
        "empty" | "decide" => {
            let rules = table(kind, if what == "empty" { 0 } else { HOT })?;
            for at in 0..times {
                drop(black_box(rules.decide(&RequestHead::from(of(at)))));
            }
        }
        "find" => {
            let rules = table(kind, HOT)?;
            for at in 0..times {
                black_box(rules.find(&RequestHead::from(of(at))).is_some());
            }
        }
        "map" => {
            let map = map(kind, HOT);
            for at in 0..times {
                black_box(map.get(of(at).uri().path()));
            }
        }
        _ => {
            let router = router(kind, HOT)?;
            for at in 0..times {
                black_box(router.at(of(at).uri().path()).is_ok());
            }
        }
    }
    Ok(())
}

fn instructions() -> Outcome {
    harness::run(scenario, |count| {
        for kind in ["exact", "prefix", "pattern"] {
            for what in SCENARIOS {
                println!("{kind:8} {what:8} {:6} instructions", count(&format!("{kind}-{what}"))?);
            }
        }
        Ok(())
    })
}

fn main() -> Outcome {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let growth = ["1000", "10000", "100000", "1000000"];
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["growth"] => {
            for count in growth {
                for kind in [Kind::Exact, Kind::Prefix, Kind::Pattern] {
                    compare(kind, count.parse()?)?;
                }
            }
            Ok(())
        }
        ["regexes"] => regexes(1_000),
        ["mistakes"] => {
            mistakes();
            slow_tables()
        }
        [] => {
            for kind in [Kind::Exact, Kind::Prefix, Kind::Pattern] {
                compare(kind, 100_000)?;
            }
            naive(100_000)?;
            mistakes();
            slow_tables()?;
            regexes(1_000)
        }
        _ => instructions(),
    }
}
