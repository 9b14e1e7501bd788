//! Formats the peer of a diagnosis, and the calls that remove the cause.

use std::fmt;

use crate::axum::MAKE_PEERS_KNOWN;
use crate::trust::Peer;

/// Names a peer, or says that its address is not known.
pub(super) struct PeerName(pub(super) Option<Peer>);

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(peer) => peer.fmt(f),
            None => f.write_str("a peer whose address is not known"),
        }
    }
}

/// The calls that trust a peer and read the scheme from a field: `X-Forwarded-Proto`, if none is given.
pub(super) struct TrustCall(pub(super) Option<Peer>, pub(super) Option<&'static str>);

impl fmt::Display for TrustCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(peer, header) = *self;
        let reads = ReadCalls(header);
        match peer {
            Some(peer @ Peer::Ip(_)) if peer.is_public() => write!(
                f,
                "add `.trust(Trust::proxies([..]){reads})` with the ranges that the proxy's operator \
                 names; {peer} is a public address, and may be a visitor's"
            ),
            Some(Peer::Ip(address)) => {
                let address = address.to_canonical();
                write!(
                    f,
                    "add `.trust(Trust::proxies([\"{address}\"]){reads})`, or the address to the \
                     ranges that are trusted already"
                )
            }
            Some(Peer::Unix) => {
                write!(f, "add `.trust(Trust::unix_sockets(){})`", reads.without_question_mark())
            }
            None => {
                write!(f, "{MAKE_PEERS_KNOWN}, and add `.trust(Trust::proxies([..]){reads})`")
            }
        }
    }
}

/// The calls after `Trust::proxies(..)` that read a field.
struct ReadCalls(Option<&'static str>);

impl ReadCalls {
    /// Returns the calls after `Trust::unix_sockets()`, which does not return a `Result`.
    fn without_question_mark(&self) -> String {
        self.to_string().trim_start_matches('?').to_owned()
    }
}

impl fmt::Display for ReadCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None | Some("x-forwarded-proto") => f.write_str("?.x_forwarded()"),
            Some("forwarded") => f.write_str("?.forwarded()"),
            Some(header) => write!(f, "?.x_forwarded(){}", SchemeCall(header)),
        }
    }
}

/// The call that reads the scheme from a field.
struct SchemeCall(&'static str);

impl fmt::Display for SchemeCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            header @ ("x-forwarded-ssl" | "front-end-https") => {
                write!(f, ".scheme_on(\"{header}\")?")
            }
            header => write!(f, ".scheme_field(\"{header}\")?"),
        }
    }
}

/// Advice to read a field that says https.
pub(super) struct ReadAdvice(pub(super) Option<&'static str>);

impl fmt::Display for ReadAdvice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some("forwarded") => f.write_str("it sends Forwarded: read it by `.forwarded()`; or "),
            Some("x-forwarded-proto") => {
                f.write_str("it sends X-Forwarded-Proto: read it by `.x_forwarded()`; or ")
            }
            Some(header) => {
                write!(f, "it sends {header}: read it by `{}`; or ", SchemeCall(header))
            }
        }
    }
}
