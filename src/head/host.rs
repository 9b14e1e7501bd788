//! Finds the effective host of a request, or the reason to refuse it.
//!
//! The first row that matches applies:
//!
//! | request | result |
//! |---|---|
//! | more than one `Host` | 400 |
//! | `Host` or the target's authority is malformed | 400 |
//! | HTTP/1.1 without `Host` | 400 |
//! | `Host` differs from the target's authority, after default ports are filled in | 400 |
//! | an https target, and neither the connection nor, according to a trusted proxy, that of the user agent is secure | 421 (RFC 9110 §7.4) |
//! | a trusted proxy may replace host or port, and one of its fields is malformed | 400 |
//! | HTTP/2 or HTTP/3 without any host | 400 |
//! | HTTP/1.0 without any host | the default host; if there is none, 400 if hosts are listed, else none |
//! | hosts are listed, and the host is neither one of them nor the default | 421 (RFC 9110 §15.5.20) |
//! | anything else | the forwarded host, or the target's, or `Host` |
//!
//! In the last two rows, port 80 is left out if the request is https, and port 443 if it is http.
//!
//! If one of these rows needs the scheme that a trusted proxy sends, and a field of the proxy is malformed,
//! the answer is 400, even if the row says otherwise.
//!
//! Refusing a `Host` that differs from an absolute-form target deviates from RFC 9112 §3.2.2 on
//! purpose: the layer reads the target, and the inner service may read `Host`.

use http::{StatusCode, Version, header};

use super::RequestHead;
use crate::diagnosis::Diagnosis;
use crate::uri::{Authority, Origin, Scheme};

/// Why a request is refused, whatever a policy decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'static str,
}

impl Refusal {
    pub(crate) const fn bad_request(reason: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason }
    }

    const fn misdirected(reason: &'static str) -> Self {
        Self { status: StatusCode::MISDIRECTED_REQUEST, reason }
    }
}

/// The effective host, or `None` for HTTP/1.0 without one.
pub(super) fn effective_host<'a>(head: &RequestHead<'a>) -> Result<Option<Authority<'a>>, Refusal> {
    let bad = Refusal::bad_request;
    let parts = &head.parts;
    let mut values = parts.headers.get_all(header::HOST).iter();
    let field = match (values.next(), values.next()) {
        (_, Some(_)) => return Err(bad("more than one Host field\n")),
        (None, None) => None,
        (Some(value), None) => Some(Authority::parse_bytes(value.as_bytes()).map_err(bad)?),
    };
    let uri = parts.uri();
    let target = match uri.authority() {
        Some(authority) => Some(Authority::parse(authority.as_str()).map_err(bad)?),
        None => None,
    };
    if field.is_none() && parts.version == Version::HTTP_11 {
        return Err(bad("no Host field\n"));
    }
    let target_scheme = Scheme::of(uri);
    if let (Some(field), Some(target)) = (field, target) {
        let scheme = target_scheme.unwrap_or_else(|| head.scheme());
        if Origin::new(scheme, field) != Origin::new(scheme, target) {
            return Err(bad("Host differs from the request target\n"));
        }
    }
    if target_scheme == Some(Scheme::Https) && !head.is_secure() && !head.is_connection_secure() {
        head.diagnose(Diagnosis::TransportNotDeclared { peer: head.peer() });
        return Err(Refusal::misdirected(
            "the request target is https, but the connection is not secure\n",
        ));
    }
    let authority = match with_forwarded(head, target.or(field))? {
        Some(authority) => authority,
        None if parts.version > Version::HTTP_11 => return Err(bad("no host\n")),
        None => {
            let default = head.hosts.default_host();
            let is_needed = default.is_none() && head.hosts.has_list();
            return if is_needed { Err(bad("no host\n")) } else { Ok(default) };
        }
    };
    let authority = without_foreign_port(head, authority);
    if !head.hosts.allows(&authority, || authority.effective_port(head.scheme())) {
        if head.wants_diagnoses() {
            let proxy = head.peer().filter(|_| head.has_trusted_peer());
            head.diagnose(Diagnosis::HostNotListed { authority: authority.to_string(), proxy });
        }
        return Err(Refusal::misdirected("not a host of this server\n"));
    }
    Ok(Some(authority))
}

/// Removes the port if it is the default of the other scheme: a proxy that terminates TLS on port 443 and
/// sends `Host: a.test:80` names a port on which https is not served.
fn without_foreign_port<'a>(head: &RequestHead<'a>, authority: Authority<'a>) -> Authority<'a> {
    let foreign = match authority.port() {
        None => return authority,
        Some(_) if head.is_secure() => Scheme::Http,
        Some(_) => Scheme::Https,
    };
    let is_foreign = authority.port() == Some(foreign.default_port());
    if is_foreign { authority.at_port(None) } else { authority }
}

impl RequestHead<'_> {
    /// Whether the host is listed or the default. Called only if there is a list. If the result is `false`,
    /// [`refusal`](Self::refusal) returns the reason.
    #[inline(always)]
    pub(crate) fn has_listed_host(&self) -> bool {
        self.has_plainly_listed_host() || self.has_accepted_host()
    }

    /// Not inlined, so that the pass path does not set up the stack frame of [`effective_host`].
    #[inline(never)]
    fn has_accepted_host(&self) -> bool {
        self.authority().is_some()
    }

    /// A quick check. If it returns `true`, a single `Host` is the only source of the host, and the host is
    /// listed and has no port: no row of the module's table refuses such a request. `false` says nothing.
    /// This saves 600 instructions when a request passes.
    #[inline(always)]
    fn has_plainly_listed_host(&self) -> bool {
        let headers = self.parts.headers;
        let has_one_value_each = headers.len() == headers.keys_len();
        has_one_value_each
            && headers.get(header::HOST).is_some_and(|h| self.hosts.contains_text(h.as_bytes()))
            && !self.trust.forwards_authority()
            && self.parts.uri().authority().is_none()
    }
}

/// Replaces the host and port with those that a trusted proxy forwards, as far as they are believed.
fn with_forwarded<'a>(
    head: &RequestHead<'a>,
    asked: Option<Authority<'a>>,
) -> Result<Option<Authority<'a>>, Refusal> {
    let (host, port) = head.forwarded_authority()?;
    let authority = match host {
        Some(host) => {
            let parsed = Authority::parse_bytes(host);
            Some(parsed.map_err(|_| Refusal::bad_request("malformed forwarded host\n"))?)
        }
        None => asked,
    };
    Ok(authority.map(|authority| match port {
        Some(port) => authority.at_port(Some(port)),
        None => authority,
    }))
}
