//! A redirection's own body over HTTP/2: it delays nothing, and its stream is not reset needlessly.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_test::{assert_pending, assert_ready};
use tower::{Layer, Service};
use tower_redirect::{FollowRedirects, FollowRedirectsLayer};

use crate::support::{Fed, fed};

type Answers = Vec<oneshot::Receiver<Response<Fed>>>;

/// Answers with what the test sends it. It is ready as long as there is a permit, which the body of a response
/// holds.
#[derive(Clone)]
struct Server {
    answers: Arc<Mutex<Answers>>,
    permits: Arc<Semaphore>,
}

impl Service<Request<String>> for Server {
    type Response = Response<Fed<Option<OwnedSemaphorePermit>>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.permits.available_permits() > 0 {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, _: Request<String>) -> Self::Future {
        let answer = self.answers.lock().expect("not poisoned").remove(0);
        let permit = self.permits.clone().try_acquire_owned().ok();
        Box::pin(async move {
            let response = answer.await.expect("an answer");
            Ok(response.map(|fed| fed.holding(permit)))
        })
    }
}

type Sender = mpsc::UnboundedSender<Bytes>;

/// A response and the sender of its body.
fn answer(status: StatusCode) -> (Response<Fed>, Sender) {
    let (sender, body) = fed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.version_mut() = Version::HTTP_2;
    if status.is_redirection() {
        response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/next"));
    }
    (response, sender)
}

/// A client of a server with this many permits, and how the server answers its two requests.
fn client(permits: usize) -> (FollowRedirects<Server>, [oneshot::Sender<Response<Fed>>; 2]) {
    let ((first, a), (second, b)) = (oneshot::channel(), oneshot::channel());
    let answers = Arc::new(Mutex::new(vec![a, b]));
    let server = Server { answers, permits: Arc::new(Semaphore::new(permits)) };
    (FollowRedirectsLayer::new().layer(server), [first, second])
}

fn request() -> Request<String> {
    Request::get("http://a.test/").body(String::new()).expect("valid")
}

#[test]
fn the_body_is_read_while_the_next_request_is_under_way() {
    let (mut client, [first, second]) = client(2);
    let (redirection, body) = answer(StatusCode::FOUND);
    assert!(first.send(redirection).is_ok());
    let mut call = tokio_test::task::spawn(client.call(request()));
    assert_pending!(call.poll(), "the next request was sent");
    for _ in 0..2 {
        body.send(Bytes::from_static(b"moved")).expect("not reset");
        assert!(call.is_woken());
        assert_pending!(call.poll());
    }
    drop(body);
    assert!(call.is_woken());
    assert_pending!(call.poll());
    assert!(second.send(answer(StatusCode::OK).0).is_ok());
    assert!(assert_ready!(call.poll()).is_ok_and(|response| response.status() == StatusCode::OK));
}

#[test]
fn a_body_that_stalls_is_dropped_at_the_next_response() {
    let (mut client, [first, second]) = client(2);
    let (redirection, body) = answer(StatusCode::FOUND);
    assert!(first.send(redirection).is_ok());
    let mut call = tokio_test::task::spawn(client.call(request()));
    assert_pending!(call.poll());
    assert!(!body.is_closed());
    assert!(second.send(answer(StatusCode::OK).0).is_ok());
    assert!(assert_ready!(call.poll()).is_ok());
    assert!(body.is_closed(), "while the caller still holds the future");
}

#[test]
fn a_body_over_the_limit_is_dropped() {
    let (mut client, [first, _second]) = client(2);
    let (redirection, body) = answer(StatusCode::FOUND);
    assert!(first.send(redirection).is_ok());
    let mut call = tokio_test::task::spawn(client.call(request()));
    assert_pending!(call.poll());
    body.send(Bytes::from(vec![0; 64 * 1024 + 1])).expect("not reset");
    assert_pending!(call.poll());
    assert!(body.is_closed());
}

#[test]
fn a_body_that_holds_the_only_permit_is_dropped() {
    let (mut client, [first, _second]) = client(1);
    let (redirection, body) = answer(StatusCode::FOUND);
    assert!(first.send(redirection).is_ok());
    let mut call = tokio_test::task::spawn(client.call(request()));
    assert_pending!(call.poll(), "the next request was sent");
    assert!(body.is_closed());
}
