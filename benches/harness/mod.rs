//! Counts the instructions of scenarios, each run in its own process under callgrind.

use std::env;
use std::error::Error;
use std::process::Command;

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Runs the scenario that the arguments name, as under valgrind, or else calls `report` with a function that
/// counts the instructions of a scenario for one request.
pub fn run(
    scenario: impl Fn(&str, usize) -> Outcome,
    report: impl Fn(&dyn Fn(&str) -> Outcome<i128>) -> Outcome,
) -> Outcome {
    let args: Vec<String> =
        env::args().skip(1).filter(|arg| !matches!(&**arg, "--bench" | "instructions")).collect();
    if let [name, times] = args.as_slice() {
        return scenario(name, times.parse()?);
    }
    report(&|name| {
        let (many, few) = (instructions(name, 2000)?, instructions(name, 1000)?);
        Ok((i128::from(many) - i128::from(few)) / 1000)
    })
}

/// Returns the instructions that a scenario takes for `times` requests.
fn instructions(name: &str, times: usize) -> Outcome<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([name, &times.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, number) = collected.ok_or_else(|| format!("valgrind said: {text}"))?;
    Ok(number.trim().parse()?)
}
