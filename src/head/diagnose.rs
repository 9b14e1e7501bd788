//! Reads parts of a request for diagnoses only. They are neither believed nor noted for `Vary`.

use http::header;

use super::RequestHead;
use crate::diagnosis::Diagnosis;
use crate::trust::{Transport, https_field};
use crate::uri::Authority;

impl RequestHead<'_> {
    /// Whether the request has a [`Transport`] extension.
    pub(crate) fn has_transport(&self) -> bool {
        self.parts.extensions.get::<Transport>().is_some()
    }

    /// The host and port as they were sent, if they are valid: the authority of the request target, or else
    /// the first `Host`. Reading them never refuses the request, so that a diagnosis does not change the
    /// answer.
    pub(crate) fn sent_authority(&self) -> Option<Authority<'_>> {
        match self.parts.uri().authority() {
            Some(authority) => Authority::parse(authority.as_str()).ok(),
            None => {
                let host = self.parts.headers.get(header::HOST)?;
                Authority::parse_bytes(host.as_bytes()).ok()
            }
        }
    }

    /// Diagnoses a trusted proxy that sends a `Host` different from the host that it forwards, unless the
    /// forwarded host is believed.
    pub(crate) fn diagnose_replaced_host(&self) {
        if self.trust.believes_host() {
            return;
        }
        let forwarded = self.trust.unproven_host(self.parts.extensions, self.parts.headers);
        let host = self.parts.headers.get(header::HOST).map(|host| host.as_bytes());
        let parse = |text| Authority::parse_bytes(text).ok();
        if let (Some(host), Some(forwarded)) = (host.and_then(parse), forwarded.and_then(parse)) {
            if !host.same_host(&forwarded) {
                let (host, forwarded) = (host.to_string(), forwarded.to_string());
                self.diagnose(Diagnosis::HostReplaced { peer: self.peer(), host, forwarded });
            }
        }
    }

    /// Diagnoses a trusted proxy that sends no scheme, unless the scheme is fixed.
    pub(super) fn diagnose_missing_scheme(&self) {
        let matters = self.wants_diagnoses() && self.trust.fixed_scheme().is_none();
        if let (true, Some(peer)) = (matters, self.peer()) {
            let header = https_field(self.parts.headers, Some(self.trust.scheme_field_name()));
            self.diagnose(Diagnosis::ProxyWithoutScheme { peer, header });
        }
    }
}
