//! The client of the tour: hyper-util, following redirects.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use tower::util::BoxCloneService;
use tower::{ServiceBuilder, ServiceExt};
use tower_redirect::{FollowError, FollowRedirectsLayer, RedirectHistory, ReplayBodyLayer};

use crate::tls::Identity;

type CallError = FollowError<legacy::Error>;
type Following = BoxCloneService<Request<Body>, Response<hyper::body::Incoming>, CallError>;

/// Follows up to 10 redirections, and keeps up to 4 MiB of a body to send it again.
#[derive(Clone, Debug)]
pub struct Client(Following);

/// A response that was read, and the redirections before it.
#[derive(Debug)]
pub struct Seen {
    pub status: StatusCode,
    pub text: String,
    pub history: RedirectHistory,
}

impl Client {
    pub fn new(identity: &Identity) -> Result<Self, Box<dyn Error>> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(identity.client_config()?)
            .https_or_http()
            .enable_http1()
            .build();
        let hyper = legacy::Client::builder(TokioExecutor::new()).build(connector);
        let service = ServiceBuilder::new()
            .layer(ReplayBodyLayer::new(4 * 1024 * 1024))
            .layer(FollowRedirectsLayer::new())
            .service(hyper);
        Ok(Self(BoxCloneService::new(service)))
    }

    pub async fn send(&self, request: Request<Body>) -> Result<Seen, Box<dyn Error>> {
        let response = self.0.clone().oneshot(request).await?;
        let history = RedirectHistory::of(&response).cloned().unwrap_or_default();
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Seen { status, text: String::from_utf8_lossy(&body).into_owned(), history })
    }
}

/// A body whose length is not known beforehand.
#[derive(Debug)]
pub struct Stream(pub Bytes);

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let length = self.0.len().min(16 * 1024);
        let chunk = self.0.split_to(length);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(chunk))))
    }
}
