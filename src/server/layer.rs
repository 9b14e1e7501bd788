use std::any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::drain_on::{DrainInline, DrainOn};
use super::service::Redirect;
use super::settings::{DiagnosisHook, DrainLimit, Settings};
use crate::config_error::ConfigError;
use crate::diagnosis::Diagnosis;
use crate::policy::RedirectPolicy;
use crate::trust::{Transport, Trust};

/// Wraps a service so that a [`RedirectPolicy`] is asked about each request: see the
/// [module](crate::server) for the rules.
#[must_use]
pub struct RedirectLayer<P, D = DrainInline> {
    policy: Arc<P>,
    settings: Arc<Settings>,
    drain: D,
}

impl<P: RedirectPolicy> RedirectLayer<P> {
    /// Asks `policy`: trusts nobody, takes any host.
    pub fn new(policy: P) -> Self {
        Self { policy: Arc::new(policy), settings: Arc::default(), drain: DrainInline }
    }
}

impl<P, D> RedirectLayer<P, D> {
    /// Whose word counts about scheme, host and client: proxies, above all.
    pub fn trust(self, trust: Trust) -> Self {
        self.set(|settings| {
            settings.trust = match settings.peer_from {
                Some(peer_from) => trust.or_peer_from(peer_from),
                None => trust,
            };
        })
    }

    /// Fixes the transport of every request: for a listener which only TLS reaches, or one behind a
    /// proxy that terminates it for all traffic.
    pub fn transport(self, transport: Transport) -> Self {
        self.set(|settings| settings.trust = settings.trust.clone().transport(transport))
    }

    /// Reads axum's `OriginalUri`, so that in a nested router the whole path counts, and, unless
    /// [`Trust::peer_from`] says otherwise, its `ConnectInfo<SocketAddr>` for the peer's address.
    #[cfg(feature = "axum")]
    pub fn axum(self) -> Self {
        self.set(|settings| {
            settings.trust = settings.trust.clone().axum();
            settings.peer_from = Some(crate::axum::peer);
            settings.original_uri = Some(crate::axum::original_uri);
        })
    }

    /// The hosts that are answered for: exact names, and `*.example.com` for one or more labels in
    /// front. Ports are not compared. A request for another host, where a policy looks at it, is
    /// answered 421 (RFC 9110 §15.5.20). Without this, any host is taken; a second list replaces the
    /// first.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Host`](crate::ConfigErrorKind::Host) for a name that is no host, or no
    /// name at all.
    pub fn hosts<I>(mut self, hosts: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Arc::make_mut(&mut self.settings).hosts.list(hosts)?;
        Ok(self)
    }

    /// The host that is meant by an HTTP/1.0 request without `Host`; always one of
    /// [`hosts`](Self::hosts).
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Host`](crate::ConfigErrorKind::Host) if it is no host, or has a port.
    pub fn default_host(mut self, host: &str) -> Result<Self, ConfigError> {
        Arc::make_mut(&mut self.settings).hosts.set_default(host)?;
        Ok(self)
    }

    /// Keeps http -> https on the same host a redirection of its own, as the rules of the HSTS
    /// preload list ask; what else there is to say follows on https.
    pub fn separate_https_redirect(self) -> Self {
        self.set(|settings| settings.separate_https_redirect = true)
    }

    /// Answers a redirected GET with a line of HTML that links to its target, for people whose
    /// client does not follow.
    pub fn html_body(self) -> Self {
        self.set(|settings| settings.html_body = true)
    }

    /// Puts a [`Redirected`](crate::server::Redirected) into the extensions of each redirection, for
    /// layers outside to count or log.
    pub fn insert_redirected(self) -> Self {
        self.set(|settings| settings.insert_redirected = true)
    }

    /// How much of an HTTP/1 upload is read away before it is answered: 64 MiB within 30 s unless
    /// set. The time is looked at whenever the upload goes on. Beyond either, the answer is sent
    /// with `Connection: close`, and a client that only writes may never read it.
    pub fn upload_drain_limit(self, bytes: u64, time: Duration) -> Self {
        self.set(|settings| settings.drain = DrainLimit { bytes, time })
    }

    /// Answers at once, and hands uploads to an executor to be read away, up to the same limits:
    /// `.drain_on(tokio::spawn)`.
    pub fn drain_on<F>(self, spawn: F) -> RedirectLayer<P, DrainOn<F>> {
        let Self { policy, settings, .. } = self;
        RedirectLayer { policy, settings, drain: DrainOn::new(spawn) }
    }

    /// Calls `hook` with what an operator should know, once for each cause; on the thread that
    /// serves the request, so that it should only note or count.
    pub fn on_diagnosis(self, hook: impl Fn(&Diagnosis) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.on_diagnosis = DiagnosisHook::new(hook))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S, P, D: Clone> Layer<S> for RedirectLayer<P, D> {
    type Service = Redirect<S, P, D>;

    fn layer(&self, inner: S) -> Self::Service {
        Redirect::new(inner, self.policy.clone(), self.settings.clone(), self.drain.clone())
    }
}

/// A clone shares policy and settings.
impl<P, D: Clone> Clone for RedirectLayer<P, D> {
    fn clone(&self) -> Self {
        let Self { policy, settings, drain } = self;
        Self { policy: policy.clone(), settings: settings.clone(), drain: drain.clone() }
    }
}

impl<P, D> fmt::Debug for RedirectLayer<P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectLayer")
            .field("policy", &any::type_name::<P>())
            .field("settings", &self.settings)
            .finish()
    }
}
