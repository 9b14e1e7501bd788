/// The security of a connection. The acceptor sets it as a request extension, or
/// [`RedirectLayer::transport`](crate::RedirectLayer::transport) fixes it for all requests.
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
    /// Not protected: anyone on the path can read and change what is sent.
    Plain,
    /// Protected by TLS, by QUIC, or by other means that the operator vouches for.
    Secure,
}
