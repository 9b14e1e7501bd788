use std::borrow::Cow;

use super::{Annotation, Decision, Named, When};
use crate::head::RequestHead;

/// Decides about a request from its head, synchronously and without I/O.
///
/// See the [module](crate::policy) for how policies are combined.
///
/// Reading a [`RequestHead`] leaves notes in it, and the layer's answer depends on them. If the layer
/// answers, and caches may store the answer, its `Vary` names the headers that were read, except `Host`. A
/// call of [`forbid_storing`](RequestHead::forbid_storing) makes any answer `no-store`. If a policy, in
/// `decide`, asks for the host or for a value that a trusted proxy sends, and it is refused, the layer
/// answers 400 or 421, whatever the policy decides.
///
/// A policy is also asked about requests that were not made. If a redirection leads to a host of this
/// server and keeps the method, the layer asks about the target, so that several redirections become one: see
/// [`Redirection::allow_self`](crate::Redirection::allow_self) for policies that must not be asked again.
///
/// Pitfalls: a policy runs on the thread that serves the request, so it must not block. A redirection that
/// repeats the same request is a pass, unless [`allow_self`](crate::Redirection::allow_self) is set. Read
/// the host with [`RequestHead::authority`], not from the header: the method accounts for proxies, HTTP/2
/// and refused hosts.
///
/// ```
/// use http::Request;
/// use tower_redirect::{Decision, RedirectPolicy, Redirection, RequestHead};
///
/// /// Redirects people to the page in their language.
/// struct Language;
///
/// impl RedirectPolicy for Language {
///     fn decide(&self, head: &RequestHead<'_>) -> Decision {
///         let is_german = head.header("accept-language").is_some_and(|value| {
///             value.as_bytes().starts_with(b"de")
///         });
///         match head.path() {
///             "/" if is_german => Decision::Redirect(Redirection::new().path("/de/")),
///             _ => Decision::Pass,
///         }
///     }
/// }
///
/// let request = Request::get("/").header("accept-language", "de-AT").body(())?;
/// assert!(matches!(Language.decide(&RequestHead::from(&request)), Decision::Redirect(_)));
/// let request = Request::get("/de/").header("accept-language", "de-AT").body(())?;
/// assert!(matches!(Language.decide(&RequestHead::from(&request)), Decision::Pass));
/// # Ok::<(), http::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a redirect policy",
    label = "not a `RedirectPolicy`",
    note = "use `policy_fn(|head| ..)` for a closure that returns `Decision`, `Redirection` or \
            `Option<Redirection>`",
    note = "a constructor or setting that returns a `Result` is followed by `?`",
    note = "a tuple has at most eight policies, which may be tuples"
)]
pub trait RedirectPolicy: Send + Sync {
    /// Decides what to do with this request.
    fn decide(&self, head: &RequestHead<'_>) -> Decision;

    /// Returns the headers that this policy adds to the answer, whether the application, a policy or the
    /// layer produces it. The default is none.
    ///
    /// The layer calls this method after the policies have decided and, if they pass, before it calls the
    /// inner service. The head is always that of the request that arrived, not of a redirection's target. The
    /// headers are dropped if the host or the forwarded headers are refused. A policy of
    /// [`after_not_found`](crate::RedirectLayer::after_not_found) annotates only its own answers. `Vary`
    /// does not name the headers that are read here, except in an answer after a 404.
    #[inline]
    fn annotate(&self, _head: &RequestHead<'_>) -> Option<Annotation> {
        None
    }

    /// Returns the name of this policy in diagnoses and [events](crate::server::Answered).
    ///
    /// The default is the type's name, without path and type parameters. Override it with a short name
    /// that stays the same in every release, or set one with [`named`](Self::named).
    fn name(&self) -> Cow<'static, str> {
        without_path(std::any::type_name::<Self>()).into()
    }

    /// Returns all names that the answers of this policy may have in metrics. For a list, these are the names
    /// of its policies; for a table of rules, they include the names of counted rules.
    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name()]
    }

    /// Returns whether [`decide`](Self::decide) itself passes every request that follows one of this policy's
    /// redirections. The layer then asks neither the policy about the target nor the condition of
    /// [`when`](Self::when), which saves 580 instructions. A policy in a tuple or list is asked nevertheless,
    /// and so is every policy of a layer with
    /// [`separate_https_redirect`](crate::RedirectLayer::separate_https_redirect). In all cases, a redirection
    /// that repeats the same request is sent, and is not treated as a pass. The default is `false`.
    ///
    /// Pitfall: if the policy redirects such a request after all, the client makes one more hop, and an
    /// endless redirection is not noticed.
    #[inline]
    fn redirects_once(&self) -> bool {
        false
    }

    /// Sets the [name](Self::name).
    ///
    /// ```
    /// use tower_redirect::{Redirection, RedirectPolicy, policy_fn};
    ///
    /// let moved = policy_fn(|head| (head.path() == "/old").then(|| Redirection::new().path("/new")));
    /// assert_eq!(moved.name(), "policy-fn");
    /// assert_eq!(moved.named("moved").name(), "moved");
    /// ```
    fn named(self, name: impl Into<Cow<'static, str>>) -> Named<Self>
    where
        Self: Sized,
    {
        Named::new(self, name.into())
    }

    /// Asks this policy, then `other` if this one passes. The result is the pair of them.
    ///
    /// On an `Option`, `Option::or` takes precedence: write the tuple instead.
    fn or<P>(self, other: P) -> (Self, P)
    where
        Self: Sized,
        P: RedirectPolicy,
    {
        (self, other)
    }

    /// Lets this policy decide and annotate only if `condition` holds. It passes otherwise.
    fn when<F>(self, condition: F) -> When<Self, F>
    where
        Self: Sized,
        F: Fn(&RequestHead<'_>) -> bool + Send + Sync,
    {
        When::new(self, condition, true)
    }

    /// Passes if `condition` holds. Otherwise, lets this policy decide and annotate.
    fn unless<F>(self, condition: F) -> When<Self, F>
    where
        Self: Sized,
        F: Fn(&RequestHead<'_>) -> bool + Send + Sync,
    {
        When::new(self, condition, false)
    }
}

/// Returns `Moved` for `app::policies::Moved<u8>` and for `<app::S as app::Make>::make::Moved`.
fn without_path(type_name: &'static str) -> &'static str {
    // The position of the `<` that belongs to the `>` at the end.
    let mut depth = 0_u32;
    let start = type_name.strip_suffix('>').and_then(|inner| {
        inner.char_indices().rev().find_map(|(at, character)| {
            match character {
                '<' if depth == 0 => return Some(at),
                '<' => depth -= 1,
                '>' if !inner.get(..at).is_some_and(|before| before.ends_with('-')) => depth += 1,
                _ => {}
            }
            None
        })
    });
    let path = start.and_then(|start| type_name.get(..start)).unwrap_or(type_name);
    path.rsplit_once("::").map_or(path, |(_, name)| name)
}
