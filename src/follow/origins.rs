use std::fmt;
use std::sync::Arc;

use http::Uri;
use url::{Host, Url};

use crate::config_error::ConfigError;
use crate::uri::{HostPattern, Origin, Scheme};

/// Origins that trust each other with credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins(Option<Arc<[OriginPattern]>>);

/// An origin, or all origins whose host is below a domain (`https://*.example.com`).
#[derive(Clone, Debug, PartialEq, Eq)]
enum OriginPattern {
    Exact(Url),
    Below { scheme: Scheme, port: u16, hosts: HostPattern },
}

impl Origins {
    pub(super) fn add<I>(&mut self, origins: I) -> Result<(), ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let parsed = origins.into_iter().map(|origin| OriginPattern::parse(origin.as_ref()));
        let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
        self.0 = Some(self.0.iter().flat_map(|all| all.iter().cloned()).chain(parsed).collect());
        Ok(())
    }

    /// Whether the origins of both URIs are in the list.
    pub(super) fn lists_both(&self, a: &Uri, b: &Uri) -> bool {
        let Some(listed) = &self.0 else { return false };
        let is_listed = |uri: &Uri| {
            url(uri).is_some_and(|url| {
                let origin = Origin::of_url(&url);
                origin.is_some_and(|origin| listed.iter().any(|pattern| pattern.matches(&origin)))
            })
        };
        is_listed(a) && is_listed(b)
    }
}

const NOT_A_DOMAIN: &str = "`*.` stands before a domain, without a trailing dot";

impl OriginPattern {
    fn parse(text: &str) -> Result<Self, ConfigError> {
        // Parsed without its `*.`, so that the rest is validated as any other origin is.
        if let Some((scheme, domain)) = text.split_once("://*.") {
            let url = parse(&format!("{scheme}://{domain}"))
                .map_err(|reason| ConfigError::url(text, reason))?;
            // A trailing dot makes it another domain, which `HostPattern` would overlook.
            let is_domain = matches!(url.host(), Some(Host::Domain(name)) if !name.ends_with('.'));
            let origin = Origin::of_url(&url).filter(|_| is_domain);
            let origin = origin.ok_or_else(|| ConfigError::url(text, NOT_A_DOMAIN))?;
            let hosts = HostPattern::parse(&format!("*.{}", origin.host()));
            let hosts = hosts.map_err(|_| ConfigError::url(text, NOT_A_DOMAIN))?;
            return Ok(Self::Below { scheme: origin.scheme(), port: origin.port(), hosts });
        }
        parse(text).map(Self::Exact).map_err(|reason| ConfigError::url(text, reason))
    }

    fn matches(&self, origin: &Origin<'_>) -> bool {
        match self {
            Self::Exact(url) => Origin::of_url(url).as_ref() == Some(origin),
            Self::Below { scheme, port, hosts } => {
                (*scheme, *port) == (origin.scheme(), origin.port())
                    && hosts.matches(&origin.authority())
            }
        }
    }
}

/// A function that decides whether two origins trust each other.
#[derive(Clone)]
pub(super) struct TrustFn(Arc<dyn Fn(&Uri, &Uri) -> bool + Send + Sync>);

impl TrustFn {
    pub(super) fn new(trusts: impl Fn(&Uri, &Uri) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(trusts))
    }

    pub(super) fn trusts(&self, old: &Uri, new: &Uri) -> bool {
        (self.0)(old, new)
    }
}

impl fmt::Debug for TrustFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrustFn(..)")
    }
}

/// Whether `new` is the https origin of the http URI `old`: one host, both on the default port.
pub(super) fn is_https_upgrade(old: &Uri, new: &Uri) -> bool {
    let (Some(old), Some(new)) = (url(old), url(new)) else { return false };
    let origins = Origin::of_url(&old).zip(Origin::of_url(&new));
    origins.is_some_and(|(old, new)| old.upgrades_to(&new))
}

/// A URI that was sent, as the URL parser reads it: a caller may have written its host in any way.
fn url(uri: &Uri) -> Option<Url> {
    Url::parse(&uri.to_string()).ok()
}

/// Parses an http or https origin. `Err` says what is wrong.
fn parse(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a url")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("not an absolute http or https url");
    }
    // `Url` prints an origin with a slash as its path; anything more is no part of an origin.
    if url.as_str() != format!("{}/", url.origin().ascii_serialization()) {
        return Err("an origin has no userinfo, path, query or fragment");
    }
    if url.host_str().is_some_and(|host| host.contains('*')) {
        return Err("`*.` stands for labels at the start of a host only");
    }
    Ok(url)
}
