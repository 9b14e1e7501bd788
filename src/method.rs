//! Predicates of request methods.

use http::Method;

/// Returns whether `method` is GET or HEAD.
pub(crate) fn is_get_or_head(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
