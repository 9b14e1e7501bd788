//! Only tests: see `tests/node.rs`.
