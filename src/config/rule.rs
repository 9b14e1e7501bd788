use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::date::Date;
use super::sections::{SlashConfig, is_default};

/// A moved URL: see [`Rule`](crate::policy::Rule) for the meaning of each part.
///
/// ```
/// use tower_redirect::config::{Config, Switches};
///
/// let text = r#"
///     [[rules]]
///     from = "https://old.example.com/shop?id=:id"
///     to = "https://shop.example.com/items/:id"
///     status = 308
///     query = "drop"
///     methods = ["GET", "HEAD"]
///     headers = { x-beta = "1", x-internal = false }
///     until = 2027-01-01
/// "#;
/// let config: Config = toml::from_str(text)?;
/// assert!(config.build(&Switches::new()).is_ok());
/// assert!(toml::from_str::<Config>("[[rules]]\nto = \"/a\"").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RuleConfig {
    /// The path, pattern or URL that the rule matches, with conditions on the query.
    pub from: String,
    /// The target; left out for `status = 410`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The status: 301, 302, 303, 307, 308 or 410; 307 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether 301 and 302 are sent for every method.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rewriting_methods: bool,
    /// How the target gets its query.
    #[serde(default, skip_serializing_if = "is_default")]
    pub query: QueryMode,
    /// The methods that the rule applies to; all unless given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Conditions on headers, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Condition>,
    /// Conditions on parameters of the query, by name; `from` can hold them, too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Condition>,
    /// Addresses and ranges of the clients that the rule applies to; all unless given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// Whether `from` is a regular expression (feature `regex`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub regex: bool,
    /// Whether the case of the path is ignored.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ignore_case: bool,
    /// Whether the rule matches the path with and without a slash at its end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub either_slash: bool,
    /// Whether `/a/*` matches `/a/` and everything below it, but not `/a`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub below_only: bool,
    /// The date from which the rule applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// The date at which the rule stops applying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The seconds for which clients and caches may keep a 301, 308 or 410; a day unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// Whether the rule may lead to the requested URL itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_self: bool,
    /// The name of the rule in events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name under which the answers of the rule are counted: with `shop`, as policy `rules/shop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<String>,
    /// Whether the answers of the rule are kept out of `on_answer` and `tracing`. They are still counted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quiet: bool,
}

/// How the target of a rule gets its query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum QueryMode {
    /// The query of the request is kept, unless the target has one.
    #[default]
    Keep,
    /// The query of the request is dropped; the target keeps its own.
    Drop,
    /// The parameters of the request that the target does not set are added to the target's query.
    Merge,
}

/// Redirections of GET and HEAD requests that the inner service answers with 404.
///
/// ```
/// use tower_redirect::config::{Config, Switches};
///
/// let text = "[[after_not_found.rules]]\nfrom = \"/old/*\"\nto = \"/new/*\"\n";
/// let config: Config = toml::from_str(text)?;
/// assert!(config.build(&Switches::new()).is_ok());
/// let wrong: Config = toml::from_str(&text.replace("/new", "new"))?;
/// let message = wrong.build(&Switches::new()).unwrap_err().to_string();
/// assert!(message.starts_with("after_not_found.rules[0].to: "));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AfterNotFoundConfig {
    /// Moved URLs, which never shadow a page that exists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleConfig>,
    /// Redirections that add or remove the slash at the end of paths. The rules are asked first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trailing_slash: Option<SlashConfig>,
}

/// A condition on a header or a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "a condition is text, `true` or `false`; a number is written as text: \"7\""
)]
#[non_exhaustive]
pub enum Condition {
    /// `true`: present, with any value. `false`: absent.
    Present(bool),
    /// Present with this value.
    Equals(String),
}
