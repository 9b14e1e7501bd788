//! Reads the configuration file. An error names the line of the first mistake in its syntax, or else the
//! line of every wrong value.

use std::path::Path;

use toml::de::{DeTable, DeValue};
use tower_redirect::RedirectLayer;
use tower_redirect::config::{Config, Configured, Switches};

use crate::Outcome;

pub type Layer = RedirectLayer<Configured>;

pub fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub fn load_layer(path: &Path) -> Outcome<Layer> {
    let text = text(path)?;
    let config = parse(path, &text)?;
    for (list, warning) in config.warnings() {
        eprintln!("{}: warning: {list}: {warning}", path.display());
    }
    build(path, &text, &config, &Switches::new())
}

pub fn parse(path: &Path, text: &str) -> Outcome<Config> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        format!("{}:{line}: {}", path.display(), error.message()).into()
    })
}

/// The layer of a configuration, or one line for each mistake: `shop.toml:12: rules[3].to: ..`.
pub fn build(path: &Path, text: &str, config: &Config, switches: &Switches) -> Outcome<Layer> {
    let layer = config.build(switches).map_err(|invalid| {
        let line = |problem: &str| line_at(text, start_of(text, problem).unwrap_or(0));
        let mut lines: Vec<_> = invalid.iter().map(|each| (line(each.path()), each)).collect();
        lines.sort_by_key(|(line, _)| *line);
        let lines = lines.iter().map(|(line, each)| format!("{}:{line}: {each}", path.display()));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    Ok(layer.drain_timer(tokio::time::sleep))
}

fn line_at(text: &str, start: usize) -> usize {
    text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
}

/// The position of a path such as `rules[3].to`, or of the innermost part of it that exists.
fn start_of(text: &str, path: &str) -> Option<usize> {
    let table = DeValue::Table(DeTable::parse(text).ok()?.into_inner());
    let (mut value, mut start) = (&table, None);
    for part in path.split(['.', '[']) {
        let found = match (value, part.trim_end_matches(']')) {
            (DeValue::Table(table), key) => table.get_key_value(key).map(|(k, v)| (k.span(), v)),
            (DeValue::Array(list), index) => {
                list.get(index.parse::<usize>().ok()?).map(|item| (item.span(), item))
            }
            _ => None,
        };
        let Some((span, inner)) = found else { break };
        (start, value) = (Some(span.start), inner.get_ref());
    }
    start
}
