use std::time::Instant;

use reqwest::{Body, Client, Error, Request, Response, ResponseBuilderExt};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_redirect::{FollowError, FollowRedirectsLayer, ReplayBody};

/// The end of a request's `.timeout(..)`, which all its hops share.
#[derive(Clone, Copy)]
struct Deadline(Option<Instant>);

/// Follows up to 10 redirections with `client`, which has to be built with `redirect::Policy::none()`.
pub fn following(
    client: Client,
) -> impl Service<Request, Response = Response, Error = FollowError<Error>, Future: Send> + Clone {
    let hop = service_fn(move |request: http::Request<ReplayBody<Body>>| {
        let client = client.clone();
        async move {
            let end = request.extensions().get().and_then(|Deadline(end)| *end);
            let mut request = Request::try_from(request.map(Body::wrap))?;
            *request.timeout_mut() = end.map(|end| end - Instant::now().min(end));
            let response = client.execute(request).await?;
            let url = http::Response::builder().url(response.url().clone());
            let mut response = http::Response::from(response);
            response.extensions_mut().extend(url.extensions_ref().cloned().unwrap_or_default());
            Ok(response)
        }
    });
    let follow = FollowRedirectsLayer::new().keep_extension::<Deadline>().layer(hop);
    service_fn(move |request: Request| {
        let end = request.timeout().and_then(|limit| Instant::now().checked_add(*limit));
        let request = http::Request::try_from(request).map(|mut request| {
            request.extensions_mut().insert(Deadline(end));
            // A body in memory is kept whole, a stream up to 256 KiB.
            let kept = request.body().as_bytes().map_or(256 * 1024, <[u8]>::len) as u64;
            request.map(|body| ReplayBody::new(body, kept))
        });
        let follow = follow.clone();
        async move {
            let request = request.map_err(|error| FollowError::Service { error, at: None })?;
            follow.oneshot(request).await.map(Response::from)
        }
    })
}
