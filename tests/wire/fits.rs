//! Bodies, clients and layers that work together with the follower: the second hop gets the whole body.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::post;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tower::buffer::Buffer;
use tower::limit::ConcurrencyLimit;
use tower::load_shed::LoadShed;
use tower::retry::{Policy, Retry};
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};
use tower_redirect::replay::ReplayBody;
use tower_redirect::{FollowError, FollowRedirectsLayer, RedirectHistory, ReplayBodyLayer};

use crate::support::Frames;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Two frames that no `Content-Length` announces.
fn frames() -> Frames {
    Frames::new([Bytes::from(vec![b'a'; 100_000]), Bytes::from(vec![b'b'; 50_000])])
}

fn whole() -> Bytes {
    [vec![b'a'; 100_000], vec![b'b'; 50_000]].concat().into()
}

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Serves `/old`, which redirects to `/new`, which answers with the digest of the body. Returns the URL of `/old`.
async fn serve() -> Outcome<String> {
    let app = Router::new()
        .route("/old", post(async |_: Bytes| Redirect::temporary("/new")))
        .route("/new", post(async |body: Bytes| digest(&body)))
        .layer(DefaultBodyLimit::disable());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/old", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

/// Sends a body, and asserts that the second hop gets the whole of it.
async fn assert_whole<S, B, R>(name: &str, client: S, body: B, url: &str) -> Outcome
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: Body<Data: Send, Error: Error + 'static>,
{
    let sent = client.oneshot(Request::post(url).body(body)?);
    let response = sent.await.map_err(|error| format!("{name}: {}", error.into()))?;
    assert_eq!(RedirectHistory::of(&response).map(RedirectHistory::len), Some(1), "{name}");
    let got = response.into_body().collect().await?.to_bytes();
    assert_eq!(String::from_utf8_lossy(&got), digest(&whole()), "{name}");
    Ok(())
}

fn hyper<B>() -> Client<hyper_util::client::legacy::connect::HttpConnector, B>
where
    B: Body<Data: Send> + Send,
{
    Client::builder(TokioExecutor::new()).build_http()
}

#[tokio::test]
async fn bodies_of_many_types_arrive_over_hyper_util() -> Outcome {
    let url = serve().await?;
    let follow = FollowRedirectsLayer::new;
    let keep = || ReplayBodyLayer::new(1024 * 1024);
    assert_whole("full", follow().layer(hyper()), Full::new(whole()), &url).await?;
    let text = String::from_utf8(whole().to_vec())?;
    assert_whole("string", follow().layer(hyper()), text, &url).await?;
    assert_whole("stream", keep().layer(follow().layer(hyper())), frames(), &url).await?;
    let axum = || AxumBody::new(frames());
    assert_whole("axum", keep().layer(follow().layer(hyper())), axum(), &url).await?;
    let boxed: UnsyncBoxBody<Bytes, Infallible> = UnsyncBoxBody::new(frames());
    assert_whole("unsync box", keep().layer(follow().layer(hyper())), boxed, &url).await?;
    let boxed: BoxBody<Bytes, Infallible> = BoxBody::new(Full::new(whole()));
    assert_whole("box", keep().layer(follow().layer(hyper())), boxed, &url).await?;
    Ok(())
}

#[tokio::test]
async fn streamed_and_buffered_bodies_arrive_over_reqwest() -> Outcome {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = serve().await?;
    let client = || {
        let none = reqwest::redirect::Policy::none();
        let inner = reqwest::Client::builder().redirect(none).build().expect("a client");
        service_fn(move |request: Request<reqwest::Body>| {
            let inner = inner.clone();
            async move {
                let response = inner.execute(reqwest::Request::try_from(request)?).await?;
                Ok::<_, reqwest::Error>(Response::<reqwest::Body>::from(response))
            }
        })
    };
    let buffered =
        client().map_request(|request: Request<Full<Bytes>>| request.map(reqwest::Body::wrap));
    assert_whole("buffered", FollowRedirectsLayer::new().layer(buffered), Full::new(whole()), &url)
        .await?;
    let streamed = client()
        .map_request(|request: Request<ReplayBody<Frames>>| request.map(reqwest::Body::wrap));
    let streamed =
        ReplayBodyLayer::new(1024 * 1024).layer(FollowRedirectsLayer::new().layer(streamed));
    assert_whole("streamed", streamed, frames(), &url).await?;
    Ok(())
}

#[tokio::test]
async fn bodies_arrive_through_layers_of_tower_inside_and_outside() -> Outcome {
    let url = serve().await?;
    let body = || Full::new(whole());
    let follow = FollowRedirectsLayer::new;
    let limit = Duration::from_secs(20);

    let inside = follow().layer(BoxCloneSyncService::new(hyper()));
    assert_whole("BoxCloneSyncService inside", inside, body(), &url).await?;
    let outside = BoxCloneSyncService::new(follow().layer(hyper()));
    assert_whole("BoxCloneSyncService outside", outside, body(), &url).await?;

    // Inside, the error of these layers is a `BoxError`, which needs `into_boxed`.
    let inside = follow().layer(Buffer::new(hyper(), 1)).map_err(FollowError::into_boxed);
    assert_whole("Buffer inside", inside, body(), &url).await?;
    let outside = Buffer::new(follow().layer(hyper()), 1);
    assert_whole("Buffer outside", outside, body(), &url).await?;

    let inside = follow().layer(LoadShed::new(ConcurrencyLimit::new(hyper(), 1)));
    let inside = inside.map_err(FollowError::into_boxed);
    assert_whole("LoadShed inside", inside, body(), &url).await?;
    let outside = LoadShed::new(follow().layer(ConcurrencyLimit::new(hyper(), 1)));
    assert_whole("LoadShed outside", outside, body(), &url).await?;

    let inside = follow().layer(Timeout::new(hyper(), limit)).map_err(FollowError::into_boxed);
    assert_whole("Timeout inside", inside, body(), &url).await?;
    let outside = Timeout::new(follow().layer(hyper()), limit);
    assert_whole("Timeout outside", outside, body(), &url).await?;
    Ok(())
}

/// Tries again, three times in all, with the older copy of the body, as `tower::retry` does.
#[derive(Clone)]
struct Three(usize);

impl<B: Clone, R, E> Policy<Request<ReplayBody<B>>, Response<R>, E> for Three
where
    ReplayBody<B>: Clone,
{
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<ReplayBody<B>>,
        result: &mut Result<Response<R>, E>,
    ) -> Option<Self::Future> {
        let failed = result.as_ref().is_ok_and(|response| response.status().is_server_error());
        self.0 = self.0.checked_sub(usize::from(failed))?;
        failed.then(|| std::future::ready(()))
    }

    fn clone_request(
        &mut self,
        request: &Request<ReplayBody<B>>,
    ) -> Option<Request<ReplayBody<B>>> {
        Some(request.clone())
    }
}

/// A body that can be cloned, for the copies that `tower::retry` makes.
#[derive(Clone)]
struct Copied(Arc<Bytes>);

impl Body for Copied {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let left = std::mem::take(&mut self.0);
        let frame = (!left.is_empty()).then(|| Ok(http_body::Frame::data((*left).clone())));
        std::task::Poll::Ready(frame)
    }
}

#[tokio::test]
async fn the_body_arrives_on_both_hops_of_each_retry() -> Outcome {
    use std::sync::Mutex;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let server = service_fn(move |request: Request<ReplayBody<Copied>>| {
        let noted = noted.clone();
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await?.to_bytes();
            let mut noted = noted.lock().expect("not poisoned");
            noted.push((path.clone(), digest(&body)));
            let response = Response::builder();
            let response = match (path.as_str(), noted.len()) {
                ("/old", _) => response.status(307).header("location", "/new"),
                (_, 6) => response,
                _ => response.status(500),
            };
            Ok::<_, BoxError>(response.body(Full::<Bytes>::default()).expect("valid"))
        }
    });
    let follower = FollowRedirectsLayer::new().layer(server).map_err(FollowError::into_boxed);
    let client = ReplayBodyLayer::new(1024 * 1024).layer(Retry::new(Three(2), follower));
    let request = Request::post("http://a.test/old").body(Copied(Arc::new(whole())))?;
    let response = client.oneshot(request).await.map_err(|error| error.to_string())?;
    assert_eq!(response.status(), 200);
    let seen = seen.lock().expect("not poisoned");
    let hops: Vec<_> = seen.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(hops, ["/old", "/new", "/old", "/new", "/old", "/new"]);
    assert!(seen.iter().all(|(_, got)| *got == digest(&whole())), "each time whole");
    Ok(())
}
