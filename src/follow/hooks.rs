//! Hooks of a follower: for each request, for each redirection, and for the end of a call.

use super::events::{Finished, Followed};
use super::hop_request::HopRequest;
use super::layer::FollowRedirectsLayer;
use super::origins::Origins;
use crate::config_error::ConfigError;

impl<P> FollowRedirectsLayer<P> {
    /// Calls `hook` with each request, including the first, just before it is sent. A hook can sign the
    /// request or add a token.
    ///
    /// The hook is called after all checks. Its changes apply to that request alone: later hops start
    /// from the caller's headers and extensions. The hook is called for requests to other origins,
    /// too: look at the URL before you add a secret. It is not called in mode
    /// [`Manual`](super::RedirectMode::Manual). Several hooks are called in the order in which they were
    /// added.
    ///
    /// ```
    /// use http::{HeaderValue, Uri, header};
    /// use tower_redirect::FollowRedirectsLayer;
    ///
    /// let is_ours = |uri: &Uri| uri.scheme_str() == Some("https") && uri.host() == Some("api.test");
    /// let mut token = HeaderValue::from_static("Bearer mF_9.B5f-4.1JqM");
    /// token.set_sensitive(true);
    /// let layer = FollowRedirectsLayer::new().on_request(move |request| {
    ///     if is_ours(request.uri()) {
    ///         request.headers_mut().insert(header::AUTHORIZATION, token.clone());
    ///     }
    /// });
    /// # let _ = layer;
    /// ```
    pub fn on_request<F>(self, hook: F) -> Self
    where
        F: Fn(&mut HopRequest<'_>) + Send + Sync + 'static,
    {
        self.set(|settings| settings.request_hooks.push(None, hook))
    }

    /// Calls `hook` as [`on_request`](Self::on_request) does, but only with requests to one of `origins`,
    /// which are written as for [`trust_origins`](Self::trust_origins). A secret that the hook adds is
    /// sent to these origins on every hop, and to no others.
    ///
    /// ```
    /// use http::{HeaderValue, Request, Response, StatusCode, header};
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_redirect::FollowRedirectsLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = service_fn(async |request: Request<String>| {
    ///     let to = match request.uri().host() {
    ///         Some("eu.s3.test") => "https://other.test/",
    ///         Some("s3.test") => "https://eu.s3.test/",
    ///         _ => return Ok::<_, std::convert::Infallible>(Response::new(
    ///             format!("{:?}", request.headers().get(header::AUTHORIZATION)),
    ///         )),
    ///     };
    ///     assert_eq!(request.headers()[header::AUTHORIZATION], "signed");
    ///     let mut response = Response::new(String::new());
    ///     *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    ///     response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(to));
    ///     Ok(response)
    /// });
    /// let origins = ["https://s3.test", "https://*.s3.test"];
    /// let client = FollowRedirectsLayer::new()
    ///     .on_request_to(origins, |request| {
    ///         let signed = HeaderValue::from_static("signed");
    ///         request.headers_mut().insert(header::AUTHORIZATION, signed);
    ///     })?
    ///     .layer(server);
    /// let response = client.oneshot(Request::get("https://s3.test/").body(String::new())?).await?;
    /// assert_eq!(response.into_body(), "None");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Url`](crate::ConfigErrorKind::Url) if an entry is not an http or
    /// https origin.
    pub fn on_request_to<I, F>(self, origins: I, hook: F) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
        F: Fn(&mut HopRequest<'_>) + Send + Sync + 'static,
    {
        let mut listed = Origins::default();
        listed.add(origins)?;
        Ok(self.set(|settings| settings.request_hooks.push(Some(listed), hook)))
    }

    /// Calls `hook` with each redirection that is followed, after its target was accepted and before the
    /// next request is sent. Several hooks are called in the order in which they were added.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use http::{Request, Response, StatusCode, header};
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_redirect::FollowRedirectsLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = service_fn(async |request: Request<String>| {
    ///     let mut response = Response::new(String::new());
    ///     if request.uri().path() == "/old" {
    ///         *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    ///         let new = header::HeaderValue::from_static("/new");
    ///         response.headers_mut().insert(header::LOCATION, new);
    ///     }
    ///     Ok::<_, std::convert::Infallible>(response)
    /// });
    /// let lines = Arc::new(Mutex::new(Vec::new()));
    /// let (hops, ends) = (lines.clone(), lines.clone());
    /// let client = FollowRedirectsLayer::new()
    ///     .on_hop(move |followed| hops.lock().unwrap().push(followed.to_string()))
    ///     .on_finish(move |finished| ends.lock().unwrap().push(finished.to_string()))
    ///     .layer(server);
    /// for path in ["/old?token=x", "/other"] {
    ///     let request = Request::put(format!("http://a.test{path}")).body("tea".to_owned())?;
    ///     client.clone().oneshot(request).await?;
    /// }
    /// assert_eq!(*lines.lock().unwrap(), [
    ///     "hop 1: PUT http://a.test/old?token=…: 307 -> PUT http://a.test/new",
    ///     "200 after 1 hop",
    /// ]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_hop(self, hook: impl Fn(&Followed<'_>) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.events.push_on_hop(hook))
    }

    /// Calls `hook` at the end of each call that followed a redirection, or that ended with a
    /// [`RedirectError`](crate::RedirectError). Other calls, and calls that are dropped before their
    /// end, are not reported.
    pub fn on_finish(self, hook: impl Fn(&Finished<'_>) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.events.push_on_finish(hook))
    }
}
