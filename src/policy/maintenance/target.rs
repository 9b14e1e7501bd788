use http::{Version, header};

use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::media_type::{is_grpc, is_named};
use crate::method::is_get_or_head;
use crate::redirection::Redirection;

/// Where a [`Maintenance`](super::Maintenance) redirects to. Sealed: the targets are these four.
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
        is_get_or_head(head.method()) && self.0.resolve(head).is_same_path()
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
        self.0.resolve(head).is_same_path()
    }

    fn redirection(&self, _: &RequestHead<'_>) -> Option<&Redirection> {
        Some(&self.0)
    }
}

/// Returns whether clients cannot follow a redirection of this request: CONNECT, `OPTIONS *`, an
/// upgrade, or gRPC.
pub(super) fn client_cannot_follow(head: &RequestHead<'_>) -> bool {
    head.has_no_url()
        || head.version() <= Version::HTTP_11 && head.header(header::UPGRADE).is_some()
        || head.header(header::CONTENT_TYPE).is_some_and(is_grpc)
}

/// Returns whether a browser asks for a page to show.
fn is_navigation(head: &RequestHead<'_>) -> bool {
    if !is_get_or_head(head.method()) {
        return false;
    }
    match head.header(http::HeaderName::from_static("sec-fetch-mode")) {
        Some(mode) => mode == "navigate",
        None => head.header_all(header::ACCEPT).any(|accept| is_named("text/html", accept)),
    }
}
