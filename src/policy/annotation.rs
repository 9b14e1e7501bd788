use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Headers that a policy adds to the answer, whether the application, a policy or the layer produces it:
/// see [`RedirectPolicy::annotate`](crate::RedirectPolicy::annotate).
///
/// Each header is added only if the answer does not already have it. An answer that the layer marks
/// `no-store`, such as a 307, gets no `CDN-Cache-Control` or similar header. A clone allocates nothing.
///
/// ```
/// use http::{HeaderValue, Request, header};
/// use tower_redirect::policy::Annotation;
/// use tower_redirect::{Decision, RedirectPolicy, RequestHead};
///
/// struct NoSniff(Annotation);
///
/// impl RedirectPolicy for NoSniff {
///     fn decide(&self, _: &RequestHead<'_>) -> Decision {
///         Decision::Pass
///     }
///
///     fn annotate(&self, _: &RequestHead<'_>) -> Option<Annotation> {
///         Some(self.0.clone())
///     }
/// }
///
/// let nosniff = HeaderValue::from_static("nosniff");
/// let policy = NoSniff(Annotation::new(header::X_CONTENT_TYPE_OPTIONS, nosniff));
/// let request = Request::get("/").body(())?;
/// assert!(policy.annotate(&RequestHead::from(&request)).is_some());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Annotation(Arc<[(HeaderName, HeaderValue)]>);

impl Annotation {
    /// Creates an annotation with one header. Create it once, and clone it for each request.
    pub fn new(name: HeaderName, value: HeaderValue) -> Self {
        Self(Arc::new([(name, value)]))
    }

    /// Creates an annotation with the headers of both. If both set the same header, the value from `self`
    /// is used.
    pub fn and(self, other: Self) -> Self {
        Self(self.0.iter().chain(other.0.iter()).cloned().collect())
    }

    /// The names of the headers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.iter().map(|(name, _)| name)
    }

    /// Adds the headers that `headers` does not have.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        for (name, value) in self.0.iter() {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// Merges the annotations of two policies.
#[inline]
pub(super) fn merge(first: Option<Annotation>, second: Option<Annotation>) -> Option<Annotation> {
    match (first, second) {
        (Some(first), Some(second)) => Some(first.and(second)),
        (first, second) => first.or(second),
    }
}
