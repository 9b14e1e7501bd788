//! The request of a call, as the next hop would send it.

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, Uri, Version, header};

use super::fields::Fields;
use super::history::RedirectHistory;

pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) uri: Uri,
    version: Version,
    pub(super) fields: Fields,
    pub(super) extensions: Extensions,
    pub(super) has_content: bool,
    pub(super) history: RedirectHistory,
    /// CONNECT or an upgrade: the answer concerns this connection.
    pub(super) followable: bool,
}

impl Exchange {
    pub(super) fn save(parts: &Parts, has_content: bool) -> Self {
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            fields: Fields::save(&parts.headers),
            extensions: parts.extensions.clone(),
            has_content,
            history: RedirectHistory::default(),
            followable: is_followable(&parts.method, &parts.headers),
        }
    }

    pub(super) fn request<B>(&self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.fields.to_map();
        *request.extensions_mut() = self.extensions.clone();
        request
    }
}

fn is_followable(method: &Method, fields: &HeaderMap) -> bool {
    *method != Method::CONNECT && !fields.contains_key(header::UPGRADE)
}
