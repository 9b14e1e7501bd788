//! Builds the layer of a configuration.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

use super::build_maintenance::{maintenance, window};
use super::build_rules::rules;
use super::build_trust::set_trust;
use super::check_listed::check_listed;
use super::configured::{Configured, boxed};
use super::invalid::{InvalidConfig, Problems};
use super::rule::{AfterNotFoundConfig, RuleConfig};
use super::sections::{
    CanonicalHostConfig, Config, HstsConfig, HttpsConfig, RetirementConfig, SlashConfig, SlashForm,
    VersionsConfig,
};
use super::set::{set, set_if};
use super::switches::Switches;
use crate::policy::rules::RuleWarning;
use crate::policy::{
    CanonicalHost, Hsts, HttpsOnly, MaintenanceSwitch, RedirectPolicy, Retirement, TrailingSlash,
    Versioning,
};
use crate::server::RedirectLayer;

impl Config {
    /// Builds the layer of this configuration. The switch in `switches` turns its maintenance on and off.
    ///
    /// If a value is wrong, the switch stays as it is. The layer has a
    /// [hash](RedirectLayer::config_hash) of this configuration. The format, comments and the order of keys
    /// do not change the hash, but another version of this crate or of Rust may.
    ///
    /// # Errors
    ///
    /// Returns an [`InvalidConfig`] with the wrong values and their paths. Some values are checked only once
    /// others are right: `to` of a rule, for example, only if `from` is.
    pub fn build(&self, switches: &Switches) -> Result<RedirectLayer<Configured>, InvalidConfig> {
        let mut problems = Problems::default();
        let layer = RedirectLayer::new(Configured::new(Vec::new()));
        let layer = self.set_options(layer, &mut problems);
        let window = self.maintenance.as_ref().and_then(|section| window(section, &mut problems));
        let policies = self.policies(switches.maintenance(), &mut problems);
        check_listed(self, layer.served_hosts(), &mut problems);
        problems.into_result()?;
        switches.configure_maintenance(window);
        Ok(layer.with_policy(Configured::new(policies)).with_config_hash(self.digest()))
    }

    /// Returns a hash of 48 bits, which the `f64` of a gauge holds without rounding.
    fn digest(&self) -> u64 {
        // The keys of this hasher are fixed, so all processes of one build compute the same hash.
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish() >> 16
    }

    /// Returns possible mistakes in `rules` and `after_not_found.rules`, each with the path of its list: see
    /// [`Rules::warnings`](crate::policy::Rules::warnings). A list that [`build`](Self::build) would refuse
    /// has none.
    ///
    /// ```
    /// use tower_redirect::config::Config;
    ///
    /// let rules = r#"rules = [{ from = "/a", to = "/b" }, { from = "/a", to = "/c" }]"#;
    /// let config: Config = toml::from_str(rules)?;
    /// let (path, warning) = &config.warnings()[0];
    /// assert_eq!(*path, "rules");
    /// assert!(warning.to_string().starts_with("rule 2: matches the same requests as rule 1"));
    /// # Ok::<(), toml::de::Error>(())
    /// ```
    pub fn warnings(&self) -> Vec<(&'static str, RuleWarning)> {
        let lists = self.rule_lists().into_iter();
        let warnings = lists.flat_map(|(path, list)| {
            let rules = rules(list, path, &mut Problems::default());
            let warnings = rules.map(|rules| rules.warnings().to_vec()).unwrap_or_default();
            warnings.into_iter().map(move |warning| (path, warning))
        });
        warnings.collect()
    }

    /// The lists of rules, each with its path.
    pub(super) fn rule_lists(&self) -> [(&'static str, &[RuleConfig]); 2] {
        let after_not_found = self.after_not_found.as_ref();
        let after_not_found = after_not_found.map_or(&[][..], |section| &section.rules);
        [("rules", &*self.rules), ("after_not_found.rules", after_not_found)]
    }

    /// Sets everything but the policies that are asked before the inner service.
    fn set_options(
        &self,
        layer: RedirectLayer<Configured>,
        problems: &mut Problems,
    ) -> RedirectLayer<Configured> {
        let layer = problems.list("hosts", layer, &self.hosts, RedirectLayer::hosts);
        let host = self.default_host.as_deref();
        let layer = problems.set("default_host", layer, host, RedirectLayer::default_host);
        let prefix = self.mounted_at.as_deref();
        let layer = problems.set("mounted_at", layer, prefix, RedirectLayer::mounted_at);
        let mut layer = set_if(layer, self.html_body, RedirectLayer::html_body);
        if self.separate_https_redirect {
            layer = layer.separate_https_redirect();
            if self.https.is_none() {
                problems.add("separate_https_redirect", "no effect without `[https]`");
            }
        }
        if let Some(drain) = &self.drain {
            layer = layer.upload_drain_limit(drain.bytes, Duration::from_secs(drain.seconds));
        }
        if let Some(section) = &self.after_not_found {
            let policies = after_not_found(section, problems);
            layer = layer.after_not_found(Configured::new(policies));
        }
        set(layer, self.trust.as_ref(), |layer, section| set_trust(section, layer, problems))
    }

    /// Builds the policies, in the order in which they are asked.
    fn policies(
        &self,
        switch: MaintenanceSwitch,
        problems: &mut Problems,
    ) -> Vec<Box<dyn RedirectPolicy>> {
        let mut policies: Vec<Box<dyn RedirectPolicy>> = Vec::new();
        if let Some(section) = &self.canonical_host {
            policies.extend(canonical_host(section, &self.hosts, problems).map(boxed));
        }
        if let Some(section) = &self.https {
            policies.push(boxed(https(section, problems)));
        }
        if let Some(section) = &self.hsts {
            policies.push(boxed(hsts(section, problems)));
        }
        if let Some(section) = &self.maintenance {
            policies.extend(maintenance(section, switch, problems));
        }
        if !self.rules.is_empty() {
            policies.extend(rules(&self.rules, "rules", problems).map(boxed));
        }
        for (at, section) in self.versions.iter().enumerate() {
            let path = format!("versions[{at}]");
            policies.extend(versions(section, &path, problems).map(boxed));
        }
        if let Some(section) = &self.trailing_slash {
            policies.push(boxed(trailing_slash(section, "trailing_slash", problems)));
        }
        policies
    }
}

fn after_not_found(
    section: &AfterNotFoundConfig,
    problems: &mut Problems,
) -> Vec<Box<dyn RedirectPolicy>> {
    let mut policies = Vec::new();
    policies.extend(rules(&section.rules, "after_not_found.rules", problems).map(boxed));
    if let Some(slash) = &section.trailing_slash {
        let path = "after_not_found.trailing_slash";
        policies.push(boxed(trailing_slash(slash, path, problems)));
    }
    policies
}

/// Sets the status of a policy with one of its setters for 308, 301 and 302.
fn with_status<T>(
    path: &str,
    policy: T,
    status: Option<u16>,
    [permanent, moved_permanently, found]: [fn(T) -> T; 3],
    problems: &mut Problems,
) -> T {
    match status {
        None | Some(307) => policy,
        Some(308) => permanent(policy),
        Some(301) => moved_permanently(policy),
        Some(302) => found(policy),
        Some(other) => {
            let problem = format!("a redirection is 301, 302, 307 or 308, not {other}");
            problems.add(format_args!("{path}.status"), problem);
            policy
        }
    }
}

fn canonical_host(
    section: &CanonicalHostConfig,
    hosts: &[String],
    problems: &mut Problems,
) -> Option<CanonicalHost> {
    let is_form = matches!(section.host.as_str(), "www" | "apex");
    if is_form && !lists_both_forms(hosts) {
        let problem = "no effect: `hosts` lists no name in both forms, as `example.com` and `www.example.com`, without a port";
        problems.add("canonical_host.host", problem);
    }
    let policy = match section.host.as_str() {
        "www" => CanonicalHost::www(),
        "apex" => CanonicalHost::apex(),
        host => {
            let instead = CanonicalHost::new("host.invalid");
            problems.check_or("canonical_host.host", CanonicalHost::new(host), instead)?
        }
    };
    let add = |policy: CanonicalHost, alias: &str| policy.aliases([alias]);
    let policy = problems.each("canonical_host.aliases", policy, &section.aliases, add);
    let setters =
        [CanonicalHost::permanent, CanonicalHost::moved_permanently, CanonicalHost::found];
    Some(with_status("canonical_host", policy, section.status, setters, problems))
}

/// Whether a name is listed in both forms, as `example.com` and `www.example.com`, without a port.
fn lists_both_forms(hosts: &[String]) -> bool {
    let plain = |host: &String| host.trim_end_matches('.').to_ascii_lowercase();
    let hosts: HashSet<_> = hosts.iter().filter(|host| !host.contains(':')).map(plain).collect();
    hosts.iter().any(|host| host.strip_prefix("www.").is_some_and(|bare| hosts.contains(bare)))
}

const INVALID_PORT: &str = "a port is 1 to 65535";

fn https(section: &HttpsConfig, problems: &mut Problems) -> HttpsOnly {
    let policy = set(HttpsOnly::new(), section.port, HttpsOnly::port);
    if section.port == Some(0) {
        problems.add("https.port", INVALID_PORT);
    }
    let mut ports = Vec::new();
    for (http, https) in &section.port_map {
        match (http.parse::<u16>(), *https) {
            (Ok(port @ 1..), https @ 1..) if port.to_string() == *http => ports.push((port, https)),
            _ => problems.add(format_args!("https.port_map.{http}"), INVALID_PORT),
        }
    }
    let policy = policy.port_map(ports);
    let policy = problems.set("https.host", policy, section.host.as_deref(), HttpsOnly::host);
    let setters = [HttpsOnly::permanent, HttpsOnly::moved_permanently, HttpsOnly::found];
    let policy = with_status("https", policy, section.status, setters, problems);
    let policy = problems.each("https.exempt", policy, &section.exempt, HttpsOnly::exempt);
    set_if(policy, section.refuse_unsafe, HttpsOnly::refuse_unsafe)
}

fn hsts(section: &HstsConfig, problems: &mut Problems) -> Hsts {
    let policy = Hsts::new(Duration::from_secs(section.max_age));
    let mut policy = set_if(policy, section.include_subdomains, Hsts::include_subdomains);
    if section.preload {
        policy = problems.change("hsts.preload", policy, Hsts::preload);
    }
    let except = |policy: Hsts, host: &str| policy.except_hosts([host]);
    problems.each("hsts.except_hosts", policy, &section.except_hosts, except)
}

fn versions(section: &VersionsConfig, path: &str, problems: &mut Problems) -> Option<Versioning> {
    let VersionsConfig { prefix, current, .. } = section;
    // `prefix` is checked alone first: a mistake in it then does not hide one in `current`.
    let valid = problems.check(format_args!("{path}.prefix"), Versioning::new(prefix, "v1"));
    let prefix = valid.map_or("/", |_| prefix);
    let policy = Versioning::new(prefix, current);
    let instead = Versioning::new(prefix, "~");
    let policy = problems.check_or(format_args!("{path}.current"), policy, instead)?;
    let mut policy = set_if(policy, section.get_and_head_only, Versioning::get_and_head_only);
    for (version, dates) in &section.retired {
        let path = format!("{path}.retired.{version}");
        policy = problems.change(path, policy, |policy| match plan(dates) {
            Some(plan) => policy.retire_by(version, plan),
            None => policy.retire(version),
        });
    }
    Some(policy)
}

/// Returns the plan for a retired version; `None` if it has no dates, because it has moved already.
fn plan(dates: &RetirementConfig) -> Option<Retirement> {
    let RetirementConfig { deprecated, moved, permanent, gone } = *dates;
    let plan = Retirement::new();
    let plan = set(plan, deprecated.map(SystemTime::from), Retirement::deprecated);
    let plan = set(plan, moved.map(SystemTime::from), Retirement::moved);
    let plan = set(plan, permanent.map(SystemTime::from), Retirement::permanent);
    let plan = set(plan, gone.map(SystemTime::from), Retirement::gone);
    (plan != Retirement::new()).then_some(plan)
}

fn trailing_slash(section: &SlashConfig, path: &str, problems: &mut Problems) -> TrailingSlash {
    let policy = match section.form {
        SlashForm::Add => TrailingSlash::add(),
        SlashForm::Remove => TrailingSlash::remove(),
    };
    match section.status {
        None | Some(307) => policy,
        Some(308) => policy.permanent(),
        Some(other) => {
            let problem = format!("307 or 308, not {other}");
            problems.add(format_args!("{path}.status"), problem);
            policy
        }
    }
}
