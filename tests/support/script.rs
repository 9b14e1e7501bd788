//! Services that give the answers of a script, and record the requests.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt};
use tower_redirect::{FollowError, FollowRedirectsLayer, Replay};

/// `chain![302 "/b", 307 "https://x/y"]`: these redirections, then 200.
macro_rules! chain {
    ($($status:literal $location:expr),* $(,)?) => {
        $crate::support::Script::new([$($crate::support::redirection($status, $location)),*])
    };
}
pub(crate) use chain;

pub type Answer = Response<Full<Bytes>>;

/// A redirection with one `Location`.
pub fn redirection(status: u16, location: impl AsRef<[u8]>) -> Answer {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    let location = http::HeaderValue::from_bytes(location.as_ref()).expect("a field value");
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// A request that a service got.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub marked: bool,
}

/// An extension that sets [`Seen::marked`].
#[derive(Clone, Copy, Debug)]
pub struct Mark;

/// Gives its answers in order, then 200 "done", and records the requests.
#[derive(Clone, Debug)]
pub struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { answers, seen: Arc::default() }
    }

    pub fn push(&self, answer: Answer) {
        self.answers.lock().expect("not poisoned").push_back(answer);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// Sends a request through a follower with default rules.
    pub async fn follow<B>(&self, request: Request<B>) -> Result<Answer, FollowError<Infallible>>
    where
        B: Body<Data: Send, Error: Debug> + Replay + Send + 'static,
    {
        self.follow_by(&FollowRedirectsLayer::new(), request).await
    }

    pub async fn follow_by<B>(
        &self,
        layer: &FollowRedirectsLayer,
        request: Request<B>,
    ) -> Result<Answer, FollowError<Infallible>>
    where
        B: Body<Data: Send, Error: Debug> + Replay + Send + 'static,
    {
        layer.layer(self.clone()).oneshot(request).await
    }
}

impl<B> Service<Request<B>> for Script
where
    B: Body<Data: Send, Error: Debug> + Send + 'static,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let script = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            let marked = parts.extensions.get::<Mark>().is_some();
            let seen =
                Seen { method: parts.method, uri: parts.uri, headers: parts.headers, body, marked };
            script.seen.lock().expect("not poisoned").push(seen);
            let answer = script.answers.lock().expect("not poisoned").pop_front();
            Ok(answer.unwrap_or_else(|| Response::new(Full::from("done"))))
        })
    }
}

/// Data frames of an unknown total length, then trailers, if there are any.
#[derive(Debug, Default)]
pub struct Frames {
    pub frames: VecDeque<Bytes>,
    pub trailers: Option<HeaderMap>,
}

impl Frames {
    pub fn new(frames: impl IntoIterator<Item = Bytes>) -> Self {
        Self { frames: frames.into_iter().collect(), trailers: None }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.frames.pop_front().map(Frame::data);
        Poll::Ready(data.or_else(|| self.trailers.take().map(Frame::trailers)).map(Ok))
    }
}
