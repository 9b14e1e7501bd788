//! A whole configuration as data, in any format that `serde` reads (feature `config`).
//!
//! 1. An operator writes a [`Config`]. Every part is optional. Unknown keys are errors.
//! 2. [`Config::build`] builds a [`RedirectLayer`](crate::RedirectLayer): policies, trust, hosts and
//!    options. The policies are asked in this order: canonical host, https, maintenance, rules,
//!    versions, trailing slash. Those of `after_not_found` are asked once the application has answered
//!    404. HSTS has no place in this order: see [`Hsts`](crate::Hsts) for the answers that get its header.
//! 3. **All wrong values are reported together**, each with its path in the configuration (`rules[3].to`)
//!    and the reason. A check that depends on other values comes later: for example, the `to` of a rule is
//!    checked once its `from` is valid. A list of rules is checked as a whole, for example for missing
//!    targets and loops, once each of its rules is valid. A syntax error, an unknown key or a value of the
//!    wrong type is reported by the format's own parser, which stops at the first error.
//! 4. **Dates** are RFC 3339 (`2026-12-01T22:00:00Z`, or with an offset) or a day (`2026-12-01`,
//!    midnight UTC), as text or as TOML dates. A time without an offset is an error.
//! 5. **Maintenance has a switch**, which [`Switches`] keeps from one configuration to the next.
//!    [`Config::build`] sets the switch only if the `on`, `from` or `until` of the configuration differs from
//!    the previous one; otherwise the switch stays as an administrator has set it. Before the first
//!    configuration, maintenance counts as off. To check a configuration without an effect, build it with
//!    new [`Switches`].
//!
//! Pitfalls: `#[serde(flatten)]` hides misspelled keys. A program with more keys should hold
//! [`Config`] in a separate field. A rule that has no effect, such as a duplicate, is only a warning: see
//! [`Config::warnings`]. But a rule for a host that `hosts` does not list is an error. In messages about
//! several rules, the first rule is `rule 1`, and its path is `rules[0]`.
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Empty;
//! use tower::{Layer, ServiceExt, service_fn};
//! use tower_redirect::config::{Config, Switches};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config: Config = toml::from_str(
//!     r#"
//!     hosts = ["shop.example.com"]
//!
//!     [[rules]]
//!     from = "/blog/:year/*rest"
//!     to = "/archive/:year/*rest"
//!     status = 308
//!     "#,
//! )?;
//! let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
//! });
//! let service = config.build(&Switches::new())?.layer(inner);
//!
//! let old = Request::get("/blog/2020/may").header("host", "shop.example.com").body(Empty::new())?;
//! let response = service.clone().oneshot(old).await?;
//! assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
//! assert_eq!(response.headers()["location"], "/archive/2020/may");
//! let other = Request::get("/").header("host", "attacker.test").body(Empty::new())?;
//! assert_eq!(service.oneshot(other).await?.status(), StatusCode::MISDIRECTED_REQUEST);
//!
//! let wrong: Config = toml::from_str(
//!     r#"
//!     hosts = ["https://shop.example.com"]
//!     [[rules]]
//!     from = "blog"
//!     to = "/archive"
//!     "#,
//! )?;
//! let invalid = wrong.build(&Switches::new()).unwrap_err();
//! let paths: Vec<_> = invalid.iter().map(|problem| problem.path()).collect();
//! assert_eq!(paths, ["hosts[0]", "rules[0].from"]);
//! # Ok(())
//! # }
//! ```

mod build;
mod build_maintenance;
mod build_rules;
mod build_trust;
mod check_listed;
mod configured;
mod date;
mod invalid;
mod rule;
mod sections;
mod set;
mod switches;

pub use configured::Configured;
pub use date::Date;
pub use invalid::{InvalidConfig, InvalidValue};
pub use rule::{AfterNotFoundConfig, Condition, QueryMode, RuleConfig};
pub use sections::{
    CanonicalHostConfig, Config, DrainConfig, ForwardedFields, HstsConfig, HttpsConfig,
    MaintenanceConfig, RetirementConfig, SlashConfig, SlashForm, TransportConfig, TrustConfig,
    VersionsConfig,
};
pub use switches::Switches;
