//! The request of a call, as the next hop would send it.

use http::request::Parts;
use http::{Extensions, Method, Request, Uri, Version, header};

use super::context::RedirectContext;
use super::fields::Fields;
use super::history::RedirectHistory;
use super::options::FollowOptions;

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
    pub(super) options: FollowOptions,
    /// Credentials were left behind.
    pub(super) crossed: bool,
    /// What was sent so far, where somebody looks for loops.
    pub(super) sent: Vec<Key>,
}

/// What makes two requests of a chain the same. Fields are only ever taken away, so that as many are
/// the same ones.
#[derive(PartialEq)]
pub(super) struct Key {
    method: Method,
    uri: Uri,
    fields: usize,
    has_content: bool,
}

impl Exchange {
    pub(super) fn save(parts: &Parts, has_content: bool, options: FollowOptions) -> Self {
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            fields: Fields::save(&parts.headers),
            extensions: parts.extensions.clone(),
            has_content,
            history: RedirectHistory::default(),
            followable: is_followable(parts),
            options,
            crossed: false,
            sent: Vec::new(),
        }
    }

    pub(super) fn key(&self) -> Key {
        Key {
            method: self.method.clone(),
            uri: self.uri.clone(),
            fields: self.fields.len(),
            has_content: self.has_content,
        }
    }

    pub(super) fn request<B>(&self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.fields.to_map();
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
