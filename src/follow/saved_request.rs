//! The head of a request, saved for the requests that follow it.

use std::collections::HashSet;

use http::request::Parts;
use http::{Extensions, Method, Request, Uri, Version, header};

use super::context::RedirectContext;
use super::history::RedirectHistory;
use super::options::FollowOptions;
use super::remembered::MemoryUse;
use super::saved_headers::SavedHeaders;
use super::settings::Settings;

/// The last request of a chain, without its body. A redirection changes it in place to the next request.
pub(super) struct SavedRequest {
    pub(super) method: Method,
    pub(super) uri: Uri,
    /// Whether `uri` is known to have a [plain](crate::uri::Origin::plain) origin.
    pub(super) plain_origin: bool,
    version: Version,
    pub(super) headers: SavedHeaders,
    pub(super) extensions: Extensions,
    pub(super) has_content: bool,
    pub(super) history: RedirectHistory,
    pub(super) options: FollowOptions,
    /// `MemoryUse::None` if the layer has no memory.
    pub(super) memory_use: MemoryUse,
    /// Whether a redirection has led to an origin that may not see the caller's credentials.
    pub(super) left_trusted_origins: bool,
    /// The requests sent so far. Collected only if the layer has `error_on_loop` set; `None` until the
    /// first redirection.
    pub(super) sent: Option<HashSet<RequestKey>>,
}

/// Identifies a request among those of one chain.
///
/// Only the number of headers is compared: a chain only removes headers, so equal counts mean equal
/// headers, except that the value of `Connection` may have been reduced to `TE`.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct RequestKey {
    method: Method,
    uri: Uri,
    header_count: usize,
    has_content: bool,
}

impl SavedRequest {
    /// Copies the head of the first request. The original is sent to the inner service, unless a remembered
    /// redirection applies to it.
    pub(super) fn save(
        parts: &Parts,
        has_content: bool,
        options: FollowOptions,
        history: RedirectHistory,
    ) -> Self {
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            plain_origin: false,
            version: parts.version,
            headers: SavedHeaders::save(&parts.headers),
            extensions: parts.extensions.clone(),
            has_content,
            history,
            options,
            memory_use: MemoryUse::None,
            // An outer follower may have led this request to another origin already.
            left_trusted_origins: RedirectContext::of(&parts.extensions)
                .is_some_and(RedirectContext::has_left_trusted_origins),
            sent: None,
        }
    }

    /// Whether a redirection of this request can be followed. `false` for a CONNECT or an upgrade, because
    /// these concern one connection. Only the first request of a chain can be a CONNECT or an upgrade.
    pub(super) fn is_followable(&self) -> bool {
        let is_connect_or_upgrade =
            || self.method == Method::CONNECT || self.headers.get(&header::UPGRADE).is_some();
        !self.history.is_empty() || !is_connect_or_upgrade()
    }

    /// Whether the headers hold credentials.
    pub(super) fn has_credentials(&self, settings: &Settings) -> bool {
        let added = self.options.sensitive.as_deref();
        self.headers.any_sensitive(|name| settings.is_credential(name, added))
    }

    pub(super) fn key(&self) -> RequestKey {
        RequestKey {
            method: self.method.clone(),
            uri: self.uri.clone(),
            header_count: self.headers.len(),
            has_content: self.has_content,
        }
    }

    /// Builds the request to send. After a redirection, a [`RedirectContext`] is in its extensions.
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
                left_trusted_origins: self.left_trusted_origins,
            });
        }
        request
    }
}
