//! The effective values of a request: each is computed once, when a policy first asks for it.

use std::cell::{Cell, OnceCell};
use std::net::IpAddr;

use super::host::effective_host;
use super::{Refusal, RequestHead};
use crate::diagnosis::Diagnosis;
use crate::trust::{Effective, Peer, Trust};
use crate::uri::{Authority, Origin, Scheme};

/// The effective values that have been computed so far, and the first refusal among them.
#[derive(Default)]
pub(super) struct EffectiveCache<'a> {
    scheme: Cell<Option<Scheme>>,
    values: OnceCell<Option<Effective<'a>>>,
    client_ip: OnceCell<Option<IpAddr>>,
    authority: OnceCell<Option<Authority<'a>>>,
    /// Why a value is `None`, if it is refused. The refusal is not part of the shared notes, because an
    /// accepted request may be redirected to a URL that is refused.
    refusal: Cell<Option<Refusal>>,
}

impl<'a> EffectiveCache<'a> {
    /// The values of the same request at `origin`, or at its own origin if `origin` is `None`.
    pub(super) fn at<'m>(&'m self, origin: Option<Origin<'m>>) -> EffectiveCache<'m> {
        let (scheme, authority) = match origin {
            Some(origin) => (Some(origin.scheme()), Some(Some(origin.authority()))),
            None => (self.scheme.get(), self.authority.get().copied()),
        };
        EffectiveCache {
            scheme: Cell::new(scheme),
            // These depend on the connection and the fields of proxies, not on the URL.
            values: known(self.values.get().copied()),
            client_ip: self.client_ip.clone(),
            authority: known(authority),
            refusal: Cell::new(None),
        }
    }
}

fn known<T>(value: Option<T>) -> OnceCell<T> {
    value.map_or_else(OnceCell::new, OnceCell::from)
}

impl<'a> RequestHead<'a> {
    /// The scheme that the user agent used: https only if that is proven.
    pub fn scheme(&self) -> Scheme {
        self.effective.scheme.get().unwrap_or_else(|| {
            let scheme = self.trust.fixed_scheme().unwrap_or_else(|| self.sent_scheme());
            self.effective.scheme.set(Some(scheme));
            scheme
        })
    }

    /// The scheme according to the transport and the fields of trusted proxies; http if these are refused
    /// or missing.
    fn sent_scheme(&self) -> Scheme {
        if !self.trust.has_proxies() {
            return Trust::accepted_scheme(self.parts.extensions);
        }
        self.effective().and_then(|effective| effective.scheme).unwrap_or(Scheme::Http)
    }

    /// The scheme, if it is already computed.
    pub(crate) fn known_scheme(&self) -> Option<Scheme> {
        self.effective.scheme.get()
    }

    /// Whether the request is proven to have come over a secure connection.
    pub fn is_secure(&self) -> bool {
        self.scheme() == Scheme::Https
    }

    /// Whether the connection that the request arrived on is secure. Behind a trusted proxy, the
    /// connection of the user agent may still be plain.
    pub(super) fn is_connection_secure(&self) -> bool {
        let accepted = || Trust::accepted_scheme(self.parts.extensions);
        self.trust.fixed_scheme().unwrap_or_else(accepted) == Scheme::Https
    }

    /// The address of the user agent, or of the nearest proxy that is not trusted: the peer's address,
    /// or one that a trusted proxy forwards. `None` if neither is known. Also `None` if the proxy's fields
    /// are malformed: the layer then answers 400, whatever the policy decides.
    ///
    /// Pitfall: caches compare requests, not their senders. `Vary: X-Forwarded-For` does not help, because
    /// proxies between the cache and the server add that header. Call
    /// [`forbid_storing`](Self::forbid_storing) before an answer that depends on the address.
    pub fn client_ip(&self) -> Option<IpAddr> {
        *self.effective.client_ip.get_or_init(|| {
            match self.trust.client_ip(self.parts.extensions, self.parts.headers) {
                Ok((client, fields)) => {
                    self.notes.get().vary.note_forwarded(fields);
                    client
                }
                Err(reason) => self.refuse_forwarded(reason),
            }
        })
    }

    /// The other end of the connection, if the server has made it known.
    pub fn peer(&self) -> Option<Peer> {
        self.trust.peer(self.parts.extensions)
    }

    /// The host and port that the user agent asked for. `None` if an HTTP/1.0 request names no host and
    /// there is no default host. Also `None` if the host is refused: the layer then answers 400 or 421,
    /// whatever the policy decides.
    ///
    /// The default port of the other scheme is left out, because a proxy that terminates TLS may send
    /// `Host: a.test:80` for https.
    pub fn authority(&self) -> Option<Authority<'a>> {
        let find = || effective_host(self).unwrap_or_else(|refusal| self.refuse(refusal));
        *self.effective.authority.get_or_init(find)
    }

    /// The values according to the acceptor or a trusted proxy. `None` if the proxy's fields are refused.
    fn effective(&self) -> Option<&Effective<'a>> {
        let values = self.effective.values.get_or_init(|| {
            match self.trust.effective(self.parts.extensions, self.parts.headers) {
                Ok(values) => {
                    self.notes.get().vary.note_forwarded(values.fields);
                    if values.scheme.is_none() {
                        self.diagnose_missing_scheme();
                    }
                    Some(values)
                }
                Err(reason) => self.refuse_forwarded(reason),
            }
        });
        values.as_ref()
    }

    /// The host and port that a trusted proxy forwards, as far as they are believed; `Err` if its fields
    /// are refused.
    pub(super) fn forwarded_authority(&self) -> Result<(Option<&'a [u8]>, Option<u16>), Refusal> {
        if !self.trust.forwards_authority() {
            return Ok((None, None));
        }
        match self.effective() {
            Some(effective) => Ok((effective.host, effective.port)),
            None => Err(self.refusal().unwrap_or(Refusal::bad_request("malformed fields\n"))),
        }
    }

    /// Whether the peer is a trusted proxy, whose fields are believed. Reads no field.
    pub(crate) fn has_trusted_peer(&self) -> bool {
        self.trust.trusts_peer(self.parts.extensions)
    }

    /// Refuses the fields of a trusted proxy.
    fn refuse_forwarded<T>(&self, reason: &'static str) -> Option<T> {
        self.diagnose(Diagnosis::ForwardedRefused { peer: self.peer(), reason });
        self.refuse(Refusal::bad_request(reason))
    }

    /// Whether a trusted proxy sent no scheme.
    pub(crate) fn lacks_scheme(&self) -> bool {
        self.has_trusted_peer() && self.effective().is_some_and(|values| values.scheme.is_none())
    }

    /// Notes why a value is `None`. Only the first refusal is kept.
    fn refuse<T>(&self, refusal: Refusal) -> Option<T> {
        let first = self.effective.refusal.get();
        self.effective.refusal.set(first.or(Some(refusal)));
        None
    }

    /// The first refusal among the values that were asked for.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.effective.refusal.get()
    }
}
