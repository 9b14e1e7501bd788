use std::cell::Cell;

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};

use crate::axum::UriSource;
use crate::uri::PLAIN_WITH_QUERY;

/// The parts of a request without its body.
pub(super) struct Parts<'a> {
    pub(super) method: &'a Method,
    uri: &'a Uri,
    source: UriSource,
    /// The URI that policies see, once it is looked up in `source`.
    seen: Cell<Option<&'a Uri>>,
    pub(super) version: Version,
    pub(super) headers: &'a HeaderMap,
    pub(super) extensions: &'a Extensions,
    /// The path and query, if a redirection replaced those of the URI.
    moved: Option<(&'a str, Option<&'a str>)>,
    /// Caches [`is_plain`](Self::is_plain), which is called more than once for a redirection.
    plain: Cell<Option<bool>>,
}

impl<'a> Parts<'a> {
    pub(super) fn new<B>(request: &'a Request<B>, source: UriSource) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            source,
            seen: Cell::new(None),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
            moved: None,
            plain: Cell::new(None),
        }
    }

    /// The same parts, for a shorter lifetime.
    pub(super) fn reborrow<'m>(&self) -> Parts<'m>
    where
        'a: 'm,
    {
        let Self { method, uri, source, version, headers, extensions, moved, .. } = *self;
        let seen = Cell::new(self.seen.get());
        let plain = Cell::new(self.plain.get());
        Parts { method, uri, source, seen, version, headers, extensions, moved, plain }
    }

    /// The same parts with another path and query, which are encoded as in a `Location`.
    pub(super) fn at<'m>(&'m self, path: &'m str, query: Option<&'m str>) -> Parts<'m> {
        let (moved, plain) = (Some((path, query)), Cell::new(Some(true)));
        Parts { moved, plain, ..self.reborrow() }
    }

    /// The URI that policies see, with the path and query of the request even if a redirection replaced
    /// them.
    pub(super) fn uri(&self) -> &'a Uri {
        self.seen.get().unwrap_or_else(|| {
            let original = self.source.find(self.extensions);
            let uri = original.unwrap_or(self.uri);
            self.seen.set(Some(uri));
            uri
        })
    }

    pub(super) fn path(&self) -> &'a str {
        self.moved.map_or_else(|| self.uri().path(), |(path, _)| path)
    }

    pub(super) fn query(&self) -> Option<&'a str> {
        self.moved.map_or_else(|| self.uri().query(), |(_, query)| query)
    }

    /// The path and query as they were sent, with the `?` between them, if a `Location` may hold them as they
    /// are. `None` for a path without a slash at its start, such as `*`.
    pub(super) fn plain_target(&self) -> Option<&'a str> {
        if self.moved.is_some() || !self.is_plain() {
            return None;
        }
        let sent = self.uri().path_and_query()?.as_str();
        sent.starts_with('/').then_some(sent)
    }

    /// Whether path and query need no percent-encoding in a `Location`.
    pub(super) fn is_plain(&self) -> bool {
        self.plain.get().unwrap_or_else(|| {
            let sent = self.uri().path_and_query();
            let plain = sent.is_none_or(|sent| PLAIN_WITH_QUERY.contains_all(sent.as_str()));
            self.plain.set(Some(plain));
            plain
        })
    }
}
