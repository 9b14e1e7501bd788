//! Who speaks, and how: looked at once, and only when somebody asks.

use std::net::IpAddr;

use super::{Refusal, RequestHead};
use crate::diagnosis::Diagnosis;
use crate::trust::{Facts, Peer, Trust};
use crate::uri::Scheme;

impl<'a> RequestHead<'a> {
    /// The scheme that the user agent used, as far as it is proven.
    pub fn scheme(&self) -> Scheme {
        self.scheme.get().unwrap_or_else(|| {
            let said = || match self.trust.has_proxies() {
                true => self.facts().map(|facts| facts.scheme),
                false => Some(Trust::accepted(self.extensions)),
            };
            let scheme = self.trust.fixed_scheme().or_else(said);
            let scheme = scheme.unwrap_or(Scheme::Http);
            self.scheme.set(Some(scheme));
            scheme
        })
    }

    /// Whether the request is proven to have come over a secure connection.
    pub fn is_secure(&self) -> bool {
        self.scheme() == Scheme::Https
    }

    /// The address of the user agent, or of the last proxy that is not ours: the peer's, or what a
    /// trusted proxy forwards. `None` where nobody who counts knows.
    pub fn client_ip(&self) -> Option<IpAddr> {
        *self.client.get_or_init(|| {
            self.facts()?;
            match self.trust.client(self.extensions, self.headers) {
                Ok(client) => client,
                Err(reason) => self.refuse(Refusal::bad_request(reason)),
            }
        })
    }

    /// The other end of the connection, where the server said who that is.
    pub fn peer(&self) -> Option<Peer> {
        self.trust.peer(self.extensions)
    }

    /// `None` where the fields of a trusted proxy are refused.
    fn facts(&self) -> Option<&Facts<'a>> {
        let facts = self.facts.get_or_init(|| {
            let facts = match self.trust.facts(self.extensions, self.headers) {
                Ok(facts) => Some(facts),
                Err(reason) => self.refuse(Refusal::bad_request(reason)),
            };
            if facts.is_none_or(|facts| facts.by_proxy) {
                self.reads.borrow_mut().note_forwarded();
            }
            if facts.is_some_and(|facts| facts.lack_scheme()) {
                if let Some(peer) = self.peer() {
                    self.diagnose(Diagnosis::ProxyWithoutScheme { peer });
                }
            }
            facts
        });
        facts.as_ref()
    }

    pub(super) fn forwarded_authority(&self) -> (Option<&'a [u8]>, Option<u16>) {
        if !self.trust.forwards_authority() {
            return (None, None);
        }
        self.facts().map_or((None, None), |facts| (facts.said.host, facts.said.port))
    }

    /// Whether the fields of a trusted proxy were what counted.
    pub(crate) fn was_proxied(&self) -> bool {
        self.trust.has_proxies() && self.facts().is_none_or(|facts| facts.by_proxy)
    }
}
