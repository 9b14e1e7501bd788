//! The head of a request as a layer sees it, and the hosts that the layer answers for.

use http::Request;

use super::layer::RedirectLayer;
use crate::head::RequestHead;
#[cfg(feature = "config")]
use crate::uri::Hosts;

impl<P, D> RedirectLayer<P, D> {
    /// Returns the head of `request` as the policies of this layer see it: with the scheme, the host and the
    /// client that the layer's trust and hosts yield. A reverse proxy can pass them on to its upstream.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::trust::Peer;
    /// use tower_redirect::{HttpsOnly, RedirectLayer, Trust};
    ///
    /// let trust = Trust::proxies(["10.0.0.0/8"])?.x_forwarded();
    /// let layer = RedirectLayer::new(HttpsOnly::new()).trust(trust);
    /// for (peer, is_secure) in [([10, 0, 0, 1], true), ([203, 0, 113, 9], false)] {
    ///     let mut request = Request::get("/").header("x-forwarded-proto", "https").body(())?;
    ///     request.extensions_mut().insert(Peer::Ip(peer.into()));
    ///     assert_eq!(layer.head(&request).is_secure(), is_secure);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn head<'a, B>(&'a self, request: &'a Request<B>) -> RequestHead<'a> {
        let settings = &*self.settings;
        RequestHead::with_hosts(request, settings.uri_source, settings.trust(), &settings.hosts)
    }

    /// Returns the hosts that this layer answers for.
    #[cfg(feature = "config")]
    pub(crate) fn served_hosts(&self) -> &Hosts {
        &self.settings.hosts
    }
}
