//! Lets some requests through during maintenance.

use std::fmt;
use std::sync::Arc;

use super::Maintenance;
use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::policy::clients::comes_from;
use crate::ranges::{NOT_A_RANGE, Ranges};

type Condition = dyn Fn(&RequestHead<'_>) -> bool + Send + Sync;

/// Conditions, any of which lets a request through.
#[derive(Clone, Default)]
pub(super) struct Bypass(Vec<Arc<Condition>>);

impl Bypass {
    /// Returns whether the request may pass. If it may, caches are forbidden to store its response, which
    /// they would otherwise serve to clients that may not pass.
    pub(super) fn allows(&self, head: &RequestHead<'_>) -> bool {
        let allowed = self.0.iter().any(|condition| condition(head));
        if allowed {
            head.forbid_storing();
        }
        allowed
    }
}

/// Shows only the number of conditions, because they may hold secrets.
impl fmt::Debug for Bypass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bypass({})", self.0.len())
    }
}

impl<T> Maintenance<T> {
    /// Lets requests of these clients through. Each entry is an address or a range, and is compared with the
    /// [effective client](RequestHead::client_ip) that the layer's [`Trust`](crate::Trust) determines.
    ///
    /// A peer that is not trusted and sends `X-Forwarded-*`, `Forwarded`, `Via`, `X-Real-IP`,
    /// `True-Client-IP`, `CF-Connecting-IP` or `X-Envoy-External-Address` may be a proxy that forwards
    /// requests of any client. Its address lets nobody through, and a diagnosis reports it.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Bypass`](crate::ConfigErrorKind::Bypass) for text that is neither
    /// an address nor a range.
    pub fn bypass_clients<I>(self, ranges: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let refused = |text: String| ConfigError::bypass(&text, NOT_A_RANGE);
        let ranges = Ranges::parse(ranges).map_err(refused)?;
        Ok(self.bypass(move |head| comes_from(&ranges, head)))
    }

    /// Lets requests through for which `condition` holds. Their responses are marked `no-store`,
    /// whatever the application sets, so that no cache serves them to others. The headers that some
    /// caches obey in place of `Cache-Control` are removed: `CDN-Cache-Control` and other
    /// `*-Cache-Control` (RFC 9213), `Surrogate-Control`, `Edge-Control` and `X-Accel-Expires`.
    pub fn bypass(
        mut self,
        condition: impl Fn(&RequestHead<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.bypass.0.push(Arc::new(condition));
        self
    }
}
