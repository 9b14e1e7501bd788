//! Assigns numbers to the hosts that rules name.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::uri::{Authority, HostPattern};

/// Finds the numbers of hosts. Rules without a host have the number 0.
#[derive(Clone, Debug, Default)]
pub(super) struct HostIndex {
    exact: HashMap<Box<str>, u32>,
    /// Each suffix begins with a dot.
    suffixes: HashMap<Box<str>, u32>,
    count: u32,
}

impl HostIndex {
    /// Returns the number of a host, and adds the host if it is new.
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

    /// How many numbers there are: one for each host, and the number 0, for rules without a host.
    pub(super) fn number_count(&self) -> usize {
        self.count as usize + 1
    }

    /// Whether a rule names this host.
    pub(super) fn names(&self, host: &Authority<'_>) -> bool {
        let mut named = false;
        self.for_each_match(host, |_| named = true);
        named
    }

    /// Calls `visit` with the number of each host or suffix that matches.
    pub(super) fn for_each_match(&self, host: &Authority<'_>, mut visit: impl FnMut(u32)) {
        let key = key(host);
        if let Some(number) = self.exact.get(&*key) {
            visit(*number);
        }
        self.for_each_suffix(&key, visit);
    }

    /// Returns the greatest sum of `weigh` over the hosts that match one request.
    pub(super) fn greatest_weight(&self, weigh: impl Fn(u32) -> u32) -> u32 {
        let above = |name: &str| {
            let mut sum = 0_u32;
            self.for_each_suffix(name, |number| sum = sum.saturating_add(weigh(number)));
            sum
        };
        let exact = self.exact.iter().map(|(name, at)| weigh(*at).saturating_add(above(name)));
        // A host directly below a suffix.
        let suffixes = self.suffixes.keys().map(|suffix| above(&format!("x{suffix}")));
        exact.chain(suffixes).max().unwrap_or(0)
    }

    /// Calls `visit` with the number of each suffix that `name` is below.
    fn for_each_suffix(&self, name: &str, mut visit: impl FnMut(u32)) {
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

/// A host in the form that is looked up: in lower case, with an IPv6 address in canonical form. Most hosts
/// are sent in this form, and need no allocation.
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
