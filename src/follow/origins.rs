use std::sync::Arc;

use http::Uri;
use url::Url;

use crate::config_error::ConfigError;

/// Origins that trust each other with credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins(Option<Arc<[url::Origin]>>);

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
            Url::parse(&uri.to_string()).is_ok_and(|url| listed.contains(&url.origin()))
        };
        is_listed(a) && is_listed(b)
    }
}

fn parse(text: &str) -> Result<url::Origin, ConfigError> {
    let refused = |reason| ConfigError::url(text, reason);
    let url = Url::parse(text).map_err(|_| refused("not a url"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("not an absolute http or https url"));
    }
    // `Url` prints an origin with a slash as its path; anything more is no part of an origin.
    let origin = url.origin();
    if url.as_str() != format!("{}/", origin.ascii_serialization()) {
        return Err(refused("an origin has no userinfo, path, query or fragment"));
    }
    Ok(origin)
}
