use http::{HeaderValue, Version, header};

use crate::diagnosis::Diagnosis;
use crate::head::RequestHead;
use crate::method::is_get_or_head;
use crate::redirection::Redirection;

/// Where requests go in maintenance. Not nameable outside: the targets are these four.
pub trait Target: Send + Sync {
    /// The request is for the target itself.
    fn is_reached_by(&self, _: &RequestHead<'_>) -> bool {
        false
    }

    /// `None` is 503.
    fn redirection(&self, head: &RequestHead<'_>) -> Option<&Redirection>;
}

/// A [`Maintenance`](super::Maintenance) that refuses all work.
#[derive(Clone, Debug)]
pub struct Unavailable;

impl Target for Unavailable {
    fn redirection(&self, _: &RequestHead<'_>) -> Option<&Redirection> {
        None
    }
}

/// A [`Maintenance`](super::Maintenance) that shows people a page: see [`Maintenance::page`](super::Maintenance::page).
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

/// A [`Maintenance`](super::Maintenance) during which another origin works: see [`Maintenance::standby`](super::Maintenance::standby).
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

/// A [`Maintenance`](super::Maintenance) that sends everything to one URL: see [`Maintenance::redirect_to`](super::Maintenance::redirect_to).
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

/// What cannot go on elsewhere by way of a `Location`.
pub(super) fn is_bound_to_its_connection(head: &RequestHead<'_>) -> bool {
    let grpc = |value: &HeaderValue| {
        let essence = value.as_bytes().get(..b"application/grpc".len());
        essence.is_some_and(|start| start.eq_ignore_ascii_case(b"application/grpc"))
    };
    head.has_no_url()
        || head.version() <= Version::HTTP_11 && head.header(header::UPGRADE).is_some()
        || head.header(header::CONTENT_TYPE).is_some_and(grpc)
}

/// A person waits for a page.
fn is_navigation(head: &RequestHead<'_>) -> bool {
    if !is_get_or_head(head.method()) {
        return false;
    }
    match head.header(http::HeaderName::from_static("sec-fetch-mode")) {
        Some(mode) => mode == "navigate",
        None => head.header_all(header::ACCEPT).any(|accept| {
            let html = b"text/html".as_slice();
            accept.as_bytes().windows(html.len()).any(|word| word.eq_ignore_ascii_case(html))
        }),
    }
}
