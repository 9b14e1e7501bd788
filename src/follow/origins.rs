use std::fmt;
use std::sync::Arc;

use http::Uri;
use url::{Host, Url};

use crate::config_error::ConfigError;
use crate::uri::{Origin, Scheme};

/// A list of origins, and of domains whose subdomains are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins(Option<Arc<OriginSets>>);

/// The origins of a list, sorted for a binary search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct OriginSets {
    exact: Vec<ListedOrigin>,
    /// Origins whose subdomains are listed, without the origin itself (`https://*.example.com`).
    below: Vec<ListedOrigin>,
}

/// An origin in the form that the URL parser writes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ListedOrigin {
    host: Box<str>,
    scheme: Scheme,
    port: u16,
}

impl Origins {
    /// Whether the origin of this URL is listed.
    pub(super) fn lists(&self, uri: &Uri) -> bool {
        self.0.as_ref().is_some_and(|sets| sets.lists(uri))
    }

    pub(super) fn add<I>(&mut self, origins: I) -> Result<(), ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let mut sets = self.0.as_deref().cloned().unwrap_or_default();
        for origin in origins {
            let text = origin.as_ref();
            sets.add(text).map_err(|reason| ConfigError::url(text, reason))?;
        }
        for list in [&mut sets.exact, &mut sets.below] {
            list.sort_by(|a, b| a.key().cmp(&b.key()));
        }
        self.0 = Some(Arc::new(sets));
        Ok(())
    }

    /// Whether the origins of both URIs are in the list.
    pub(super) fn lists_both(&self, a: &Uri, b: &Uri) -> bool {
        self.0.as_ref().is_some_and(|sets| sets.lists(a) && sets.lists(b))
    }
}

impl OriginSets {
    /// Adds an origin. `Err` is the reason why the text is not one.
    fn add(&mut self, text: &str) -> Result<(), &'static str> {
        // Parsed without its `*.`, so that the rest is validated as any other origin is.
        if let Some((scheme, domain)) = text.split_once("://*.") {
            let url = parse(&format!("{scheme}://{domain}"))?;
            let origin = Origin::of_url(&url).filter(|origin| is_domain(&url, origin.host()));
            let origin =
                origin.ok_or("`*.` must be followed by a domain without a trailing dot")?;
            self.below.push(ListedOrigin::new(&origin));
        } else {
            let url = parse(text)?;
            self.exact.extend(Origin::of_url(&url).map(|origin| ListedOrigin::new(&origin)));
        }
        Ok(())
    }

    fn lists(&self, uri: &Uri) -> bool {
        if let Some(origin) = Origin::plain(uri) {
            return self.contains(&origin);
        }
        let url = url(uri);
        url.as_ref().and_then(Origin::of_url).is_some_and(|origin| self.contains(&origin))
    }

    fn contains(&self, origin: &Origin<'_>) -> bool {
        let has = |list: &[ListedOrigin], host: &str| {
            let key = (host, origin.scheme().as_str(), origin.port());
            list.binary_search_by(|listed| listed.key().cmp(&key)).is_ok()
        };
        let host = origin.host();
        // After each of these dots comes a parent domain of the host.
        let mut dots = host.match_indices('.').filter(|(dot, _)| *dot > 0);
        has(&self.exact, host)
            || !self.below.is_empty()
                && dots.any(|(dot, _)| host.get(dot + 1..).is_some_and(|d| has(&self.below, d)))
    }
}

/// Whether the host of a URL can have subdomains in a list: a name without a trailing dot. A
/// trailing dot makes a different origin.
fn is_domain(url: &Url, host: &str) -> bool {
    matches!(url.host(), Some(Host::Domain(_)))
        && !host.ends_with('.')
        && crate::uri::Host::parse(host).is_ok()
}

impl ListedOrigin {
    fn new(origin: &Origin<'_>) -> Self {
        Self { host: origin.host().into(), scheme: origin.scheme(), port: origin.port() }
    }

    fn key(&self) -> (&str, &str, u16) {
        (&self.host, self.scheme.as_str(), self.port)
    }
}

/// A function that decides whether credentials and extensions are kept on a redirection from one URL to
/// another.
#[derive(Clone)]
pub(super) struct TrustFn(pub(super) Arc<Trusts>);

type Trusts = dyn Fn(&Uri, &Uri) -> bool + Send + Sync;

impl fmt::Debug for TrustFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustFn(..)")
    }
}

/// Whether `new` is the https origin of the http URI `old`: the same host, both on the default port.
pub(super) fn is_https_upgrade(old: &Uri, new: &Uri) -> bool {
    let (Some(old), Some(new)) = (url(old), url(new)) else { return false };
    let origins = Origin::of_url(&old).zip(Origin::of_url(&new));
    origins.is_some_and(|(old, new)| old.upgrades_to(&new))
}

/// Parses a URI with the URL parser, because a caller may have spelled its host in any way. Returns `None`
/// if the URI has no scheme or is not a URL.
pub(super) fn url(uri: &Uri) -> Option<Url> {
    // The URL parser would read the authority `https:443` as a URL of scheme https.
    uri.scheme()?;
    Url::parse(&uri.to_string()).ok()
}

/// Parses an http or https origin. `Err` is the reason why the text is not one.
fn parse(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a url")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("not an absolute http or https url");
    }
    // `Url` prints an origin with a slash as its path; anything more is not part of an origin.
    if url.as_str() != format!("{}/", url.origin().ascii_serialization()) {
        return Err("an origin has no userinfo, path, query or fragment");
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err("`*.` is allowed only at the start of a host");
    }
    Ok(url)
}
