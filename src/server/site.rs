use std::time::Duration;

use super::layer::RedirectLayer;
use crate::config_error::ConfigError;
use crate::policy::{CanonicalHost, Hsts, HttpsOnly};
use crate::uri::Host;

impl RedirectLayer<(HttpsOnly, CanonicalHost, Hsts)> {
    /// Creates the layer that most sites need: it redirects to https and to one name, and tells browsers
    /// to use only https for `max_age`.
    ///
    /// It is equivalent to
    ///
    /// - [`HttpsOnly`] and [`CanonicalHost`] for `host`, both with 307, and [`Hsts`] without subdomains;
    /// - [`hosts`](Self::hosts) with `host` and its twin (`www.` added or removed): other hosts get 421;
    /// - [`separate_https_redirect`](Self::separate_https_redirect), so that a site can later join the
    ///   HSTS preload list.
    ///
    /// [`and`](Self::and) adds policies after these. All settings of the layer can be used; behind a proxy,
    /// [`trust`](Self::trust) is needed. To use a setting of a policy, such as
    /// [`HttpsOnly::port`](crate::HttpsOnly::port) or [`HttpsOnly::exempt`](crate::HttpsOnly::exempt), write
    /// the layer out:
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tower_redirect::{CanonicalHost, Hsts, HttpsOnly, RedirectLayer};
    /// let https = HttpsOnly::new().port(8443).exempt("/health")?;
    /// let www = CanonicalHost::new("www.shop.test")?;
    /// let layer = RedirectLayer::new((https, www, Hsts::new(Duration::from_secs(300))))
    ///     .hosts(["www.shop.test", "shop.test"])?
    ///     .separate_https_redirect();
    /// # let _ = layer;
    /// # Ok::<(), tower_redirect::ConfigError>(())
    /// ```
    ///
    /// Pitfall: begin with a `max_age` of minutes. A browser that has seen it uses only https until that
    /// time is over.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use http::{Request, Response, StatusCode, header};
    /// use http_body_util::Empty;
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_redirect::{RedirectLayer, Transport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
    /// });
    /// let site = RedirectLayer::site("www.shop.test", Duration::from_secs(300))?;
    /// let (http, https) = (site.layer(inner), Transport::Secure.layer(site.layer(inner)));
    /// let get = |host| Request::get("/tea").header("host", host).body(Empty::new());
    ///
    /// let response = http.clone().oneshot(get("shop.test")?).await?;
    /// assert_eq!(response.headers()[header::LOCATION], "https://shop.test/tea");
    /// let response = https.clone().oneshot(get("shop.test")?).await?;
    /// assert_eq!(response.headers()[header::LOCATION], "https://www.shop.test/tea");
    /// let response = https.oneshot(get("www.shop.test")?).await?;
    /// assert_eq!(response.status(), StatusCode::OK);
    /// assert_eq!(response.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=300");
    ///
    /// let response = http.oneshot(get("attacker.test")?).await?;
    /// assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `host` is not a name, or has a
    /// port.
    pub fn site(host: &str, max_age: Duration) -> Result<Self, ConfigError> {
        let canonical = CanonicalHost::new(host)?;
        let host = Host::parse(host)?;
        let twin = host.www_twin().ok_or_else(|| {
            ConfigError::host(host.as_str(), "a site has a name; an address has no `www.` twin")
        })?;
        let hosts = [host.as_str(), twin.as_str()];
        let policies = (HttpsOnly::new(), canonical, Hsts::new(max_age));
        Ok(Self::new(policies).hosts(hosts)?.separate_https_redirect())
    }
}
