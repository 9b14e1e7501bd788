use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderValue, header};

use super::{Annotation, Decision, RedirectPolicy, pass_because};
use crate::config_error::ConfigError;
use crate::head::{RequestHead, Step};
use crate::response::seconds_rounded_up;
use crate::uri::HostPattern;

/// Adds `Strict-Transport-Security` (RFC 6797) to the answers to secure requests, so that browsers use
/// only https.
///
/// The policy passes every request, and [annotates](RedirectPolicy::annotate) the answer, whether it comes
/// from the application, or is a redirection or an error (§7.1). Its place among other policies makes no
/// difference. Rules, in order:
///
/// 1. The answer to a request that is not proven secure does not get the header (§7.2).
/// 2. Neither does the answer to a request without a host, or for an address (§8.1.1), `localhost` or a
///    name below it, or a host of [`except_hosts`](Self::except_hosts), nor a refusal because of the host
///    or the forwarded headers.
/// 3. A header that the application set is not changed.
/// 4. Every other answer gets the header once.
///
/// A max-age of zero makes browsers forget the host (§6.1.1).
///
/// Pitfall: `includeSubDomains` and `preload` are hard to take back. Start with a max-age of a few minutes.
///
/// ```
/// use std::time::Duration;
///
/// use http::{Request, Response, header};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::{Hsts, HttpsOnly, RedirectLayer, Transport};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hsts = Hsts::new(Duration::from_secs(31_536_000)).include_subdomains().preload()?;
/// let service = RedirectLayer::new((HttpsOnly::new(), hsts)).layer(service_fn(
///     async |_: Request<String>| Ok::<_, std::io::Error>(Response::new(())),
/// ));
///
/// let plain = Request::get("/").header("host", "shop.test").body(String::new())?;
/// let response = service.clone().oneshot(plain).await?;
/// assert!(!response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
///
/// let mut secure = Request::get("/").header("host", "shop.test").body(String::new())?;
/// secure.extensions_mut().insert(Transport::Secure);
/// let response = service.oneshot(secure).await?;
/// let value = &response.headers()[header::STRICT_TRANSPORT_SECURITY];
/// assert_eq!(value, "max-age=31536000; includeSubDomains; preload");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[doc(alias("strict transport security"))]
#[must_use]
pub struct Hsts {
    max_age: u64,
    subdomains: bool,
    preload: bool,
    except: Vec<HostPattern>,
    annotation: Annotation,
}

/// The lowest max-age that the preload list accepts: a year, in seconds.
const PRELOAD_MAX_AGE: u64 = 31_536_000;

impl Hsts {
    /// Creates a policy with this `max-age`, in whole seconds, rounded up.
    pub fn new(max_age: Duration) -> Self {
        let max_age = seconds_rounded_up(max_age);
        let annotation = annotation(max_age, false, false);
        Self { max_age, subdomains: false, preload: false, except: Vec::new(), annotation }
    }

    /// Includes all subdomains: `includeSubDomains` (§6.1.2).
    pub fn include_subdomains(mut self) -> Self {
        self.subdomains = true;
        self.annotation = annotation(self.max_age, self.subdomains, self.preload);
        self
    }

    /// Adds `preload`, which asks for an entry in the lists that browsers ship with.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Hsts`](crate::ConfigErrorKind::Hsts) unless the max-age is at
    /// least a year and subdomains are included: the lists require both.
    pub fn preload(mut self) -> Result<Self, ConfigError> {
        self.preload = true;
        let text = text(self.max_age, self.subdomains, self.preload);
        if self.max_age < PRELOAD_MAX_AGE {
            let reason =
                "preload asks for a max-age of a year: `Hsts::new` with 31536000 s or more";
            return Err(ConfigError::hsts(&text, reason));
        }
        if !self.subdomains {
            let reason = "preload asks for `.include_subdomains()` before it";
            return Err(ConfigError::hsts(&text, reason));
        }
        self.annotation = annotation(self.max_age, self.subdomains, self.preload);
        Ok(self)
    }

    /// Leaves hosts out: exact names, and `*.example.com` for one or more labels before
    /// `example.com`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) for a name that is not a host.
    pub fn except_hosts<I>(mut self, hosts: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        for host in hosts {
            self.except.push(HostPattern::parse(host.as_ref())?);
        }
        Ok(self)
    }

    /// Returns why the answer to a request does not get the header; `None` if it does.
    fn exception(&self, head: &RequestHead<'_>) -> Option<&'static str> {
        if !head.is_secure() {
            return Some("the request is not secure");
        }
        let Some(host) = head.authority() else {
            return Some("the request has no host, or its host is refused");
        };
        if host.address().is_some() {
            Some("the host is an address")
        } else if host.is_local() {
            Some("the host is a local name")
        } else if self.except.iter().any(|pattern| pattern.matches(&host)) {
            Some("the host is one of `except_hosts`")
        } else {
            None
        }
    }
}

impl RedirectPolicy for Hsts {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        pass_because(head, "it only adds a header")
    }

    fn annotate(&self, head: &RequestHead<'_>) -> Option<Annotation> {
        let Some(reason) = self.exception(head) else { return Some(self.annotation.clone()) };
        if let Some(trace) = head.trace() {
            trace.push(|| Step::noted("hsts", format_args!("adds no header: {reason}")));
        }
        None
    }

    fn name(&self) -> Cow<'static, str> {
        "hsts".into()
    }
}

fn text(max_age: u64, subdomains: bool, preload: bool) -> String {
    let subdomains = if subdomains { "; includeSubDomains" } else { "" };
    let preload = if preload { "; preload" } else { "" };
    format!("max-age={max_age}{subdomains}{preload}")
}

fn annotation(max_age: u64, subdomains: bool, preload: bool) -> Annotation {
    let value = HeaderValue::try_from(text(max_age, subdomains, preload));
    let value = value.unwrap_or_else(|_| HeaderValue::from_static("max-age=0"));
    // The first clone of a value allocates, so that the bytes can be shared. It is made here, so that no
    // request pays for it.
    let shared = value.clone();
    drop(value);
    Annotation::new(header::STRICT_TRANSPORT_SECURITY, shared)
}
