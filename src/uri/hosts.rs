use super::{Authority, Host, HostSet};
use crate::config_error::ConfigError;

/// The hosts that a server answers for, and the path that it is mounted at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    listed: Option<HostSet>,
    default: Option<Host>,
    mount: Option<Box<str>>,
}

impl Hosts {
    pub(crate) const fn any() -> Self {
        Self { listed: None, default: None, mount: None }
    }

    pub(crate) fn set_list<I>(&mut self, entries: I) -> Result<(), ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let listed = HostSet::parse(entries)?;
        if listed.is_empty() {
            return Err(ConfigError::host("", "a list of no hosts would refuse every request"));
        }
        self.listed = Some(listed);
        Ok(())
    }

    pub(crate) fn set_default(&mut self, host: &str) -> Result<(), ConfigError> {
        self.default = Some(Host::parse(host)?);
        Ok(())
    }

    pub(crate) fn set_mount(&mut self, prefix: &str) {
        self.mount = Some(prefix.into());
    }

    /// The path prefix that a proxy removed from the start of each path; empty if there is none.
    pub(crate) fn mount(&self) -> &str {
        self.mount.as_deref().unwrap_or_default()
    }

    /// The host that is assumed for a request without one (HTTP/1.0).
    pub(crate) fn default_host(&self) -> Option<Authority<'_>> {
        self.default.as_ref().map(|host| host.authority(None))
    }

    /// Whether there is a list. If so, requests for hosts that are neither in it nor the default are refused.
    pub(crate) const fn has_list(&self) -> bool {
        self.listed.is_some()
    }

    /// Whether the operator listed this host or set it as the default. `false` for every other host, even if
    /// it is allowed because there is no list. An entry with a port matches only if `port` returns that port.
    pub(crate) fn contains(&self, authority: &Authority<'_>, port: impl Fn() -> u16) -> bool {
        self.listed.as_ref().is_some_and(|listed| listed.contains(authority, port))
            || self.is_default(authority)
    }

    fn is_default(&self, authority: &Authority<'_>) -> bool {
        self.default_host().is_some_and(|default| default.same_host(authority))
    }

    /// Whether requests for this host are refused at every port.
    #[cfg(feature = "config")]
    pub(crate) fn refuses_at_every_port(&self, authority: &Authority<'_>) -> bool {
        self.listed.as_ref().is_some_and(|listed| !listed.contains_at_any_port(authority))
            && !self.is_default(authority)
    }

    /// Whether the value of a `Host` header is a name that is listed without a port, and not only by a
    /// suffix. Compared without case.
    pub(crate) fn contains_text(&self, host: &[u8]) -> bool {
        self.listed.as_ref().is_some_and(|listed| listed.contains_text(host))
    }

    /// Whether the operator listed this host with this port.
    pub(crate) fn lists_port(&self, authority: &Authority<'_>, port: u16) -> bool {
        self.listed.as_ref().is_some_and(|listed| listed.lists_port(authority, port))
    }

    /// Whether requests for this host are accepted: any host if there is no list, otherwise a listed one or
    /// the default one.
    pub(crate) fn allows(&self, authority: &Authority<'_>, port: impl Fn() -> u16) -> bool {
        self.listed.is_none() || self.contains(authority, port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(hosts: &Hosts, host: &str) -> bool {
        hosts.allows(&Authority::parse(host).expect(host), || 80)
    }

    #[test]
    fn without_a_list_any_host_is_allowed_and_none_is_listed() {
        let hosts = Hosts::any();
        assert!(allows(&hosts, "a.test"));
        assert!(!hosts.contains(&Authority::parse("a.test").expect("valid"), || 80));
    }

    #[test]
    fn an_empty_list_and_a_bad_default_are_refused() {
        assert!(Hosts::any().set_list([""; 0]).is_err());
        assert!(Hosts::any().set_list(["*"]).is_err());
        assert!(Hosts::any().set_default("*.a.test").is_err());
        assert!(Hosts::any().set_default("a.test:80").is_err());
    }

    #[test]
    fn the_default_host_is_allowed_besides_the_list() {
        let mut hosts = Hosts::any();
        hosts.set_list(["a.test"]).expect("valid");
        hosts.set_default("www.test").expect("valid");
        assert!(allows(&hosts, "www.test"));
        assert!(allows(&hosts, "a.test"));
        assert!(!allows(&hosts, "b.test"));
    }
}
