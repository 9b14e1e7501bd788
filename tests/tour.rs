//! The tour holds, and notices each rule that is broken.
#![allow(missing_docs)]

use std::process::{Command, Output};

/// By way of cargo, so that it is never an older one.
fn tour(args: &[&str]) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells this test is not meant for another cargo, which would build everything anew.
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
        cargo.env_remove(name);
    }
    cargo
        .args(["run", "--quiet", "--locked", "--all-features", "--example", "tour", "--"])
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo")
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
