//! Tests a property with random values.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Runs as many cases as `PROPTEST_CASES` says. The test returns whether a case is significant, which at least this
/// share of the cases has to be.
pub fn run<S: Strategy>(
    strategy: S,
    share: f64,
    test: impl Fn(S::Value) -> Result<bool, TestCaseError>,
) {
    let (all, counted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&strategy, |value| {
        let is_significant = test(value)?;
        all.fetch_add(1, Ordering::Relaxed);
        counted.fetch_add(usize::from(is_significant), Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (all, counted) = (all.into_inner(), counted.into_inner());
    assert!(counted as f64 >= share * all as f64, "{counted} of {all}");
}
