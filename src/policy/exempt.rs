//! Paths that a policy lets pass.

use http::Method;

use crate::config_error::ConfigError;
use crate::head::RequestHead;
use crate::method::is_get_or_head;
use crate::uri::{is_at_or_below, may_be_misread, normalize, without_trailing_slash};

/// The path of ACME challenges and the configured paths, each with everything below it. The configured paths
/// are in normal form, and are compared segment by segment with the path as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Exempt {
    paths: Vec<Box<str>>,
}

impl Exempt {
    pub(crate) const fn acme_only() -> Self {
        Self { paths: Vec::new() }
    }

    pub(crate) fn add(&mut self, path: &str) -> Result<(), ConfigError> {
        let refuse = |reason| Err(ConfigError::path(path, reason));
        let trimmed = without_trailing_slash(path);
        if !path.starts_with('/') || trimmed.is_empty() {
            return refuse("a path starts with `/` and names a segment");
        }
        if path.contains(['?', '#']) {
            return refuse("a path has no query and no fragment");
        }
        if path.contains(['*', '{', '}']) || path.contains("/:") {
            return refuse("there are no wildcards or captures: everything below a path is exempt");
        }
        if may_be_misread(trimmed) {
            return refuse(
                "never exempt: servers differ about empty and dot segments, `\\`, `;` and escapes such \
                 as `%2f`, `%25` and `%00`",
            );
        }
        if path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return refuse("percent-encode spaces and control bytes");
        }
        self.paths.push(normalize(trimmed).into());
        Ok(())
    }

    /// Returns whether the request is exempt: an ACME challenge with GET or HEAD, or a configured path with
    /// GET, HEAD or OPTIONS. A path that some server may read as another one is never exempt.
    pub(crate) fn covers(&self, head: &RequestHead<'_>) -> bool {
        if !is_get_or_head(head.method()) && *head.method() != Method::OPTIONS {
            return false;
        }
        is_acme_challenge(head)
            || self.paths.iter().any(|prefix| is_at_or_below(head.path(), prefix))
                && !may_be_misread(without_trailing_slash(head.path()))
    }
}

/// Returns whether the request belongs to an HTTP-01 challenge (RFC 8555 §8.3), which comes over http.
/// Unless it is answered, the server gets no certificate.
pub(crate) fn is_acme_challenge(head: &RequestHead<'_>) -> bool {
    let path = head.path();
    is_get_or_head(head.method())
        && is_at_or_below(path, "/.well-known/acme-challenge")
        && !may_be_misread(without_trailing_slash(path))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn compared_per_segment() {
        let mut exempt = Exempt::acme_only();
        exempt.add("/health/").expect("valid");
        exempt.add("/caf%c3%a9").expect("valid");
        exempt.add("/bücher").expect("valid");
        for (method, path, covered) in [
            ("GET", "/.well-known/acme-challenge/token", true),
            ("HEAD", "/.well-known/acme-challenge/token", true),
            ("OPTIONS", "/.well-known/acme-challenge/token", false),
            ("POST", "/.well-known/acme-challenge/token", false),
            ("GET", "/.well-known/acme-challenges", false),
            ("GET", "/health", true),
            ("GET", "/health?a=b", true),
            ("HEAD", "/health/live", true),
            ("OPTIONS", "/health", true),
            ("POST", "/health", false),
            ("GET", "/healthy", false),
            ("GET", "/Health", false),
            ("GET", "/x/health", false),
            ("GET", "/health/../secret", false),
            ("GET", "/health/./x", false),
            ("GET", "/health//x", false),
            ("GET", "//health", false),
            ("GET", "/health/", true),
            ("GET", "/health/live/", true),
            ("GET", "/health/live//", false),
            ("GET", "/health/..a", false),
            ("GET", "/health/..;/secret", false),
            ("GET", "/health/a;b", false),
            ("GET", "/health/%252e%252e/secret", false),
            ("GET", "/health/a%00", false),
            ("GET", "/health/%c0%ae", false),
            ("GET", "/health/%C0%AF", false),
            ("GET", "/health/%f8%80%80%80%ae", false),
            ("GET", "/health/%FC%80%80%80%80%AE", false),
            ("GET", "/health/%f0%9f%92%9a", true),
            ("GET", "/health/..%2Fsecret", false),
            ("GET", "/health/a%2Fb", false),
            ("GET", "/health/.well", true),
            ("GET", "/.well-known/acme-challenge/", true),
            ("GET", "/health/%2e%2e/secret", false),
            ("GET", "/health/%2E./secret", false),
            ("GET", "/health/..%2fsecret", false),
            ("GET", "/health/%5C..", false),
            ("GET", "/health/\\..", false),
            ("GET", "/health/%41", true),
            ("GET", "/caf%C3%A9", true),
            ("GET", "/b%C3%BCcher/1", true),
            ("GET", "/caf%c3%a9", false),
        ] {
            let request = Request::builder().method(method).uri(path).body(()).expect(path);
            assert_eq!(exempt.covers(&RequestHead::from(&request)), covered, "{method} {path}");
        }
    }

    #[test]
    fn unsuitable_paths_are_refused() {
        for path in [
            "", "/", "health", "//", "/a//b", "/a/../b", "/a?b", "/a#b", "/%2e", "/a\\b", "/a b",
            "/a*", "/*", "/{id}", "/a;b", "/..a", "/%25", "/%00",
        ] {
            assert!(Exempt::acme_only().add(path).is_err(), "{path}");
        }
        let error = Exempt::acme_only().add("/a;b").expect_err("refused").to_string();
        assert!(error.contains("`;`"), "{error}");
        let error = Exempt::acme_only().add("/a b").expect_err("refused").to_string();
        assert!(error.contains("percent-encode spaces"), "{error}");
    }
}
