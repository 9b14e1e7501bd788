use std::sync::Arc;

use http::Uri;
use url::Url;

use crate::config_error::ConfigError;
use crate::uri::Origin;

/// Origins that trust each other with credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins(Option<Arc<[Url]>>);

impl Origins {
    pub(super) fn add<I>(&mut self, origins: I) -> Result<(), ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let parsed = origins.into_iter().map(|origin| parse(origin.as_ref()));
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
                origin.is_some() && listed.iter().any(|listed| Origin::of_url(listed) == origin)
            })
        };
        is_listed(a) && is_listed(b)
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

fn parse(text: &str) -> Result<Url, ConfigError> {
    let refused = |reason| ConfigError::url(text, reason);
    let url = Url::parse(text).map_err(|_| refused("not a url"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("not an absolute http or https url"));
    }
    // `Url` prints an origin with a slash as its path; anything more is no part of an origin.
    if url.as_str() != format!("{}/", url.origin().ascii_serialization()) {
        return Err(refused("an origin has no userinfo, path, query or fragment"));
    }
    Ok(url)
}
