/// What a connection is proven to be: a request extension which the acceptor sets, or the value
/// that [`RedirectLayer::transport`](crate::RedirectLayer::transport) fixes for all requests.
///
/// ```
/// use http::Request;
/// use tower_redirect::{RequestHead, Transport};
///
/// let mut request = Request::get("/").body(())?;
/// assert!(!RequestHead::from(&request).is_secure());
/// request.extensions_mut().insert(Transport::Secure);
/// assert!(RequestHead::from(&request).is_secure());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Anyone on the way can read and change what is sent.
    Plain,
    /// TLS, QUIC, or whatever the operator vouches for.
    Secure,
}
