//! The hosts that rules name, by number.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::uri::{Authority, HostPattern};

/// Hosts by number; 0 stands for rules that name none.
#[derive(Clone, Debug, Default)]
pub(super) struct HostIndex {
    exact: HashMap<Box<str>, u32>,
    /// Each begins with the dot.
    suffixes: HashMap<Box<str>, u32>,
    count: u32,
}

impl HostIndex {
    pub(super) fn add(&mut self, pattern: Option<&HostPattern>) -> u32 {
        let (known, key) = match pattern {
            None => return 0,
            Some(HostPattern::Exact(host)) => (&mut self.exact, key(&host.authority(None))),
            Some(HostPattern::Suffix(suffix)) => (&mut self.suffixes, Cow::Borrowed(&**suffix)),
        };
        if let Some(number) = known.get(&*key) {
            return *number;
        }
        self.count += 1;
        known.insert(key.into_owned().into(), self.count);
        self.count
    }

    /// Whether no rule names a host.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One more than there are hosts.
    pub(super) fn len(&self) -> usize {
        self.count as usize + 1
    }

    /// Whether a rule names this host.
    pub(super) fn names(&self, host: &Authority<'_>) -> bool {
        let mut named = false;
        self.each(host, |_| named = true);
        named
    }

    /// Calls `visit` with the numbers of the patterns that match.
    pub(super) fn each(&self, host: &Authority<'_>, mut visit: impl FnMut(u32)) {
        let key = key(host);
        if let Some(number) = self.exact.get(&*key) {
            visit(*number);
        }
        self.each_above(&key, visit);
    }

    /// Returns the greatest sum of `weigh` over the hosts that match one request.
    pub(super) fn heaviest(&self, weigh: impl Fn(u32) -> u32) -> u32 {
        let above = |name: &str| {
            let mut sum = 0_u32;
            self.each_above(name, |number| sum = sum.saturating_add(weigh(number)));
            sum
        };
        let exact = self.exact.iter().map(|(name, at)| weigh(*at).saturating_add(above(name)));
        // As a host just below a suffix.
        let suffixes = self.suffixes.keys().map(|suffix| above(&format!("x{suffix}")));
        exact.chain(suffixes).max().unwrap_or(0)
    }

    fn each_above(&self, name: &str, mut visit: impl FnMut(u32)) {
        if self.suffixes.is_empty() {
            return;
        }
        for (at, _) in name.match_indices('.').filter(|(at, _)| *at > 0) {
            let suffix = name.get(at..).and_then(|suffix| self.suffixes.get(suffix));
            if let Some(number) = suffix {
                visit(*number);
            }
        }
    }
}

/// A host as it is looked up: in lower case, and an IPv6 address by value. Most hosts are sent in this
/// form, and cost no allocation.
fn key<'a>(host: &Authority<'a>) -> Cow<'a, str> {
    let text = host.host();
    match text.starts_with('[').then(|| host.address()).flatten() {
        Some(address) => format!("[{address}]").into(),
        None if text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            text.to_ascii_lowercase().into()
        }
        None => text.into(),
    }
}
