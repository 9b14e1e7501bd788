use std::any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::service::Redirect;
use super::settings::{DrainLimit, Hook, Settings};
use crate::config_error::ConfigError;
use crate::diagnosis::Diagnosis;
use crate::policy::RedirectPolicy;
use crate::trust::Transport;

/// Wraps a service so that a [`RedirectPolicy`] is asked about each request: see the
/// [module](crate::server) for the rules.
#[must_use]
pub struct RedirectLayer<P> {
    policy: Arc<P>,
    settings: Arc<Settings>,
}

impl<P: RedirectPolicy> RedirectLayer<P> {
    /// Asks `policy`: trusts nobody, takes any host.
    pub fn new(policy: P) -> Self {
        Self { policy: Arc::new(policy), settings: Arc::default() }
    }
}

impl<P> RedirectLayer<P> {
    /// Fixes the transport of every request: for a listener which only TLS reaches, or one behind a
    /// proxy that terminates it for all traffic.
    pub fn transport(self, transport: Transport) -> Self {
        self.set(|settings| settings.trust = settings.trust.clone().transport(transport))
    }

    /// The hosts that are answered for: exact names, and `*.example.com` for one or more labels in
    /// front. Ports are not compared. A request for another host, where a policy looks at it, is
    /// answered 421 (RFC 9110 §15.5.20). Without this, any host is taken; a second list replaces the
    /// first.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Host`] for a name that is no host, or no name at all.
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
    /// [`ConfigError::Host`] if it is no host, or has a port.
    pub fn canonical_host(mut self, host: &str) -> Result<Self, ConfigError> {
        Arc::make_mut(&mut self.settings).hosts.set_canonical(host)?;
        Ok(self)
    }

    /// How much of an HTTP/1 upload is read away before it is answered: 64 MiB within 30 s unless
    /// set. The time is looked at whenever the upload goes on. Beyond either, the answer is sent
    /// with `Connection: close`, and a client that only writes may never read it.
    pub fn drain_limit(self, bytes: u64, time: Duration) -> Self {
        self.set(|settings| settings.drain = DrainLimit { bytes, time })
    }

    /// Calls `hook` with what an operator should know: for every request that shows it, on the thread
    /// that serves it, so that it should only note or count.
    pub fn on_diagnosis(self, hook: impl Fn(&Diagnosis) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.on_diagnosis = Hook(Some(Arc::new(hook))))
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S, P> Layer<S> for RedirectLayer<P> {
    type Service = Redirect<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        Redirect::new(inner, self.policy.clone(), self.settings.clone())
    }
}

/// A clone shares policy and settings.
impl<P> Clone for RedirectLayer<P> {
    fn clone(&self) -> Self {
        Self { policy: self.policy.clone(), settings: self.settings.clone() }
    }
}

impl<P> fmt::Debug for RedirectLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectLayer")
            .field("policy", &any::type_name::<P>())
            .field("settings", &self.settings)
            .finish()
    }
}
