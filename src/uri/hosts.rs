use super::{Authority, Host, HostPattern};
use crate::config_error::ConfigError;

/// The hosts that a server answers for: exact names and `*.suffix`, ports not compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    listed: Option<Vec<HostPattern>>,
    default: Option<Host>,
}

impl Hosts {
    pub(crate) const fn any() -> Self {
        Self { listed: None, default: None }
    }

    pub(crate) fn list<I>(&mut self, patterns: I) -> Result<(), ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let parsed = patterns.into_iter().map(|p| HostPattern::parse(p.as_ref()));
        let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
        if parsed.is_empty() {
            return Err(ConfigError::host("", "a list of no hosts would refuse every request"));
        }
        self.listed = Some(parsed);
        Ok(())
    }

    pub(crate) fn set_default(&mut self, host: &str) -> Result<(), ConfigError> {
        self.default = Some(Host::parse(host)?);
        Ok(())
    }

    /// The host of a request without one (HTTP/1.0).
    pub(crate) fn default_host(&self) -> Option<Authority<'_>> {
        self.default.as_ref().map(|host| host.authority(None))
    }

    /// Whether the operator listed this host, so that it was not a client that chose it.
    pub(crate) fn contains(&self, authority: &Authority<'_>) -> bool {
        self.default_host().is_some_and(|default| default.same_host(authority))
            || self.listed.iter().flatten().any(|pattern| pattern.matches(authority))
    }

    /// Whether requests for this host are accepted: a listed one, or any where there is no list.
    pub(crate) fn allows(&self, authority: &Authority<'_>) -> bool {
        self.listed.is_none() || self.contains(authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_names_and_suffixes() {
        let mut hosts = Hosts::any();
        hosts.list(["a.test", "*.b.test", "[::1]"]).expect("valid");
        for (host, allowed) in [
            ("a.test", true),
            ("A.TEST.:8080", true),
            ("x.a.test", false),
            ("a-test", false),
            ("x.b.test", true),
            ("y.x.B.test", true),
            ("b.test", false),
            ("xb.test", false),
            ("[0:0::1]", true),
            ("attacker.test", false),
        ] {
            let authority = Authority::parse(host.as_bytes()).expect(host);
            assert_eq!(hosts.allows(&authority), allowed, "{host}");
        }
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in
            ["*", "*.", "*.*.a.test", "a.*.test", "*a.test", "a.test:80", "http://a.test", ""]
        {
            assert!(Hosts::any().list([pattern]).is_err(), "{pattern}");
        }
        assert!(Hosts::any().list([""; 0]).is_err());
        assert!(Hosts::any().set_default("*.a.test").is_err());
    }

    #[test]
    fn the_canonical_host_is_listed() {
        let mut hosts = Hosts::any();
        hosts.list(["a.test"]).expect("valid");
        hosts.set_default("www.test").expect("valid");
        assert!(hosts.allows(&Authority::parse(b"www.test").expect("valid")));
    }
}
