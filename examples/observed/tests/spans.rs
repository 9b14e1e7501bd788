//! The spans of a client, and the server's answer in the span of a request, as OpenTelemetry exports them.

use std::convert::Infallible;
use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use observed::spans::{Attempts, Call, Calls};
use opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tower::retry::{Policy, RetryLayer};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_redirect::{FollowRedirectsLayer, HttpsOnly, RedirectLayer};
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

/// The spans that `work` ends, in the order in which they began.
fn spans_of(work: impl Future<Output = ()>) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(work);
    });
    let mut spans = exporter.get_finished_spans().expect("finished");
    spans.sort_by_key(|span| span.start_time);
    spans
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
    found.map(|attribute| attribute.value.to_string())
}

/// Sends a failed request again, once.
#[derive(Clone)]
struct Once(bool);

type Answer = Result<Response<Full<Bytes>>, Infallible>;

impl Policy<Request<Full<Bytes>>, Response<Full<Bytes>>, Infallible> for Once {
    type Future = std::future::Ready<()>;

    fn retry(&mut self, _: &mut Request<Full<Bytes>>, answer: &mut Answer) -> Option<Self::Future> {
        let failed = answer.as_ref().is_ok_and(|answer| answer.status() == 503);
        (failed && !std::mem::replace(&mut self.0, true)).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}

/// Calls a server that redirects to another origin, which fails once and then answers, or redirects for ever.
async fn client(is_endless: bool) {
    let failures = std::sync::Arc::new(AtomicUsize::new(0));
    let server = service_fn(move |request: Request<Full<Bytes>>| {
        let failures = failures.clone();
        async move {
            let to = match request.uri().path() {
                "/a" => Some("http://b.test/b"),
                _ if is_endless => Some("/b"),
                _ => None,
            };
            let is_first = || failures.fetch_add(1, Ordering::SeqCst) == 0;
            let status = match to {
                Some(_) => 307,
                None if is_first() => 503,
                None => 200,
            };
            let response = Response::builder().status(status);
            let response = response.header("location", to.unwrap_or("/"));
            Ok::<_, Infallible>(response.body(Full::<Bytes>::default()).expect("valid"))
        }
    });
    let client = ServiceBuilder::new()
        .layer(Calls)
        .layer(FollowRedirectsLayer::new().limit(2).keep_extension::<Call>())
        .layer(RetryLayer::new(Once(false)))
        .layer(Attempts)
        .service(server);
    let request = Request::post("http://a.test/a").body(Full::from("tea")).expect("valid");
    assert_eq!(client.oneshot(request).await.is_err(), is_endless);
}

#[test]
fn each_attempt_is_a_client_span_of_its_own() {
    let spans = spans_of(client(false));
    let seen: Vec<_> = spans
        .iter()
        .map(|span| {
            assert_eq!((&span.span_kind, &*span.name), (&SpanKind::Client, "POST"));
            assert_eq!(span.parent_span_id, opentelemetry::trace::SpanId::INVALID);
            let get = |name| attribute(span, name);
            let is_error = matches!(span.status, Status::Error { .. });
            (get("http.request.resend_count"), get("http.response.status_code"), is_error)
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        seen,
        [
            (None, text("307"), false),
            (text("1"), text("503"), true),
            (text("2"), text("200"), false),
        ]
    );
    assert_eq!(spans[0].status, Status::Unset);
    assert_eq!(attribute(&spans[1], "server.address"), text("b.test"));
}

#[test]
fn a_chain_over_its_limit_ends_its_last_span_as_an_error() {
    let spans = spans_of(client(true));
    let errors: Vec<_> = spans
        .iter()
        .map(|span| {
            let is_error = matches!(span.status, Status::Error { .. });
            (is_error, attribute(span, "error.type"))
        })
        .collect();
    let too_many = Some("too_many_redirects".to_owned());
    assert_eq!(errors, [(false, None), (false, None), (true, too_many)]);
}

#[test]
fn the_answer_of_the_layer_is_an_event_in_the_span_of_the_request() {
    let spans = spans_of(async {
        let inner = service_fn(async |_: Request<Full<Bytes>>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        let layer = RedirectLayer::new(HttpsOnly::new());
        let request = Request::get("/x?k=s3cret").header("host", "a.test");
        let request = request.body(Full::default()).expect("valid");
        let span = tracing::info_span!("request");
        // The decision is made when the service is called.
        let answered = async { layer.layer(inner).oneshot(request).await };
        answered.instrument(span).await.expect("infallible");
    });
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    let [event] = span.events.events.as_slice() else { panic!("{span:?}") };
    assert_eq!(event.name, "answered");
    let get = |name: &str| {
        let found = event.attributes.iter().find(|attribute| attribute.key.as_str() == name);
        found.map(|attribute| attribute.value.to_string())
    };
    assert_eq!(get("redirect.policy").as_deref(), Some("https"));
    assert_eq!(get("url.path").as_deref(), Some("/x"));
    assert!(!format!("{event:?}").contains("s3cret"));
}
