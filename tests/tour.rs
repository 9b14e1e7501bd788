//! Every step of the tour holds, and each step notices that its rule is broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

/// Runs the example.
fn tour(args: &[&str]) -> Output {
    Command::new(example()).args(args).output().expect("the tour starts")
}

/// The path of the example. `cargo test --test tour` alone does not build it, so it may be absent or
/// older than its code.
fn example() -> PathBuf {
    const BUILD: &str = "build it first: cargo build --all-features --example tour";
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("target/debug/deps");
    let example = profile.join("examples/tour").with_extension(std::env::consts::EXE_EXTENSION);
    let built = modified(&example).expect(BUILD);
    // cargo lists the source files of the example in the syntax of a makefile.
    let made_of = fs::read_to_string(example.with_extension("d")).expect(BUILD);
    let (_, files) = made_of.split_once(": ").expect("a rule");
    for file in files.trim_end().replace("\\ ", "\0").split(' ') {
        let file = file.replace('\0', " ");
        assert!(modified(Path::new(&file)).expect(BUILD) <= built, "{file} is newer; {BUILD}");
    }
    example
}

fn modified(file: &Path) -> std::io::Result<SystemTime> {
    fs::metadata(file)?.modified()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const STEPS: &[&str] = &[
    "order",
    "stream",
    "methods",
    "maintenance",
    "credentials",
    "refusals",
    "permanent",
    #[cfg(feature = "live")]
    "rules",
];

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
