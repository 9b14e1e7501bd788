//! Run with: `cargo bench --features regex --bench rules_memory`
//!
//! Counts the bytes that tables of rules hold, and the allocations of a redirection. `rules` measures times.

#[path = "harness/tables.rs"]
mod tables;

use std::error::Error;
use std::hint::black_box;

use allocation_counter::measure;
use tower_redirect::policy::Rules;
use tower_redirect::{Decision, RedirectPolicy, RequestHead};

use tables::{HOT, Kind, map, requests, router, table};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Returns the result of `work`, and the number of bytes that it still holds for each of `count` rules.
fn held<T>(count: usize, work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64)> {
    let mut result = None;
    let info = measure(|| result = Some(work()));
    Ok((result.ok_or("not measured")??, info.bytes_current as f64 / count as f64))
}

fn compare(kind: Kind, count: usize) -> Outcome {
    let (ours, bytes) = held(count, || table(kind, count))?;
    let (_map, map_bytes) = held(count, || Ok(map(kind, count)))?;
    let (_router, router_bytes) = held(count, || router(kind, count))?;
    let empty = Rules::new([])?;
    let requests = requests(kind, count, HOT)?;
    let mut allocated = 0;
    for request in &requests {
        let decide = |rules: &Rules| rules.decide(&RequestHead::from(request));
        let allocations = |rules: &Rules| measure(|| drop(black_box(decide(rules)))).count_total;
        assert!(matches!(decide(&ours), Decision::Redirect(_)));
        allocated = allocated.max(allocations(&ours) - allocations(&empty));
    }
    println!(
        "{count} rules, {}: {bytes:.0} B a rule (HashMap {map_bytes:.0}, matchit {router_bytes:.0}), \
         at most {allocated} allocations a redirection",
        kind.name()
    );
    Ok(())
}

#[cfg(feature = "regex")]
fn regexes(count: usize) -> Outcome {
    use tower_redirect::policy::Rule;
    let rule = |number| {
        let text = format!("^/shop/(?<id>[0-9]+)/item-{number}-[a-z]+\\.html$");
        Rule::regex(&text)?.to("/items/:id")
    };
    let rules = (0..count).map(rule).collect::<Result<Vec<_>, _>>()?;
    let (_table, bytes) = held(count, || Ok(Rules::new(rules)?))?;
    println!("{count} regexes: {bytes:.0} B each");
    Ok(())
}

fn main() -> Outcome {
    for kind in [Kind::Exact, Kind::Prefix, Kind::Pattern] {
        compare(kind, 100_000)?;
    }
    #[cfg(feature = "regex")]
    regexes(1_000)?;
    Ok(())
}
