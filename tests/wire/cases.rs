//! Known faults of other clients on the wire: connections that are unusable after odd answers, and secrets
//! that leak over a version of HTTP.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing::any;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};
use tower_redirect::FollowRedirectsLayer;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

async fn serve(app: Router) -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

fn client(http2: bool) -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).http2_only(http2).pool_max_idle_per_host(1).build_http()
}

fn moved(status: u16, location: String, body: usize) -> Response<AxumBody> {
    let response = Response::builder().status(status).header("location", location);
    response.body(AxumBody::from(vec![b'x'; body])).expect("valid")
}

#[tokio::test]
async fn secrets_stay_with_their_origin_over_each_version() -> Outcome {
    for http2 in [false, true] {
        // Answers with the names of the fields that it got.
        let names = |fields: HeaderMap| async move {
            fields.keys().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let elsewhere = serve(Router::new().fallback(any(names))).await?;
        let to = format!("http://127.0.0.1:{elsewhere}/");
        let first = any(move |fields: HeaderMap| async move {
            assert!(fields.contains_key("authorization"), "its own origin gets them");
            moved(307, to, 0)
        });
        let port = serve(Router::new().fallback(first)).await?;
        let client = FollowRedirectsLayer::new().layer(client(http2));
        let request = Request::post(format!("http://127.0.0.1:{port}/"))
            .header("authorization", "secret")
            .header("cookie", "a=secret")
            .header("proxy-authorization", "secret")
            .header("accept", "*/*")
            .body(Full::from("tea"))?;
        let response = client.oneshot(request).await?;
        assert_eq!(response.version() == Version::HTTP_2, http2);
        let seen = response.into_body().collect().await?.to_bytes();
        let seen = String::from_utf8(seen.to_vec())?;
        assert!(seen.contains("accept"), "{seen}");
        for name in ["authorization", "cookie"] {
            assert!(!seen.contains(name), "http2 {http2}: {seen}");
        }
    }
    Ok(())
}

/// Asserts that the pool still gets an answer to the next request.
async fn assert_usable(
    client: impl tower::Service<
        Request<Full<Bytes>>,
        Response = Response<hyper::body::Incoming>,
        Error: Error + 'static,
    >,
    port: u16,
) -> Outcome {
    let request = Request::get(format!("http://127.0.0.1:{port}/ok")).body(Full::default())?;
    let response = tokio::time::timeout(Duration::from_secs(20), client.oneshot(request)).await??;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.into_body().collect().await?.to_bytes(), "fine");
    Ok(())
}

#[tokio::test]
async fn a_refused_redirection_with_a_body_leaves_the_pool_usable() -> Outcome {
    for http2 in [false, true] {
        let odd = any(|| async { moved(302, "mailto:a@b.test".to_owned(), 128 * 1024) });
        let app = Router::new().route("/ok", any(|| async { "fine" })).fallback(odd);
        let port = serve(app).await?;
        let client = FollowRedirectsLayer::new().layer(client(http2));
        let request = Request::get(format!("http://127.0.0.1:{port}/")).body(Full::default())?;
        let error = client.clone().oneshot(request).await.err().ok_or("followed")?;
        assert!(error.redirect().is_some(), "{error}");
        assert_usable(client, port).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_long_redirection_on_a_pool_of_one_does_not_hang() -> Outcome {
    for http2 in [false, true] {
        let long = any(|| async { moved(301, "/ok".to_owned(), 128 * 1024) });
        let app = Router::new().route("/ok", any(|| async { "fine" })).fallback(long);
        let port = serve(app).await?;
        let client = FollowRedirectsLayer::new().layer(client(http2));
        let request = Request::get(format!("http://127.0.0.1:{port}/")).body(Full::default())?;
        let sent = client.clone().oneshot(request);
        let response = tokio::time::timeout(Duration::from_secs(20), sent).await??;
        assert_eq!(response.into_body().collect().await?.to_bytes(), "fine");
        assert_usable(client, port).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_early_answer_to_expect_leaves_the_pool_usable() -> Outcome {
    for http2 in [false, true] {
        // Answers from the head alone.
        let early = any(|| async { moved(307, "/late".to_owned(), 0) });
        let late = any(|body: Bytes| async move { body.len().to_string() });
        let app = Router::new().route("/ok", any(|| async { "fine" })).route("/late", late);
        let port = serve(app.fallback(early)).await?;
        let client = FollowRedirectsLayer::new().layer(client(http2));
        let request = Request::post(format!("http://127.0.0.1:{port}/"))
            .header("expect", "100-continue")
            .body(Full::from(vec![b'x'; 300_000]))?;
        let response = client.clone().oneshot(request).await?;
        assert_eq!(response.into_body().collect().await?.to_bytes(), "300000", "http2 {http2}");
        assert_usable(client, port).await?;
    }
    Ok(())
}
