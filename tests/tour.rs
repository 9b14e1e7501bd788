//! The tour holds, and notices each rule that is broken.
#![allow(missing_docs)]

use std::path::PathBuf;
use std::process::{Command, Output};

/// Built by `cargo test` beside the tests.
fn tour(args: &[&str]) -> Output {
    let test = std::env::current_exe().expect("a path");
    let profile: PathBuf = test.parent().and_then(|deps| deps.parent()).expect("target/..").into();
    let tour = profile.join("examples").join("tour");
    let output = Command::new(&tour).args(args).output();
    output.unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo build --example tour` makes it", tour.display())
    })
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const STEPS: [&str; 7] =
    ["order", "stream", "methods", "maintenance", "credentials", "refusals", "permanent"];

#[test]
fn every_step_holds() {
    let output = tour(&[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for (number, step) in (1..).zip(STEPS) {
        assert!(text.contains(&format!("({number}) {step}\n")), "{text}");
    }
    assert!(text.contains("307 -> POST https://") && text.contains("302 -> GET https://"));
    assert!(text.ends_with("every step held\n") && !text.contains("FAIL"), "{text}");
}

#[test]
fn each_broken_rule_is_noticed_by_its_step_alone() {
    for step in STEPS {
        let output = tour(&["--break", step]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{step}: {text}");
        assert!(text.ends_with(&format!("failed: {step}\n")), "{step}: {text}");
    }
}

#[test]
fn an_unknown_step_is_refused() {
    let output = tour(&["--break", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("usage: tour"));
}
