//! A service that counts its calls, and the answers of a layer in front of it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt};
use tower_redirect::{RedirectLayer, RedirectPolicy};

/// Answers 200 "inner", and counts its calls.
#[derive(Clone, Debug, Default)]
pub struct Inner(Arc<AtomicUsize>);

impl Inner {
    pub fn calls(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl<B> Service<Request<B>> for Inner {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        let mut response = Response::new(Full::from("inner"));
        response.headers_mut().insert("x-app", HeaderValue::from_static("inner"));
        ready(Ok(response))
    }
}

/// The answer of a layer in front of an [`Inner`].
#[derive(Debug)]
pub struct Asked {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// How often the inner service was called.
    pub calls: usize,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ascii"))
    }

    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }
}

pub async fn ask<P, B>(layer: &RedirectLayer<P>, request: Request<B>) -> Asked
where
    P: RedirectPolicy,
    B: Body,
{
    let inner = Inner::default();
    let response = layer.layer(inner.clone()).oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("infallible").to_bytes();
    Asked { status: parts.status, headers: parts.headers, body, calls: inner.calls() }
}

/// Like [`ask`], but without a runtime, because nothing here has to wait.
pub fn ask_now<P, B>(layer: &RedirectLayer<P>, request: Request<B>) -> Asked
where
    P: RedirectPolicy,
    B: Body,
{
    let future = std::pin::pin!(ask(layer, request));
    match future.poll(&mut Context::from_waker(std::task::Waker::noop())) {
        Poll::Ready(asked) => asked,
        Poll::Pending => panic!("it has to wait"),
    }
}

/// A request without content for `a.test`.
pub fn request(method: &str, uri: &str, fields: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(uri);
    if !fields.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "a.test");
    }
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).expect("valid")
}
