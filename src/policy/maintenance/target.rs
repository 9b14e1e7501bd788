use http::{HeaderValue, Version, header};

use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::list::members;
use crate::media_type::is_named;
use crate::method::is_get_or_head;
use crate::policy::clients::is_sign_of_proxy;
use crate::redirection::{Redirection, Resolved};

/// The target of a [`Maintenance`](super::Maintenance). Sealed: the four types below are the only targets.
pub trait Target: Send + Sync {
    /// Returns whether the request is for the target itself, and has to pass.
    fn is_reached_by(&self, _: &RequestHead<'_>) -> bool {
        false
    }

    /// Returns the redirection of this request, or `None` if it gets 503.
    fn redirection(&self, head: &RequestHead<'_>) -> Option<&Redirection>;
}

/// The target of a [`Maintenance`](super::Maintenance) that answers 503.
#[derive(Clone, Debug)]
pub struct Unavailable;

impl Target for Unavailable {
    fn redirection(&self, _: &RequestHead<'_>) -> Option<&Redirection> {
        None
    }
}

/// The target of a [`Maintenance`](super::Maintenance) that shows a page: see
/// [`Maintenance::page`](super::Maintenance::page).
#[derive(Clone, Debug)]
pub struct Page(pub(super) Redirection);

impl Target for Page {
    fn is_reached_by(&self, head: &RequestHead<'_>) -> bool {
        is_get_or_head(head.method()) && is_for(&self.0, head)
    }

    fn redirection(&self, head: &RequestHead<'_>) -> Option<&Redirection> {
        is_navigation(head).then_some(&self.0)
    }
}

/// The target of a [`Maintenance`](super::Maintenance) that redirects to another origin: see
/// [`Maintenance::standby`](super::Maintenance::standby).
#[derive(Clone, Debug)]
pub struct Standby(pub(super) Redirection);

impl Target for Standby {
    fn redirection(&self, head: &RequestHead<'_>) -> Option<&Redirection> {
        if self.0.resolve(head).is_same_origin() {
            let authority = head.authority().map(|a| a.to_string()).unwrap_or_default();
            head.diagnose(Diagnosis::StandbyIsSelf { authority });
            return None;
        }
        Some(&self.0)
    }
}

/// The target of a [`Maintenance`](super::Maintenance) that redirects to one URL: see
/// [`Maintenance::redirect_to`](super::Maintenance::redirect_to).
#[derive(Clone, Debug)]
pub struct RedirectTo(pub(super) Redirection);

impl Target for RedirectTo {
    fn is_reached_by(&self, head: &RequestHead<'_>) -> bool {
        is_for(&self.0, head)
    }

    fn redirection(&self, _: &RequestHead<'_>) -> Option<&Redirection> {
        Some(&self.0)
    }
}

/// Returns whether the request is for the path of `target`, and for its origin if it names one. A slash at
/// the end makes no difference, so that the page is reached even if `TrailingSlash` redirects its path.
fn is_for(target: &Redirection, head: &RequestHead<'_>) -> bool {
    let target = target.resolve(head);
    if !target.is_same_page() {
        return false;
    }
    let is_same = target.is_same_origin();
    if !is_same && head.wants_diagnoses() {
        diagnose_rewritten_host(target, head);
    }
    is_same
}

/// Diagnoses a request for the path of the target at another host, if a proxy may have replaced the host
/// that the user agent asked for. That host may be the target's: a redirection would then lead back here.
fn diagnose_rewritten_host(target: Resolved<'_, '_>, head: &RequestHead<'_>) {
    let Some(sent) = head.sent_authority() else { return };
    let Some(target_host) = target.origin().map(|origin| origin.authority()) else { return };
    if !head.headers_without_note().keys().any(is_sign_of_proxy) || sent.same_host(&target_host) {
        return;
    }
    let names_target = |value: &HeaderValue| value.to_str().is_ok_and(|v| target_host.is_host(v));
    let forwards_target =
        head.headers_without_note().get_all("x-forwarded-host").iter().any(names_target);
    // A proxy that replaces the host writes the address or the short name of its upstream server.
    let is_upstream = sent.address().is_some() || !sent.host().contains('.');
    if forwards_target || is_upstream {
        let (authority, target) = (sent.to_string(), target_host.to_string());
        head.diagnose(Diagnosis::TargetMayBeSelf { authority, target });
    }
}

/// Returns whether clients cannot follow a redirection of this request: CONNECT, `OPTIONS *`, or an
/// upgrade.
pub(super) fn client_cannot_follow(head: &RequestHead<'_>) -> bool {
    head.has_no_url() || head.version() <= Version::HTTP_11 && asks_for_upgrade(head)
}

/// Returns whether `Upgrade` names a protocol that replaces HTTP. `h2c` and `TLS/*` only offer another
/// transport for the same request, and a server may ignore them (RFC 9110 §7.8): some clients send `h2c`
/// with every request.
fn asks_for_upgrade(head: &RequestHead<'_>) -> bool {
    let is_transport = |protocol: &[u8]| {
        protocol.is_empty()
            || protocol.eq_ignore_ascii_case(b"h2c")
            || protocol.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"TLS/"))
    };
    head.header_all(header::UPGRADE)
        .flat_map(|line| members(line.as_bytes()))
        .any(|protocol| !is_transport(protocol))
}

/// Returns whether a browser asks for a page to show.
fn is_navigation(head: &RequestHead<'_>) -> bool {
    if !is_get_or_head(head.method()) {
        return false;
    }
    match head.header(http::HeaderName::from_static("sec-fetch-mode")) {
        Some(mode) => mode == "navigate",
        None => head.header_all(header::ACCEPT).any(|accept| is_named(accept, "text/html")),
    }
}
