//! The adapter for `reqwest` keeps bodies and timeouts, on another origin too.

use std::convert::Infallible;
use std::error::Error;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use http_body::Frame;
use http_body_util::StreamBody;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tower::ServiceExt;
use tower_redirect::follow::guard::TargetGuard;
use tower_redirect::replay::NotReplayable;
use tower_redirect::{FollowError, RedirectHistory, follow::RedirectErrorKind};

use crate::support::Frames;

#[path = "../../examples/follow_reqwest/adapter.rs"]
mod adapter;
#[path = "../../examples/follow_reqwest/resolver.rs"]
mod resolver;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;
type Answer = Result<reqwest::Response, FollowError<reqwest::Error>>;

/// Long enough for every answer that comes, and not too long to wait for those that do not.
const TIMEOUT: Duration = Duration::from_secs(1);

async fn serve(app: Router) -> Outcome<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let app = app.layer(DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(origin)
}

/// Starts an origin that redirects every request to another one.
async fn moved() -> Outcome<String> {
    let app = Router::new()
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/never", get(pending::<()>))
        .route(
            "/begun",
            get(async || {
                let first = tokio_stream::once(Ok::<_, Infallible>(Frame::data(Bytes::from("x"))));
                Body::new(StreamBody::new(first.chain(tokio_stream::pending())))
            }),
        );
    let other = serve(app).await?;
    let redirect =
        async move |uri: http::Uri, _: Bytes| Redirect::temporary(&format!("{other}{uri}"));
    serve(Router::new().fallback(redirect)).await
}

fn builder() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none())
}

/// Sends a request. A call hangs if it takes longer than any timeout here.
async fn send(client: &reqwest::Client, request: reqwest::Request) -> Outcome<Answer> {
    let call = adapter::following(client.clone()).oneshot(request);
    Ok(tokio::time::timeout(Duration::from_secs(30), call).await?)
}

fn stream(length: usize) -> reqwest::Body {
    let pieces = (0..length).step_by(1000).map(move |at| vec![b'x'; 1000.min(length - at)].into());
    reqwest::Body::wrap(Frames::new(pieces))
}

#[tokio::test]
async fn bodies_arrive_and_responses_are_those_of_reqwest() -> Outcome {
    let (client, url) = (builder().build()?, format!("{}/length", moved().await?));
    for (body, length) in [
        (reqwest::Body::default(), 0),
        (reqwest::Body::from("tea"), 3),
        // A body in memory has no limit.
        (reqwest::Body::from(vec![b'x'; 1_000_000]), 1_000_000),
        (stream(100_000), 100_000),
    ] {
        let response = send(&client, client.post(&url).body(body).build()?).await??;
        let history = response.extensions().get::<RedirectHistory>().ok_or("not redirected")?;
        assert_eq!((response.status(), history.len()), (StatusCode::OK, 1));
        let last = history.final_uri().map(ToString::to_string);
        assert_eq!(last.as_deref(), Some(response.url().as_str()));
        assert_ne!(response.url().as_str(), url);
        assert_eq!(response.text().await?, length.to_string());
    }
    let answer = send(&client, client.post(&url).body(stream(300_000)).build()?).await?;
    let error = answer.err().ok_or("followed")?;
    let kind = error.redirect().map(|error| error.kind());
    let too_large = NotReplayable::TooLarge { limit: 256 * 1024 };
    assert_eq!(kind, Some(RedirectErrorKind::NotReplayable(too_large)));
    Ok(())
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<FollowError<reqwest::Error>>().is_some_and(
        |error| matches!(error, FollowError::Service { error, .. } if error.is_timeout()),
    )
}

#[tokio::test]
async fn the_timeouts_of_request_and_client_are_kept() -> Outcome {
    let origin = moved().await?;
    let (plain, timed) = (builder().build()?, builder().timeout(TIMEOUT).build()?);
    for (client, own) in [(&plain, Some(TIMEOUT)), (&timed, None)] {
        let get = |path: &str| {
            let request = client.get(format!("{origin}{path}"));
            own.into_iter().fold(request, reqwest::RequestBuilder::timeout).build()
        };
        let error = send(client, get("/never")?).await?.err().ok_or("answered")?;
        assert!(is_timeout(&error), "{error:?}");
        // The timeout goes on while the response is read.
        let response = send(client, get("/begun")?).await??;
        let read = tokio::time::timeout(Duration::from_secs(30), response.text()).await?;
        assert!(read.is_err_and(|error| error.is_timeout()));
    }
    // The timeout of a request takes precedence over that of the client.
    let patient = builder().timeout(Duration::from_secs(60)).build()?;
    let request = patient.get(format!("{origin}/never")).timeout(Duration::ZERO).build()?;
    assert!(is_timeout(&send(&patient, request).await?.err().ok_or("answered")?));
    Ok(())
}

/// Resolves every name to a public address the first time, and to this server afterwards.
struct Rebinding(SocketAddr, AtomicBool);

impl Resolve for Rebinding {
    fn resolve(&self, _: Name) -> Resolving {
        let public = SocketAddr::from(([93, 184, 216, 34], 80));
        let address = if self.1.swap(true, Ordering::SeqCst) { self.0 } else { public };
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
    }
}

/// The resolver checks the address that is used, so a name that had a public address before is refused.
#[tokio::test]
async fn a_guarded_resolver_refuses_a_name_that_leads_inside() -> Outcome {
    let origin = serve(Router::new().route("/", get(async || "inside"))).await?;
    let address: SocketAddr = origin.trim_start_matches("http://").parse()?;
    let url = format!("http://rebind.test:{}/", address.port());
    let fetch = async |guard: TargetGuard| {
        let inner = Rebinding(address, AtomicBool::new(false));
        let public = inner.resolve("rebind.test".parse()?).await?.next().ok_or("an address")?;
        assert!(guard.allows_address(public.ip()), "the first answer is allowed");
        let resolver = resolver::GuardedResolver::new(inner, guard.clone());
        let client = builder().dns_resolver(Arc::new(resolver)).build()?;
        Ok::<_, Box<dyn Error + Send + Sync>>(client.get(&url).send().await?.text().await?)
    };
    let refused = fetch(TargetGuard::new()).await.expect_err("a private address");
    let text = format!("{refused:?}");
    assert!(text.contains("the target is not allowed"), "{text}");
    let inside = TargetGuard::new().allow(["127.0.0.0/8"])?;
    assert_eq!(fetch(inside).await.map_err(|error| error.to_string())?, "inside");
    Ok(())
}
