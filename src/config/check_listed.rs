//! Finds hosts whose requests are refused, because `hosts` does not list them.

use super::invalid::Problems;
use super::sections::Config;
use crate::uri::{Authority, Hosts, split_origin};

const UNLISTED: &str =
    "no effect: `hosts` does not list this host, so its requests are answered 421";

/// Adds a problem for each alias, and for each host in the `from` of a rule, that `hosts` does not list. The
/// default host, and a host that is listed with any port, count as listed. Patterns are not checked, because
/// some of their hosts may be listed. Nothing is found if `hosts` has no list. It has none
/// if the configured list is wrong.
pub(super) fn check_listed(config: &Config, hosts: &Hosts, problems: &mut Problems) {
    let is_unlisted = |host: &str| {
        let is_pattern = host.starts_with('*');
        !is_pattern && Authority::parse(host).is_ok_and(|host| hosts.refuses_at_every_port(&host))
    };
    let aliases = config.canonical_host.iter().flat_map(|section| &section.aliases);
    for (at, _) in aliases.enumerate().filter(|(_, alias)| is_unlisted(alias)) {
        problems.add(format_args!("canonical_host.aliases[{at}]"), UNLISTED);
    }
    for (path, rules) in config.rule_lists() {
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.regex) {
            if split_origin(&rule.from).is_some_and(|(_, host, _)| is_unlisted(host)) {
                problems.add(format_args!("{path}[{at}].from"), UNLISTED);
            }
        }
    }
}
