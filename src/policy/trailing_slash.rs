use std::borrow::Cow;

use http::Method;

use super::{Decision, RedirectPolicy, is_redirectable, pass_because};
use crate::head::RequestHead;
use crate::method::is_get_or_head;
use crate::redirection::Redirection;
use crate::uri::{is_ambiguous, is_well_known, without_trailing_slash};

/// Redirects paths to one form: with a slash at their end, or without.
///
/// Rules, in order:
///
/// 1. Only GET and HEAD are redirected, unless [`methods`](Self::methods) lists others. All other
///    methods pass, and so does a CORS preflight.
/// 2. The root passes, and so does a path with an empty or dot segment, `%2e`, `%2f`, `%5c` or `\`:
///    only the application knows its meaning. A path below `/.well-known/` passes (RFC 8615): an ACME
///    challenge has to be answered under its own URL.
/// 3. [`add`](Self::add): a path without a slash at its end gets one, unless its last segment has a
///    dot, as the name of a file does.
/// 4. [`remove`](Self::remove): a path with a slash at its end loses it.
/// 5. The answer is 307, or 308 with [`permanent`](Self::permanent). The query stays. Redirections of
///    other policies of the same layer are merged with this one.
///
/// Pitfalls: an inner service that redirects to the other form causes a redirect loop. With
/// [`remove`](Self::remove), tower-http's `ServeDir` does so: it adds the slash to the path of a
/// directory, unless `append_index_html_on_directories(false)` is set. To leave a path as it is, such as
/// that of a health check, use [`unless`](RedirectPolicy::unless).
///
/// ```
/// use http::Request;
/// use tower_redirect::policy::TrailingSlash;
/// use tower_redirect::{Decision, RedirectPolicy, RequestHead};
///
/// for (policy, path, location) in [
///     (TrailingSlash::add(), "/about?a=b", Some("/about/?a=b")),
///     (TrailingSlash::add(), "/about/", None),
///     (TrailingSlash::add(), "/logo.svg", None),
///     (TrailingSlash::remove(), "/about/", Some("/about")),
///     (TrailingSlash::remove(), "/", None),
/// ] {
///     let request = Request::get(path).body(())?;
///     let head = RequestHead::from(&request);
///     let seen = match policy.decide(&head) {
///         Decision::Redirect(to) => to.location_for(&head),
///         _ => None,
///     };
///     assert_eq!(seen.as_ref().map(|seen| seen.as_bytes()), location.map(str::as_bytes));
/// }
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug)]
#[doc(alias("append slash", "normalize path", "trailing slash"))]
#[must_use]
pub struct TrailingSlash {
    form: Form,
    permanent: bool,
    /// `None` means GET and HEAD.
    methods: Option<Box<[Method]>>,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    With,
    Without,
}

impl TrailingSlash {
    /// Adds the slash: `/a` leads to `/a/`.
    pub fn add() -> Self {
        Self { form: Form::With, permanent: false, methods: None }
    }

    /// Removes the slash: `/a/` leads to `/a`.
    pub fn remove() -> Self {
        Self { form: Form::Without, permanent: false, methods: None }
    }

    /// Redirects with 308, which clients and caches may keep for a day.
    pub fn permanent(mut self) -> Self {
        self.permanent = true;
        self
    }

    /// Sets the methods that are redirected, in place of GET and HEAD.
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = Some(methods.into_iter().collect());
        self
    }

    fn is_for(&self, method: &Method) -> bool {
        match &self.methods {
            Some(methods) => methods.contains(method),
            None => is_get_or_head(method),
        }
    }
}

impl RedirectPolicy for TrailingSlash {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        let path = head.path();
        let bare = without_trailing_slash(path);
        // The path of the root is a single slash.
        if bare.is_empty() || !is_redirectable(head) {
            return pass_because(head, "the root, or a request that cannot be redirected");
        }
        let end = path.len();
        let (start, slash) = match self.form {
            Form::With if bare.len() == end && !is_file(bare) => (end, "/"),
            Form::Without if bare.len() < end => (bare.len(), ""),
            _ => return pass_because(head, "its path has the right form, or is that of a file"),
        };
        if is_well_known(bare) {
            return pass_because(head, "its path is a well-known uri");
        }
        if !self.is_for(head.method()) || is_ambiguous(bare) {
            let reason = "its method is not redirected, or servers read its path differently";
            return pass_because(head, reason);
        }
        head.because(match self.form {
            Form::With => "its path lacks a slash at its end",
            Form::Without => "its path has a slash at its end",
        });
        let to = Redirection::new().splice_path(start, end, slash.into());
        Decision::Redirect(if self.permanent { to.permanent() } else { to })
    }

    fn name(&self) -> Cow<'static, str> {
        "trailing-slash".into()
    }
}

/// Returns whether the last segment looks like the name of a file: it has a dot.
fn is_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|last| last.contains('.'))
}
