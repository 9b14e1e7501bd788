//! The request of a call, without its body, as the next hop sends it.

use std::collections::HashSet;

use http::request::Parts;
use http::{Extensions, Method, Request, Uri, Version, header};

use super::context::RedirectContext;
use super::history::RedirectHistory;
use super::options::FollowOptions;
use super::saved_headers::SavedHeaders;

/// The request to send if the response is a redirection. Each step changes it in place; until then
/// it is the request that was sent last.
pub(super) struct NextRequest {
    pub(super) method: Method,
    pub(super) uri: Uri,
    /// Whether `uri` is known to have a [plain](crate::uri::Origin::plain) origin.
    pub(super) plain_origin: bool,
    version: Version,
    pub(super) headers: SavedHeaders,
    pub(super) extensions: Extensions,
    pub(super) has_content: bool,
    pub(super) history: RedirectHistory,
    /// `false` for CONNECT and for upgrades, which concern one connection.
    pub(super) followable: bool,
    pub(super) options: FollowOptions,
    /// Whether the chain has left the origins that may see the first request's credentials.
    pub(super) crossed: bool,
    /// The requests sent so far; `None` unless the layer makes an error of loops.
    pub(super) sent: Option<HashSet<RequestKey>>,
}

/// Identifies a request among those of one chain.
///
/// Headers are only removed, so equal counts mean equal headers.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct RequestKey {
    method: Method,
    uri: Uri,
    header_count: usize,
    has_content: bool,
}

impl NextRequest {
    pub(super) fn save(parts: &Parts, has_content: bool, options: FollowOptions) -> Self {
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            plain_origin: false,
            version: parts.version,
            headers: SavedHeaders::save(&parts.headers),
            extensions: parts.extensions.clone(),
            has_content,
            history: RedirectHistory::default(),
            followable: is_followable(parts),
            options,
            // A follower outside may have led the request to where secrets may not go.
            crossed: RedirectContext::of(&parts.extensions)
                .is_some_and(RedirectContext::has_crossed),
            sent: None,
        }
    }

    pub(super) fn key(&self) -> RequestKey {
        RequestKey {
            method: self.method.clone(),
            uri: self.uri.clone(),
            header_count: self.headers.len(),
            has_content: self.has_content,
        }
    }

    pub(super) fn with_body<B>(&mut self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.next_map();
        *request.extensions_mut() = self.extensions.clone();
        let hops = self.history.hops();
        if let (Some(first), Some(last)) = (hops.first(), hops.last()) {
            request.extensions_mut().insert(RedirectContext {
                hop: hops.len(),
                first_uri: first.uri().clone(),
                previous_uri: last.uri().clone(),
                crossed: self.crossed,
            });
        }
        request
    }
}

fn is_followable(parts: &Parts) -> bool {
    parts.method != Method::CONNECT && !parts.headers.contains_key(header::UPGRADE)
}
