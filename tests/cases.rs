//! `tests/cases.txt` maps what went wrong elsewhere to tests that exist.
#![allow(missing_docs)]

use std::fs;
use std::path::Path;

/// The rows of the record; 13 and 29 were never given.
fn rows() -> impl Iterator<Item = u32> {
    (1..=50).filter(|row| ![13, 29].contains(row))
}

#[test]
fn every_row_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = Vec::new();
    for line in include_str!("cases.txt").lines().filter(|line| !line.starts_with('#')) {
        let (row, case) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        named.push(row.parse::<u32>().unwrap_or_else(|_| panic!("{line}")));
        if let Some(reason) = case.strip_prefix("n/a: ") {
            assert!(!reason.trim().is_empty(), "{line}");
            continue;
        }
        let (file, test) = case.split_once("::").unwrap_or_else(|| panic!("{line}"));
        let file =
            if file.starts_with("src/") { file.to_owned() } else { format!("tests/{file}.rs") };
        let text = fs::read_to_string(root.join(&file)).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert!(text.contains(&format!("fn {test}(")), "{line}: no such test");
        let (_, attributes) = text[..text.find(&format!("fn {test}(")).unwrap_or(0)]
            .rsplit_once("\n\n")
            .unwrap_or_default();
        assert!(attributes.contains("test]") && !attributes.contains("ignore"), "{line}: no test");
    }
    assert_eq!(named, rows().collect::<Vec<_>>());
}
