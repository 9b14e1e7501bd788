//! Who is let through while everybody else waits.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::header;

use super::Maintenance;
use crate::config_error::ConfigError;
use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::trust::{NO_RANGE, Ranges};

type Grant = dyn Fn(&RequestHead<'_>) -> bool + Send + Sync;

/// Any of these lets a request through.
#[derive(Clone, Default)]
pub(super) struct Bypass(Vec<Arc<Grant>>);

impl Bypass {
    /// Grants what others are refused: nobody may keep the answer for them.
    pub(super) fn covers(&self, head: &RequestHead<'_>) -> bool {
        let granted = self.0.iter().any(|grant| grant(head));
        if granted {
            head.forbid_storing();
        }
        granted
    }
}

/// Without what it looks for: that may be a secret.
impl fmt::Debug for Bypass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bypass({})", self.0.len())
    }
}

impl<T> Maintenance<T> {
    /// Lets requests of these clients through, single addresses or ranges: the
    /// [effective client](RequestHead::client_ip), as far as the layer's
    /// [`Trust`](crate::Trust) knows it.
    ///
    /// Nobody is let through by the address of a proxy: where a peer that is not trusted sends
    /// `X-Forwarded-*` or `Forwarded`, its address may be everybody's, and a diagnosis says so.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Bypass`](crate::ConfigErrorKind::Bypass) for what is no range.
    pub fn bypass_clients<I>(self, ranges: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let refused = |text: String| ConfigError::bypass(&text, NO_RANGE);
        let ranges = Ranges::parse(ranges).map_err(refused)?;
        Ok(self.bypass(move |head| comes_from(&ranges, head)))
    }

    /// Lets requests through of which `grant` holds. Their answers are marked `no-store`, whatever
    /// the application says, so that no cache hands them to others.
    pub fn bypass(
        mut self,
        grant: impl Fn(&RequestHead<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.bypass.0.push(Arc::new(grant));
        self
    }
}

fn comes_from(ranges: &Ranges, head: &RequestHead<'_>) -> bool {
    let is_in = |client: IpAddr| ranges.contains(client);
    let Some(client) = head.client_ip() else {
        if head.peer().is_none() {
            head.diagnose(Diagnosis::ClientUnknown);
        }
        return false;
    };
    let forwarded = |name: &http::HeaderName| {
        *name == header::FORWARDED || name.as_str().starts_with("x-forwarded-")
    };
    if is_in(client) && !head.was_proxied() && head.unnoted().keys().any(forwarded) {
        head.diagnose(Diagnosis::BypassThroughProxy { peer: head.peer() });
        return false;
    }
    is_in(client)
}
