use std::task::{Context, Poll};

use http::Request;
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ReplayBody;
use super::budget::ReplayBudget;
use crate::inner_access::inner_access;

/// Wraps every request body in a [`ReplayBody`], so that it can be sent again. Put this layer
/// outside [`FollowRedirectsLayer`](crate::FollowRedirectsLayer) or `tower::retry`.
///
/// Pitfall: a body larger than the limit can be sent only once. A 307 then results in an error, for which
/// [`is_not_replayable`](crate::RedirectError::is_not_replayable) returns `true`.
///
/// ```
/// use http::{HeaderValue, Request, Response, StatusCode, header};
/// use http_body_util::{BodyExt, StreamBody};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use tower_redirect::replay::{ReplayBody, ReplayError};
/// use tower_redirect::{FollowRedirectsLayer, ReplayBodyLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// /// A body that can be read once.
/// fn stream() -> http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, std::convert::Infallible> {
///     let frames = ["to", "day"].map(|text| Ok(http_body::Frame::data(text.into())));
///     StreamBody::new(tokio_stream::iter(frames)).boxed_unsync()
/// }
///
/// let server = service_fn(async |request: Request<ReplayBody<_>>| {
///     let is_old = request.uri().path() == "/old";
///     let body = request.into_body().collect().await?.to_bytes();
///     let mut response = Response::new(http_body_util::Full::new(body));
///     if is_old {
///         *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
///         response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/new"));
///     }
///     Ok::<_, ReplayError>(response)
/// });
/// let client = |limit| {
///     ServiceBuilder::new()
///         .layer(ReplayBodyLayer::new(limit))
///         .layer(FollowRedirectsLayer::new())
///         .service(server)
/// };
/// let request = || Request::post("http://a.test/old").body(stream());
///
/// let response = client(1024).oneshot(request()?).await?;
/// assert_eq!(response.into_body().collect().await?.to_bytes(), "today");
///
/// let error = client(4).oneshot(request()?).await.err().ok_or("followed")?;
/// assert!(error.redirect().is_some_and(|error| error.is_not_replayable()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ReplayBodyLayer {
    limit: u64,
    budget: Option<ReplayBudget>,
}

impl ReplayBodyLayer {
    /// Creates a layer that records at most `limit` bytes of each body.
    pub const fn new(limit: u64) -> Self {
        Self { limit, budget: None }
    }

    /// Limits the bytes that all bodies together record, in addition to the limit of each body.
    pub fn budget(mut self, budget: &ReplayBudget) -> Self {
        self.budget = Some(budget.clone());
        self
    }
}

impl<S> Layer<S> for ReplayBodyLayer {
    type Service = ReplayBodyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ReplayBodyService { inner, layer: self.clone() }
    }
}

/// A service that wraps every request body in a [`ReplayBody`]. Created by [`ReplayBodyLayer`].
#[derive(Clone, Debug)]
pub struct ReplayBodyService<S> {
    inner: S,
    layer: ReplayBodyLayer,
}

inner_access!(ReplayBodyService<S>);

impl<S, B> Service<Request<B>> for ReplayBodyService<S>
where
    S: Service<Request<ReplayBody<B>>>,
    B: Body,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let ReplayBodyLayer { limit, budget } = &self.layer;
        self.inner.call(request.map(|body| match budget {
            Some(budget) => ReplayBody::with_budget(body, *limit, budget),
            None => ReplayBody::new(body, *limit),
        }))
    }
}
