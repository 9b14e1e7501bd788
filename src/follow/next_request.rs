//! The request of a call, without its body, as the next hop sends it.

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
    /// The requests sent so far; empty unless the layer makes an error of loops.
    pub(super) sent: Vec<RequestKey>,
}

/// Identifies a request among those of one chain.
///
/// Headers are only removed, so equal counts mean equal headers.
#[derive(PartialEq)]
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
            version: parts.version,
            headers: SavedHeaders::save(&parts.headers),
            extensions: parts.extensions.clone(),
            has_content,
            history: RedirectHistory::default(),
            followable: is_followable(parts),
            options,
            crossed: false,
            sent: Vec::new(),
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

    pub(super) fn with_body<B>(&self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.to_map();
        *request.extensions_mut() = self.extensions.clone();
        if let Some(first) = self.history.hops().first() {
            let (hop, first_uri) = (self.history.len(), first.uri().clone());
            request.extensions_mut().insert(RedirectContext {
                hop,
                first_uri,
                crossed: self.crossed,
            });
        }
        request
    }
}

fn is_followable(parts: &Parts) -> bool {
    parts.method != Method::CONNECT && !parts.headers.contains_key(header::UPGRADE)
}
