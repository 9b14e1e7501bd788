//! The log lines of each kind of event, as `tracing-subscriber` writes them.

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::policy::RedirectPolicy;
use tower_redirect::{
    FollowRedirectsLayer, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, RequestHead,
    policy_fn,
};
use tracing::Level;

/// The bytes that were logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `work` writes.
fn lines(work: impl Future<Output = ()>) -> Vec<String> {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::TRACE)
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(work);
    });
    let bytes = log.0.lock().expect("not poisoned").clone();
    String::from_utf8(bytes).expect("utf-8").lines().map(str::to_owned).collect()
}

fn request(method: &str, uri: &str, host: &str) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(uri).header("host", host);
    request.header("authorization", "Bearer s3cret").body(Full::default()).expect("valid")
}

async fn serve(policy: impl RedirectPolicy, request: Request<Full<Bytes>>) {
    let inner = service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let layer = RedirectLayer::new(policy).hosts(["a.test"]).expect("valid");
    layer.layer(inner).oneshot(request).await.expect("infallible");
}

#[test]
fn each_kind_of_event_has_its_level_and_its_fields() {
    let switch = MaintenanceSwitch::new();
    switch.on();
    let lines = lines(async {
        serve(HttpsOnly::new(), request("POST", "/x?k=s3cret", "a.test")).await;
        serve(Maintenance::new(switch), request("GET", "/", "a.test")).await;
        serve(HttpsOnly::new(), request("GET", "/", "b.test")).await;
        let server = service_fn(async |request: Request<Full<Bytes>>| {
            let to = match request.uri().path() {
                "/" => "http://u:s3cret@b.test/1?k=s3cret",
                _ => "ftp://b.test/",
            };
            let response = Response::builder().status(307).header("location", to);
            Ok::<_, Infallible>(response.body(Full::<Bytes>::default()).expect("valid"))
        });
        let client = FollowRedirectsLayer::new().layer(server);
        let asked = request("GET", "http://a.test/?k=s3cret", "a.test");
        client.oneshot(asked).await.expect_err("ftp");
    });
    let found = |level: &str, parts: &[&str]| {
        let is_it = |line: &&String| {
            line.trim_start().starts_with(level) && parts.iter().all(|part| line.contains(part))
        };
        assert_eq!(lines.iter().filter(is_it).count(), 1, "{level} {parts:?} in {lines:#?}");
    };
    found(
        "DEBUG tower_redirect: answered",
        &["redirect.kind=\"redirect\"", "url.path=/x ", "=307"],
    );
    found("INFO tower_redirect: answered", &["redirect.policy=\"maintenance\"", "=503"]);
    found("INFO tower_redirect: answered", &["redirect.kind=\"refuse\"", "=421"]);
    found("WARN tower_redirect: ", &["diagnosis=\"host_not_listed\""]);
    found(
        "DEBUG tower_redirect: followed",
        &["http.request.resend_count=1", "server.address=b.test"],
    );
    found(
        "INFO tower_redirect: finished",
        &["error.type=\"unsupported_scheme\"", "redirect.hops=1"],
    );
    assert_eq!(lines.len(), 6, "{lines:#?}");
    assert!(!lines.concat().contains("s3cret"), "{lines:#?}");
}

#[test]
fn control_characters_and_long_values_make_one_short_line() {
    let junk = "\u{1b}[31m\r\n\u{202e}".repeat(4_000);
    let says = policy_fn(move |head: &RequestHead<'_>| {
        head.because(&junk);
        Some(tower_redirect::Redirection::new().path("/new"))
    });
    let lines = lines(async {
        let long = "x".repeat(60_000);
        let mut asked = request("GET", "/", "a.test");
        *asked.uri_mut() = format!("/{long}?k=s3cret").parse::<Uri>().expect("short enough");
        *asked.method_mut() = Method::from_bytes(long.as_bytes()).expect("a token");
        serve(says, asked).await;
        let host = format!("{}test", "y.".repeat(20_000));
        serve(HttpsOnly::new(), request("GET", "/", &host)).await;
    });
    let answered: Vec<_> =
        lines.iter().filter(|line| line.contains("tower_redirect: answered")).collect();
    assert_eq!(answered.len(), 2, "{}", lines.len());
    for line in answered {
        assert!(line.len() < 2_000, "{}", line.len());
        assert!(!line.chars().any(char::is_control) && !line.contains("s3cret"), "{line}");
    }
    for line in &lines {
        assert!(line.len() < 2_000, "{}", line.len());
    }
}
