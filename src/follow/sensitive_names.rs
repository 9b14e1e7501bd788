use http::HeaderName;

/// The names of the headers that are dropped on a redirection to another origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SensitiveNames {
    /// If set, these names replace those of `is_sensitive_by_default`.
    credentials: Option<Vec<HeaderName>>,
    names: Vec<HeaderName>,
    /// Prefixes of names, in lower case.
    prefixes: Vec<Box<str>>,
}

impl SensitiveNames {
    pub(super) fn replace_credentials(&mut self, names: impl IntoIterator<Item = HeaderName>) {
        self.credentials = Some(names.into_iter().collect());
    }

    pub(super) fn extend(&mut self, names: impl IntoIterator<Item = HeaderName>) {
        self.names.extend(names);
    }

    pub(super) fn push_prefix(&mut self, prefix: Box<str>) {
        self.prefixes.push(prefix);
    }

    /// Whether the header is a credential, or was added to the credentials.
    pub(super) fn contains(&self, name: &HeaderName) -> bool {
        let credential = match &self.credentials {
            None => is_sensitive_by_default(name.as_str()),
            Some(names) => names.contains(name),
        };
        credential || self.was_added(name)
    }

    /// Whether the header was added by name or by prefix.
    pub(super) fn was_added(&self, name: &HeaderName) -> bool {
        self.names.contains(name)
            || self.prefixes.iter().any(|prefix| name.as_str().starts_with(&**prefix))
    }
}

/// Whether a header holds credentials or a challenge, or reveals one origin to another.
fn is_sensitive_by_default(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "cookie"
            | "cookie2"
            | "proxy-authorization"
            | "proxy-authenticate"
            | "www-authenticate"
            | "referer"
            | "origin"
    )
}
