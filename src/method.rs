//! Questions about methods that both sides of the wire ask.

use http::Method;

/// Whether the method is GET or HEAD: the two that RFC 9110 §15.4 lets a client repeat after every
/// redirection.
pub(crate) fn is_get_or_head(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
