use std::fmt;
use std::future::Future;
use std::time::Duration;

use tower_layer::Layer;

use super::memory::Memory;
use super::service::ExpectContinue;
use crate::timer::Timer;

/// Sends `Expect: 100-continue` with long uploads, and holds them back until the server asks for them.
///
/// See the [module](super) for the rules. Services made by one layer share their memory of origins.
///
/// Pitfall: this layer belongs *inside* [`FollowRedirectsLayer`](crate::FollowRedirectsLayer), so that
/// the upload waits on each hop.
///
/// ```
/// use http::{Request, Response, StatusCode, header};
/// use http_body_util::{BodyExt, Full};
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::follow::expect::{ExpectBody, ExpectContinueLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Answers at once, and does not ask for the body.
/// let server = service_fn(async |request: Request<ExpectBody<Full<&[u8]>>>| {
///     let waits = request.headers().contains_key(header::EXPECT);
///     let status = if waits { StatusCode::TEMPORARY_REDIRECT } else { StatusCode::OK };
///     Response::builder().status(status).body(Full::new(&b""[..]))
/// });
/// let client = ExpectContinueLayer::new(tokio::time::sleep).threshold(4).layer(server);
/// for (body, status) in [("long body", 307), ("tea", 200)] {
///     let request = Request::post("http://a.test/").body(Full::new(body.as_bytes()))?;
///     let response = client.clone().oneshot(request).await?;
///     assert_eq!(response.status(), StatusCode::from_u16(status)?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ExpectContinueLayer {
    settings: Settings,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) threshold: u64,
    pub(super) wait: Duration,
    pub(super) only_after_redirect: bool,
    pub(super) timer: Timer,
    pub(super) memory: Memory,
}

impl ExpectContinueLayer {
    /// Creates a layer for bodies longer than 1 MiB, which wait for at most 1 s. `sleep` makes the
    /// timer: `ExpectContinueLayer::new(tokio::time::sleep)`.
    pub fn new<F, T>(sleep: F) -> Self
    where
        F: Fn(Duration) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let settings = Settings {
            threshold: 1 << 20,
            wait: Duration::from_secs(1),
            only_after_redirect: false,
            timer: Timer::new(sleep),
            memory: Memory::default(),
        };
        Self { settings }
    }

    /// Sets the longest body, in bytes, that is sent at once. A body of unknown length counts as
    /// longer.
    pub fn threshold(mut self, bytes: u64) -> Self {
        self.settings.threshold = bytes;
        self
    }

    /// Sets how long a body waits. After that time it is sent even if the server has not asked for it.
    pub fn wait(mut self, time: Duration) -> Self {
        self.settings.wait = time;
        self
    }

    /// Adds `Expect` only for origins that have redirected a long upload within the last hour, so that
    /// uploads to other origins need no extra round trip. Uploads up to the [threshold](Self::threshold)
    /// count only if the caller has set `Expect` on them.
    pub fn after_redirect(mut self) -> Self {
        self.settings.only_after_redirect = true;
        self
    }
}

impl<S> Layer<S> for ExpectContinueLayer {
    type Service = ExpectContinue<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ExpectContinue::new(inner, self.settings.clone())
    }
}

impl fmt::Debug for ExpectContinueLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { threshold, wait, only_after_redirect, .. } = &self.settings;
        f.debug_struct("ExpectContinueLayer")
            .field("threshold", threshold)
            .field("wait", wait)
            .field("after_redirect", only_after_redirect)
            .finish_non_exhaustive()
    }
}

/// Options for one request, to be put into its extensions. They apply to all its hops, including those
/// on other origins.
///
/// ```
/// use http::Request;
/// use tower_redirect::follow::expect::ExpectOptions;
///
/// let request = Request::put("http://a.test/").extension(ExpectOptions::new().off()).body(())?;
/// assert!(request.extensions().get::<ExpectOptions>().is_some());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct ExpectOptions {
    pub(super) is_off: bool,
}

impl ExpectOptions {
    /// Creates options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds no `Expect` to this request, and sends its body at once.
    pub fn off(mut self) -> Self {
        self.is_off = true;
        self
    }
}
