//! Prints the public API from rustdoc's JSON, one item a line. Fails if the API names a crate that is not
//! listed here, because a breaking release of that crate would be one of this crate, too.
//!
//! ```text
//! api target/doc/tower_redirect.json > tests/api/public-api.txt
//! ```

use std::error::Error;
use std::process::ExitCode;

use public_api::tokens::Token;
use public_api::{Builder, PublicItem};

/// The crates whose types and traits the API may name.
const ALLOWED: [&str; 12] = [
    "alloc",
    "bytes",
    "core",
    "futures_core", // `Stream`, by feature `live`
    "http",
    "http_body",
    "http_body_util", // implements `Replay`; no function takes or returns a type of it
    "serde_core",     // its traits, by feature `config`
    "std",
    "tower_layer",
    "tower_redirect",
    "tower_service",
];

/// Implementations that are not printed: those of auto traits other than `Send` and `Sync`, and of macros.
const IGNORED: [&str; 7] = [
    "core::marker::Freeze for ",
    "core::marker::UnsafeUnpin for ",
    "core::marker::Unpin for ",
    "core::panic::unwind_safe::RefUnwindSafe for ",
    "core::panic::unwind_safe::UnwindSafe for ",
    "core::marker::StructuralPartialEq for ",
    "pin_project_lite::__private",
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let json = std::env::args().nth(1).ok_or("the path of rustdoc's JSON")?;
    let api = Builder::from_rustdoc_json(json).omit_blanket_impls(true).build()?;
    let mut code = ExitCode::SUCCESS;
    for item in api.items() {
        let line = item.to_string();
        if IGNORED.iter().any(|ignored| line.contains(ignored)) {
            continue;
        }
        println!("{line}");
        for name in crates(item).filter(|name| !ALLOWED.contains(name)) {
            eprintln!("a foreign crate, {name}: {line}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// The crates in the paths of an item: each token with `::` after it and none before it.
fn crates(item: &PublicItem) -> impl Iterator<Item = &str> {
    let tokens: Vec<&Token> = item.tokens().collect();
    let is_separator = |token: Option<&&Token>| token.is_some_and(|token| token.text() == "::");
    let starts: Vec<&str> = (0..tokens.len())
        .filter(|at| is_separator(tokens.get(at + 1)))
        .filter(|at| *at == 0 || !is_separator(tokens.get(at - 1)))
        .map(|at| tokens[at].text())
        .filter(|text| text.starts_with(|first: char| first.is_ascii_lowercase()))
        .collect();
    starts.into_iter()
}
