//! Formats the peer of a diagnosis, and the calls that remove the cause.

use crate::axum::MAKE_PEERS_KNOWN;
use crate::trust::Peer;

/// Names a peer, or says that its address is not known.
pub(super) fn peer_name(peer: Option<Peer>) -> String {
    peer.map_or("a peer whose address is not known".into(), |peer| peer.to_string())
}

/// Returns advice to trust a peer, with the calls that do so and that read the scheme from `header`:
/// `X-Forwarded-Proto`, if none is given.
pub(super) fn trust_advice(peer: Option<Peer>, header: Option<&str>) -> String {
    let reads = read_calls(header);
    match peer {
        Some(Peer::Unix) => {
            // `Trust::unix_sockets()` does not return a `Result`.
            let reads = reads.trim_start_matches('?');
            format!("add `.trust(Trust::unix_sockets(){reads})`")
        }
        Some(peer) if peer.is_public() => format!(
            "add `.trust(Trust::proxies([..]){reads})` with the ranges that the proxy's operator \
             names; {peer} is a public address, and may be a visitor's"
        ),
        Some(peer) => format!(
            "add `.trust(Trust::proxies([\"{peer}\"]){reads})`, or the address to the ranges that are \
             trusted already"
        ),
        None => format!("{MAKE_PEERS_KNOWN}, and add `.trust(Trust::proxies([..]){reads})`"),
    }
}

/// Returns the calls after `Trust::proxies(..)` that read a field.
fn read_calls(header: Option<&str>) -> String {
    match header {
        None | Some("x-forwarded-proto") => "?.x_forwarded()".into(),
        Some("forwarded") => "?.forwarded()".into(),
        Some(header) => format!("?.x_forwarded(){}", scheme_call(header)),
    }
}

/// Returns the call that reads the scheme from a field.
fn scheme_call(header: &str) -> String {
    match header {
        "x-forwarded-ssl" | "front-end-https" => format!(".scheme_on(\"{header}\")?"),
        _ => format!(".scheme_field(\"{header}\")?"),
    }
}

/// Returns advice to read a field that says https, with `; or ` at its end. Returns an empty text without a
/// field.
pub(super) fn read_advice(header: Option<&str>) -> String {
    match header {
        None => String::new(),
        Some("forwarded") => "it sends Forwarded: read it by `.forwarded()`; or ".into(),
        Some("x-forwarded-proto") => {
            "it sends X-Forwarded-Proto: read it by `.x_forwarded()`; or ".into()
        }
        Some(header) => format!("it sends {header}: read it by `{}`; or ", scheme_call(header)),
    }
}
