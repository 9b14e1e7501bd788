use std::sync::Arc;

use http::{Extensions, HeaderName, Method, Response, StatusCode, Uri};

use super::events::EventHooks;
use super::guard::TargetGuard;
use super::hop_request::RequestHooks;
use super::hsts::HstsStore;
use super::method::{MethodRewrite, is_registered_as_safe};
use super::options::{OnLimit, RedirectMode};
use super::origins::{Origins, TrustFn};
use super::remembered::Remembered;
use super::sensitive_names::SensitiveNames;
use crate::system_clock;
use crate::uri::Scheme;

/// The configuration of a layer, apart from its policy.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) mode: RedirectMode,
    pub(super) limit: usize,
    pub(super) on_limit: OnLimit,
    pub(super) method_rewrite: MethodRewrite,
    /// Statuses that keep method and content, regardless of `method_rewrite`.
    pub(super) keep_method_on: Vec<StatusCode>,
    pub(super) allow_https_to_http: bool,
    pub(super) keep_credentials_on_https_upgrade: bool,
    pub(super) error_on_loop: bool,
    pub(super) userinfo_as_basic: bool,
    pub(super) origin_form_scheme: Option<Scheme>,
    pub(super) trusted_origins: Origins,
    /// Asked about two origins if no list contains both.
    pub(super) trust_when: Option<TrustFn>,
    pub(super) sensitive: SensitiveNames,
    /// One entry for each type of extension that is kept on redirections to another origin.
    pub(super) kept_extensions: Vec<MoveExtension>,
    pub(super) response_drain_limit: u64,
    /// Whether each response gets a `FinalUri`.
    pub(super) final_uri: bool,
    pub(super) hsts: Option<HstsStore>,
    pub(super) guard: Option<Arc<TargetGuard>>,
    pub(super) remembered: Option<Remembered>,
    pub(super) request_hooks: RequestHooks,
    pub(super) events: EventHooks,
}

/// Moves the extension of one type.
pub(super) type MoveExtension = fn(&mut Extensions, &mut Extensions);

pub(super) fn move_extension<T>(from: &mut Extensions, to: &mut Extensions)
where
    T: Clone + Send + Sync + 'static,
{
    if let Some(value) = from.remove::<T>() {
        to.insert(value);
    }
}

/// Returns the functions that move this crate's own extensions. These are the options of layers inside of
/// this one; they hold no secrets, so they are kept.
#[cfg(feature = "hyper")]
fn own_extensions() -> Vec<MoveExtension> {
    vec![move_extension::<super::expect::ExpectOptions>]
}

#[cfg(not(feature = "hyper"))]
fn own_extensions() -> Vec<MoveExtension> {
    Vec::new()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: RedirectMode::Follow,
            limit: 10,
            on_limit: OnLimit::Error,
            method_rewrite: MethodRewrite::Cautious,
            keep_method_on: Vec::new(),
            allow_https_to_http: false,
            keep_credentials_on_https_upgrade: false,
            error_on_loop: false,
            userinfo_as_basic: false,
            origin_form_scheme: None,
            trusted_origins: Origins::default(),
            trust_when: None,
            sensitive: SensitiveNames::default(),
            kept_extensions: own_extensions(),
            response_drain_limit: 64 * 1024,
            final_uri: false,
            hsts: None,
            guard: None,
            remembered: None,
            request_hooks: RequestHooks::default(),
            events: EventHooks::default(),
        }
    }
}

impl Settings {
    /// Whether something is learned from responses for later calls.
    pub(super) fn learns(&self) -> bool {
        self.hsts.is_some() || self.remembered.is_some()
    }

    /// Learns the HSTS policy of a host from its response, and forgets the redirection of a URL that a
    /// request with an unsafe method has changed (RFC 9111 §4.4).
    pub(super) fn observe<B>(&self, method: &Method, uri: &Uri, response: &Response<B>) {
        if let Some(store) = &self.hsts {
            store.learn(uri, response.headers(), system_clock::now());
        }
        if let Some(memory) = &self.remembered {
            let status = response.status();
            let is_non_error = status.is_success() || status.is_redirection();
            if is_non_error && !is_registered_as_safe(method) {
                memory.forget(uri);
            }
        }
    }

    /// Returns the https URL for an http URL with a known HSTS host (RFC 6797).
    pub(super) fn upgraded(&self, uri: &Uri) -> Option<Uri> {
        self.hsts.as_ref().and_then(|store| store.upgrade(uri, system_clock::now()))
    }

    /// Whether a header is one of the layer's credentials, or one that a request `added` to them.
    pub(super) fn is_credential(&self, name: &HeaderName, added: Option<&SensitiveNames>) -> bool {
        self.sensitive.contains(name) || added.is_some_and(|added| added.was_added(name))
    }

    /// Whether the guard refuses a URL.
    pub(super) fn refuses(&self, uri: &Uri) -> bool {
        self.guard.as_ref().is_some_and(|guard| !guard.allows(uri))
    }
}
