use std::error::Error;
use std::fmt;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body;
use tower_service::Service;

use super::body::ExpectBody;
use super::future::{ExpectFuture, WaitingCall};
use super::gate::{EndOnDrop, Gate};
use super::layer::{ExpectOptions, Settings};
use super::memory::OriginKey;
use super::response_body::ExpectResponseBody;
use crate::follow::saved_body::SavedBody;
use crate::inner_access::inner_access;
use crate::replay::Replay;
use crate::timer::Timeout;

/// A client whose long uploads wait until the server asks for them. Created by
/// [`ExpectContinueLayer`](super::ExpectContinueLayer).
#[derive(Clone)]
pub struct ExpectContinue<S> {
    inner: S,
    settings: Settings,
}

impl<S> ExpectContinue<S> {
    pub(super) fn new(inner: S, settings: Settings) -> Self {
        Self { inner, settings }
    }
}

inner_access!(ExpectContinue<S>);

/// When the body of a request is sent.
enum Plan {
    /// At once, and nothing is remembered.
    AtOnce,
    /// At once. The memory notes a redirection, so that later uploads to the origin wait.
    Watched(OriginKey),
    /// Once the server asks for the body or answers 2xx, or the wait times out. With an origin, the memory
    /// notes how that origin answers.
    Waiting(Option<OriginKey>),
}

impl Settings {
    /// Whether a request has a long body or an `Expect` of its own. If not, its body is sent at once.
    fn may_wait<B: Body>(&self, request: &Request<B>) -> bool {
        let length = request.body().size_hint().exact();
        length.is_none_or(|length| length > self.threshold) || has_expect(request.headers())
    }

    /// Decides about a request that [may wait](Self::may_wait).
    fn plan<B: Body>(&self, request: &mut Request<B>) -> Plan {
        if request.body().is_end_stream() {
            return Plan::AtOnce;
        }
        let options = request.extensions_mut().remove::<ExpectOptions>();
        if options.is_some_and(|options| options.is_off) || request.version() != Version::HTTP_11 {
            return Plan::AtOnce;
        }
        let origin = OriginKey::of(request.uri());
        let is_waiting_useless =
            origin.as_ref().is_some_and(|origin| self.memory.is_waiting_useless(origin));
        let has_expect = has_expect(request.headers());
        // If the request has an `Expect` of its own, that is sent in any case, but the body waits only if
        // `100-continue` is the only expectation.
        if is_waiting_useless || has_expect && !expects_only_continue(request) {
            return Plan::AtOnce;
        }
        let has_redirected = |origin: &OriginKey| self.memory.has_redirected(origin);
        let waits =
            has_expect || !self.only_after_redirect || origin.as_ref().is_some_and(has_redirected);
        match origin {
            origin if waits => Plan::Waiting(origin),
            Some(origin) => Plan::Watched(origin),
            None => Plan::AtOnce,
        }
    }
}

fn has_expect(headers: &HeaderMap) -> bool {
    // For ten headers, this costs half of what looking up a hash does.
    headers.keys().any(|name| name == header::EXPECT)
}

/// Whether `100-continue` is the only expectation of a request.
fn expects_only_continue<B>(request: &Request<B>) -> bool {
    let mut values = request.headers().get_all(header::EXPECT).iter();
    let is_continue = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    values.next().is_some_and(is_continue) && values.next().is_none()
}

impl<S, B, R> Service<Request<B>> for ExpectContinue<S>
where
    S: Service<Request<ExpectBody<B>>, Response = Response<R>> + Clone,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + Replay,
    R: Body,
{
    type Response = Response<ExpectResponseBody<R>>;
    type Error = S::Error;
    type Future = ExpectFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let plan = if self.settings.may_wait(&request) {
            self.settings.plan(&mut request)
        } else {
            Plan::AtOnce
        };
        match plan {
            Plan::AtOnce => ExpectFuture::plain(self.inner.call(request.map(ExpectBody::at_once))),
            Plan::Watched(origin) => {
                let future = self.inner.call(request.map(ExpectBody::at_once));
                ExpectFuture::watched(future, self.settings.memory.clone(), origin)
            }
            Plan::Waiting(origin) => self.call_waiting(request, origin),
        }
    }
}

impl<S> ExpectContinue<S> {
    fn call_waiting<B, R>(
        &mut self,
        request: Request<B>,
        origin: Option<OriginKey>,
    ) -> ExpectFuture<S, B>
    where
        S: Service<Request<ExpectBody<B>>, Response = Response<R>> + Clone,
        B: Body + Replay,
    {
        // Call the instance that was polled ready, and leave the clone, which is not ready, in its
        // place.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);

        let (mut parts, body) = request.into_parts();
        let (body, saved_body) = SavedBody::split(body);
        // The head for sending the request again without `Expect`, cloned before the callback is set.
        let mut head = parts.clone();
        head.headers.remove(header::EXPECT);
        // If the header map is full, no `Expect` is added, and the body waits for the full time.
        let _ = parts.headers.try_insert(header::EXPECT, HeaderValue::from_static("100-continue"));

        let gate = Gate::new();
        let timeout = Timeout::new(Some(&self.settings.timer), self.settings.wait);
        let body = ExpectBody::waiting(body, gate.clone(), timeout);
        let mut request = Request::from_parts(parts, body);
        let asked = gate.clone();
        hyper::ext::on_informational(&mut request, move |response| {
            if response.status() == StatusCode::CONTINUE {
                asked.open();
            }
        });
        let upload = EndOnDrop::new(gate);
        let future = inner.call(request);
        let memory = self.settings.memory.clone();
        let call = WaitingCall { upload, origin, memory, service: inner, head, saved_body };
        ExpectFuture::waiting(future, call)
    }
}

impl<S: fmt::Debug> fmt::Debug for ExpectContinue<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpectContinue").field("inner", &self.inner).finish_non_exhaustive()
    }
}
