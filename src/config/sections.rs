use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::date::Date;
use super::rule::{AfterNotFoundConfig, RuleConfig};

/// A whole configuration: see the [module](super). A part that is left out has no effect.
///
/// ```
/// use tower_redirect::config::{Config, Switches};
///
/// let text = "hosts = [\"shop.example.com\"]\n\n[https]\nport = 8443\n";
/// let config: Config = toml::from_str(text)?;
/// assert!(config.build(&Switches::new()).is_ok());
/// assert_eq!(toml::to_string(&config)?, text);
/// assert!(toml::from_str::<Config>("host = [\"shop.example.com\"]").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The hosts that the server answers for: see [`RedirectLayer::hosts`](crate::RedirectLayer::hosts).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The host of HTTP/1.0 requests without `Host`: see
    /// [`RedirectLayer::default_host`](crate::RedirectLayer::default_host).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_host: Option<String>,
    /// The path prefix that a proxy removes: see
    /// [`RedirectLayer::mounted_at`](crate::RedirectLayer::mounted_at).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounted_at: Option<String>,
    /// Whether redirections of GET carry a line of HTML: see
    /// [`RedirectLayer::html_body`](crate::RedirectLayer::html_body).
    #[serde(skip_serializing_if = "is_default")]
    pub html_body: bool,
    /// Whether the redirection to https is sent before any other: see
    /// [`RedirectLayer::separate_https_redirect`](crate::RedirectLayer::separate_https_redirect).
    #[serde(skip_serializing_if = "is_default")]
    pub separate_https_redirect: bool,
    /// Whether this configuration may be much smaller than the one that it replaces: without its `https`,
    /// with fewer than half as many rules, or empty. See [`shrinks`](Self::shrinks).
    #[serde(skip_serializing_if = "is_default")]
    pub allow_shrink: bool,
    /// Which peers are trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustConfig>,
    /// The one host of the site: see [`CanonicalHost`](crate::CanonicalHost).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical_host: Option<CanonicalHostConfig>,
    /// Redirections to https: see [`HttpsOnly`](crate::HttpsOnly).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https: Option<HttpsConfig>,
    /// `Strict-Transport-Security`: see [`Hsts`](crate::Hsts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hsts: Option<HstsConfig>,
    /// Maintenance: see [`Maintenance`](crate::Maintenance).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<MaintenanceConfig>,
    /// Redirections that add or remove the slash at the end of paths: see
    /// [`TrailingSlash`](crate::policy::TrailingSlash).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trailing_slash: Option<SlashConfig>,
    /// How much of an upload is read before it is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<DrainConfig>,
    /// Versions in paths: see [`Versioning`](crate::Versioning).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<VersionsConfig>,
    /// Moved URLs: see [`Rules`](crate::policy::Rules).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleConfig>,
    /// Redirections of GET and HEAD requests that the inner service answers 404: see
    /// [`RedirectLayer::after_not_found`](crate::RedirectLayer::after_not_found).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_not_found: Option<AfterNotFoundConfig>,
}

impl Config {
    /// Whether this configuration lacks the `https` that `before` has, has fewer than half as many rules, or
    /// is empty while `before` is not. Always `false` if this configuration sets `allow_shrink = true`.
    ///
    /// A program that reloads should refuse a configuration that shrinks, because a file that was cut off is
    /// often still valid. Check this before [`build`](Self::build), which sets the switch of the maintenance
    /// even if its layer is never served.
    ///
    /// ```
    /// use tower_redirect::config::Config;
    ///
    /// let rule = "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\n";
    /// let before: Config = toml::from_str(&rule.repeat(3))?;
    /// let cut_off: Config = toml::from_str(rule)?;
    /// assert!(cut_off.shrinks(&before));
    /// let meant: Config = toml::from_str(&format!("allow_shrink = true\n{rule}"))?;
    /// assert!(!meant.shrinks(&before));
    ///
    /// let https: Config = toml::from_str("[https]")?;
    /// assert!(Config::default().shrinks(&https));
    /// assert!(!https.shrinks(&Config::default()));
    /// let plain: Config = toml::from_str("hosts = [\"a.test\"]")?;
    /// assert!(plain.shrinks(&https));
    /// # Ok::<(), toml::de::Error>(())
    /// ```
    pub fn shrinks(&self, before: &Self) -> bool {
        let is_emptied = *self == Self::default() && *before != Self::default();
        let count = |config: &Self| -> usize {
            config.rule_lists().iter().map(|(_, rules)| rules.len()).sum()
        };
        let loses_rules = count(self) < count(before).div_ceil(2);
        let loses_https = self.https.is_none() && before.https.is_some();
        !self.allow_shrink && (is_emptied || loses_rules || loses_https)
    }
}

/// Which peers are trusted: see [`Trust`](crate::Trust).
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TrustConfig {
    /// Addresses and ranges of the proxies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<String>,
    /// Which headers the proxies send; `x-forwarded` unless given.
    #[serde(skip_serializing_if = "is_default")]
    pub fields: ForwardedFields,
    /// The maximum number of entries of a forwarded list that are read; 8 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop_limit: Option<usize>,
    /// Whether peers on Unix sockets are proxies.
    #[serde(skip_serializing_if = "is_default")]
    pub unix_sockets: bool,
    /// The header that holds the scheme, instead of that of `fields`. Ignored if `scheme_on` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme_field: Option<String>,
    /// The header that is `on` for https, and `off` or absent for http, instead of that of `fields`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme_on: Option<String>,
    /// The transport of every request, whatever headers say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportConfig>,
}

/// Which headers proxies send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ForwardedFields {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The transport of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TransportConfig {
    /// Over TLS.
    Secure,
    /// Without TLS.
    Plain,
}

/// The one host of the site.
#[derive(Clone, Debug, PartialEq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CanonicalHostConfig {
    /// The host, or one of the words `www` and `apex`. `www` redirects `example.com` to `www.example.com`,
    /// for each name that `hosts` lists both with and without `www.`; `apex` does the reverse.
    pub host: String,
    /// Further hosts that are redirected to `host`: exact names, or `*.example.org`. The twin of `host`, with
    /// `www.` added or removed, is redirected without being listed here. Not together with `www` or `apex`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// 301, 302, 307 or 308; 307 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// Redirections to https.
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpsConfig {
    /// The port of https; 443 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The https port for each http port.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub port_map: BTreeMap<String, u16>,
    /// The host of the https URL; the host of the request unless given. No effect with
    /// `separate_https_redirect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// 301, 302, 307 or 308; 307 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Paths that GET, HEAD and OPTIONS requests reach over http, too, each with all paths below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<String>,
    /// Whether requests over http are answered 403 if their method is not GET, HEAD, OPTIONS or TRACE.
    #[serde(skip_serializing_if = "is_default")]
    pub refuse_unsafe: bool,
}

/// `Strict-Transport-Security` (RFC 6797 §6.1).
#[derive(Clone, Debug, PartialEq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HstsConfig {
    /// The seconds for which browsers use only https; with 0, they forget the host.
    pub max_age: u64,
    /// Whether all subdomains are included.
    #[serde(default, skip_serializing_if = "is_default")]
    pub include_subdomains: bool,
    /// Whether browsers may put the host into the list that they ship with. Needs `include_subdomains` and a
    /// `max_age` of at least a year.
    #[serde(default, skip_serializing_if = "is_default")]
    pub preload: bool,
    /// Hosts whose answers do not get the header.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_hosts: Vec<String>,
}

/// Maintenance. At most one of `standby`, `page` and `redirect_to` is given; without one, requests
/// are answered 503.
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MaintenanceConfig {
    /// Whether maintenance is on at once, without an end unless `until` is given. Not together with `from`.
    #[serde(skip_serializing_if = "is_default")]
    pub on: bool,
    /// When maintenance begins, if it is not on at once. Needs `until`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// When maintenance ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The origin that serves in the meantime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standby: Option<String>,
    /// The page that navigations by GET and HEAD are redirected to. Other requests get 503.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The URL that requests with any method are redirected to. Upgrades, CONNECT and `OPTIONS *` get 503.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_to: Option<String>,
    /// `Retry-After` of a 503 in seconds, if maintenance has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The page of a 503, as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Whether a 503 has problem details (RFC 9457) for clients that accept JSON.
    #[serde(skip_serializing_if = "is_default")]
    pub problem_json: bool,
    /// Paths that GET, HEAD and OPTIONS requests reach during maintenance, each with all paths below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<String>,
    /// Addresses and ranges of clients that are served during maintenance.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bypass_clients: Vec<String>,
}

/// Redirections that add or remove the slash at the end of paths.
#[derive(Clone, Debug, PartialEq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SlashConfig {
    /// Whether the slash is added or removed.
    pub form: SlashForm,
    /// 307 or 308; 307 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// Whether a slash at the end of paths is added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SlashForm {
    /// `/a` leads to `/a/`.
    Add,
    /// `/a/` leads to `/a`.
    Remove,
}

/// How much of an upload is read before it is answered: see
/// [`RedirectLayer::upload_drain_limit`](crate::RedirectLayer::upload_drain_limit).
#[derive(Clone, Debug, PartialEq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DrainConfig {
    /// The maximum number of bytes that are read.
    pub bytes: u64,
    /// The maximum number of seconds for which bytes are read. It is a deadline only if the program calls
    /// [`RedirectLayer::drain_timer`](crate::RedirectLayer::drain_timer) on the built layer.
    pub seconds: u64,
}

/// Versions in paths.
#[derive(Clone, Debug, PartialEq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VersionsConfig {
    /// The path before the version, such as `/api`.
    pub prefix: String,
    /// The version that is served.
    pub current: String,
    /// Whether only GET and HEAD of retired versions are redirected. Other methods get 410 from the date on
    /// which the version moves. Paths without a version are redirected with every method.
    #[serde(default, skip_serializing_if = "is_default")]
    pub get_and_head_only: bool,
    /// The versions that end, with their dates. A version without dates has moved already.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retired: BTreeMap<String, RetirementConfig>,
}

/// The dates of a version that ends: see [`Retirement`](crate::Retirement).
#[derive(Clone, Debug, Default, PartialEq, Hash, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetirementConfig {
    /// When the end of the version is announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Date>,
    /// When the version is redirected by 307.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Date>,
    /// When the version is redirected by 308.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permanent: Option<Date>,
    /// When the version is answered 410.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<Date>,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
