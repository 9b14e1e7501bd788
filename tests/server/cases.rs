//! `tests/cases.txt` maps faults of other clients and servers to tests that exist.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// Faults of clients in the list, each named once.
const CLIENTS: usize = 86;

/// The numbers of the faults of servers; 13 and 29 were never assigned.
fn server_numbers() -> impl Iterator<Item = u32> {
    (1..=50).filter(|row| ![13, 29].contains(row))
}

/// The file of a test: `server::answers` is `tests/server/answers.rs`.
fn file(module: &str) -> String {
    if module.starts_with("src/") {
        return module.to_owned();
    }
    format!("tests/{}.rs", module.replace("::", "/"))
}

#[test]
fn every_row_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut clients, mut numbers, mut not_applicable) = (HashSet::new(), Vec::new(), 0);
    for line in include_str!("../cases.txt").lines().filter(|line| !line.starts_with('#')) {
        let (row, case) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        match row.parse::<u32>() {
            Ok(row) => numbers.push(row),
            Err(_) => assert!(clients.insert(row), "{line}: named twice"),
        }
        if let Some(reason) = case.strip_prefix("n/a: ") {
            not_applicable += usize::from(row.parse::<u32>().is_err());
            assert!(!reason.trim().is_empty(), "{line}");
            continue;
        }
        let (module, test) = case.rsplit_once("::").unwrap_or_else(|| panic!("{line}"));
        let text = fs::read_to_string(root.join(file(module)));
        let text = text.unwrap_or_else(|error| panic!("{line}: {error}"));
        let start = text.find(&format!("fn {test}("));
        let before = &text[..start.unwrap_or_else(|| panic!("{line}: no such test"))];
        let (_, attributes) = before.rsplit_once("\n\n").unwrap_or_default();
        assert!(attributes.contains("test]") && !attributes.contains("ignore"), "{line}: no test");
    }
    assert_eq!(numbers, server_numbers().collect::<Vec<_>>());
    assert_eq!(clients.len(), CLIENTS);
    assert!(not_applicable <= 20, "{not_applicable} rows about clients have no test");
}
