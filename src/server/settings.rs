use super::after_not_found::AfterNotFound;
use super::drain::DrainLimit;
use crate::axum::UriSource;
use crate::config_error::ConfigError;
use crate::event::{AnswerCounter, AnswerHooks, DiagnosisHook};
use crate::policy::RedirectPolicy;
use crate::trust::{Transport, Trust};
use crate::uri::{Hosts, PLAIN, is_ambiguous, without_trailing_slash};

/// The settings of a layer, apart from its policy and the executor of `drain_on`. By default no peer is
/// trusted, and every host is accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    trust: Trust,
    /// The fixed transport of the layer. It takes precedence over `trust`.
    transport: Option<Transport>,
    pub(super) hosts: Hosts,
    pub(super) drain: DrainLimit,
    pub(super) on_diagnosis: DiagnosisHook,
    pub(super) separate_https_redirect: bool,
    pub(super) html_body: bool,
    pub(super) insert_answered: bool,
    pub(super) report_client_ip: bool,
    /// Whether the layer answers nothing, and only reports what it would have answered.
    pub(super) report_only: bool,
    pub(super) on_answer: AnswerHooks,
    pub(super) counter: AnswerCounter,
    /// The policy that is asked after the inner service has answered with 404.
    pub(super) after_not_found: Option<AfterNotFound>,
    pub(super) uri_source: UriSource,
    /// Identifies the configuration that the layer was built from.
    pub(super) config_hash: Option<u64>,
}

impl Settings {
    /// Whether an [`Answered`](crate::server::Answered) is created for each answer: for a hook, for
    /// `tracing` or for the extensions of the response, or because the layer only reports.
    pub(super) fn wants_answers(&self) -> bool {
        self.insert_answered || self.report_only || self.on_answer.want_answers()
    }

    /// Starts the counters of `policy`, and those of the policy that is asked after a 404, at zero.
    pub(super) fn start_counting(&self, policy: &impl RedirectPolicy) {
        self.counter.start(|| {
            let after = self.after_not_found.iter().flat_map(|after| after.policy().names());
            policy.names().into_iter().chain(after).collect()
        });
    }

    pub(super) const fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(super) fn set_trust(&mut self, trust: Trust) {
        self.trust = match self.transport {
            Some(transport) => trust.transport(transport),
            None => trust,
        };
    }

    pub(super) fn set_transport(&mut self, transport: Transport) {
        self.transport = Some(transport);
        self.set_trust(self.trust.clone());
    }
}

/// Checks a prefix that a proxy removes, and returns it without a trailing slash.
pub(super) fn check_mount(prefix: &str) -> Result<&str, ConfigError> {
    let trimmed = without_trailing_slash(prefix);
    if !prefix.starts_with('/') || trimmed.is_empty() {
        return Err(ConfigError::path(prefix, "a prefix starts with `/` and names a segment"));
    }
    if is_ambiguous(trimmed) || !PLAIN.contains_all(trimmed) {
        return Err(ConfigError::path(
            prefix,
            "a prefix has no empty or dot segment, no `%2e`, `%2f` or `%5c`, and only bytes that paths allow",
        ));
    }
    Ok(trimmed)
}
