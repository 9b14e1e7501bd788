//! Which host a request is for: the design's table, row by row.

use http::{StatusCode, Version, header};

use super::RequestHead;
use crate::uri::{Authority, Scheme};

/// What a look at the host brought: the host, none where there may be none, or why not.
type Looked<'a> = Result<Option<Authority<'a>>, Refusal>;

/// Why a request is refused before any policy's answer counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'static str,
}

impl Refusal {
    pub(crate) const fn bad_request(reason: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason }
    }

    /// RFC 9110 §7.4, §15.5.20.
    const fn misdirected(reason: &'static str) -> Self {
        Self { status: StatusCode::MISDIRECTED_REQUEST, reason }
    }
}

/// The first row that matches wins.
pub(super) fn look<'a>(head: &RequestHead<'a>) -> Looked<'a> {
    let bad = Refusal::bad_request;
    let mut fields = head.headers.get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (_, Some(_)) => return Err(bad("more than one Host field\n")),
        (field, None) => field.map(|value| Authority::parse(value.as_bytes())),
    };
    let field = field.transpose().map_err(bad)?;
    let target = head.uri.authority().map(|a| Authority::parse(a.as_str().as_bytes()));
    let target = target.transpose().map_err(bad)?;
    if field.is_none() && head.version == Version::HTTP_11 {
        return Err(bad("no Host field\n"));
    }
    let target_scheme = Scheme::of(head.uri);
    if let (Some(field), Some(target)) = (&field, &target) {
        let scheme = target_scheme.unwrap_or_else(|| head.scheme());
        if !field.same_host(target) || field.effective_port(scheme) != target.effective_port(scheme)
        {
            return Err(bad("Host differs from the request target\n"));
        }
    }
    if target_scheme == Some(Scheme::Https) && !head.is_secure() {
        return Err(Refusal::misdirected("https asked for on a connection that is not secure\n"));
    }
    let authority = match forwarded(head, target.or(field))? {
        Some(authority) => authority,
        None if head.version > Version::HTTP_11 => return Err(bad("no host\n")),
        None => return Ok(head.hosts.default_host()),
    };
    if !head.hosts.allow(&authority) {
        return Err(Refusal::misdirected("not a host of this server\n"));
    }
    Ok(Some(authority))
}

/// What a trusted proxy says of host and port goes before what the request says.
fn forwarded<'a>(
    head: &RequestHead<'a>,
    asked: Option<Authority<'a>>,
) -> Result<Option<Authority<'a>>, Refusal> {
    let (host, port) = head.forwarded_authority();
    let authority = match host {
        Some(host) => {
            let parsed = Authority::parse(host);
            Some(parsed.map_err(|_| Refusal::bad_request("malformed forwarded host\n"))?)
        }
        None => asked,
    };
    Ok(authority.map(|authority| match port {
        Some(port) => authority.at_port(Some(port)),
        None => authority,
    }))
}
