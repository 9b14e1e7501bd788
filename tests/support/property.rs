//! Runs a property.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// So many cases as `PROPTEST_CASES` says; a share of which has to count.
pub fn run<S: Strategy>(
    strategy: S,
    share: f64,
    test: impl Fn(S::Value) -> Result<bool, TestCaseError>,
) {
    let (all, counted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |value| {
        let counts = test(value)?;
        all.fetch_add(1, Ordering::Relaxed);
        counted.fetch_add(usize::from(counts), Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (all, counted) = (all.into_inner(), counted.into_inner());
    assert!(counted as f64 >= share * all as f64, "{counted} of {all}");
}
