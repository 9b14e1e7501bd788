//! `Maintenance` over HTTP/1.1 and HTTP/2: the table of classes, gRPC, certificates and forged hosts.

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tower_redirect::{
    HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy, Transport,
};

use crate::support::classes::{ROWS, columns};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Starts a server that also accepts websockets over HTTP/2 (RFC 8441), and returns its port.
async fn serve(policy: impl RedirectPolicy + 'static) -> Outcome<u16> {
    let app: Router =
        Router::new().fallback(|| async { "inner" }).layer(RedirectLayer::new(policy));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                let mut server = auto::Builder::new(TokioExecutor::new());
                server.http2().enable_connect_protocol();
                let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(port)
}

/// Sends one request on a new connection.
async fn send(port: u16, mut request: Request<Empty<Bytes>>) -> Outcome<Response<Incoming>> {
    let stream = TokioIo::new(TcpStream::connect(("127.0.0.1", port)).await?);
    if request.version() == Version::HTTP_2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
        tokio::spawn(connection);
        // An extended CONNECT has to wait for the settings in the server's first frame.
        sender.ready().await?;
        return Ok(sender.send_request(request).await?);
    }
    *request.version_mut() = Version::HTTP_11;
    let (mut sender, connection) = http1::handshake(stream).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

fn request(
    version: Version,
    (method, target, fields): (&str, &str, &[(&str, &str)]),
) -> Outcome<Request<Empty<Bytes>>> {
    let http2 = version == Version::HTTP_2;
    let uri: Uri = if http2 && target.starts_with('/') {
        format!("http://a.test{target}").parse()?
    } else {
        target.parse()?
    };
    let mut request = Request::new(Empty::new());
    *request.method_mut() = Method::from_bytes(method.as_bytes())?;
    *request.uri_mut() = uri;
    *request.version_mut() = version;
    if !http2 {
        request.headers_mut().insert("host", "a.test".parse()?);
        if method == "CONNECT" {
            request.headers_mut().insert("host", target.parse()?);
        }
    }
    for (name, value) in fields {
        let name: http::HeaderName = name.parse()?;
        request.headers_mut().append(name, value.parse()?);
    }
    Ok(request)
}

fn summary(status: http::StatusCode, fields: &HeaderMap) -> String {
    match (status.as_u16(), fields.get("location")) {
        (200, None) if fields.contains_key("grpc-status") => "grpc".to_owned(),
        (200, None) => "pass".to_owned(),
        (307, Some(location)) => String::from_utf8_lossy(location.as_bytes()).into_owned(),
        (status, _) => status.to_string(),
    }
}

#[tokio::test]
async fn every_cell_of_the_table_holds_over_both_versions() -> Outcome {
    for (column, policy) in columns().into_iter().enumerate() {
        let port = serve(policy).await?;
        for (method, target, fields, expected) in ROWS {
            for version in [Version::HTTP_11, Version::HTTP_2] {
                // HTTP/2 has no `Upgrade`, and `http::Uri` cannot hold a host with `*`.
                let upgrade = fields.iter().any(|(name, _)| *name == "upgrade");
                if version == Version::HTTP_2 && (upgrade || *target == "*") {
                    continue;
                }
                let response = send(port, request(version, (method, target, fields))?).await?;
                let case = format!("{version:?} {method} {target} {fields:?}, column {column}");
                assert_eq!(response.version(), version, "{case}");
                assert_eq!(
                    summary(response.status(), response.headers()),
                    expected[column],
                    "{case}"
                );
            }
        }
        // A websocket over HTTP/2.
        let mut websocket = request(Version::HTTP_2, ("CONNECT", "/chat", &[]))?;
        websocket.extensions_mut().insert(hyper::ext::Protocol::from_static("websocket"));
        assert_eq!(send(port, websocket).await?.status(), 503, "column {column}");
    }
    Ok(())
}

#[tokio::test]
async fn a_grpc_call_is_unavailable() -> Outcome {
    let [_, _, standby, _] = columns();
    let port = serve(standby).await?;
    let fields = [("content-type", "application/grpc"), ("te", "trailers")];
    let response =
        send(port, request(Version::HTTP_2, ("POST", "/pkg.Service/Call", &fields))?).await?;
    // Trailers only: the status is in the headers, and the stream is at its end.
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(response.headers()["grpc-status"], "14");
    assert!(response.headers().contains_key("grpc-message"));
    assert!(!response.headers().contains_key("retry-after"));
    let body = http_body_util::BodyExt::collect(response.into_body()).await?;
    assert!(body.trailers().is_none() && body.to_bytes().is_empty());
    Ok(())
}

#[tokio::test]
async fn the_challenges_of_certificates_pass() -> Outcome {
    let [unavailable, ..] = columns();
    let port = serve((HttpsOnly::new(), unavailable)).await?;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        for (method, target, status) in [
            ("GET", "/.well-known/acme-challenge/token", 200),
            ("HEAD", "/.well-known/acme-challenge/token", 200),
            ("POST", "/.well-known/acme-challenge/token", 307),
            ("GET", "/.well-known/acme-challenge/../secret", 307),
            ("GET", "/", 307),
        ] {
            let response = send(port, request(version, (method, target, &[]))?).await?;
            assert_eq!(response.status().as_u16(), status, "{version:?} {method} {target}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_forged_host_does_not_bypass_maintenance() -> Outcome {
    let switch = MaintenanceSwitch::new();
    switch.on();
    let standby = || Maintenance::new(switch.clone()).standby("https://standby.test");
    let plain = serve(standby()?).await?;
    let secure = standby()?.when(|_| true);
    let app: Router = Router::new()
        .fallback(|| async { "inner" })
        .layer(RedirectLayer::new(secure).transport(Transport::Secure));
    for (host, expected) in [
        ("standby.test", "https://standby.test/orders"),
        ("standby.test:443", "https://standby.test/orders"),
        ("STANDBY.test.", "https://standby.test/orders"),
    ] {
        let fields = [("host", host)];
        let mut asked = request(Version::HTTP_11, ("POST", "/orders", &[]))?;
        asked.headers_mut().insert("host", host.parse()?);
        let response = send(plain, asked).await?;
        assert_eq!(summary(response.status(), response.headers()), expected, "http, {fields:?}");
        let asked = Request::post("/orders").header("host", host).body(Body::empty())?;
        let response = tower::ServiceExt::oneshot(app.clone(), asked).await?;
        assert_eq!(response.status(), 503, "https, {fields:?}: never the application");
    }
    let mut asked = request(Version::HTTP_2, ("POST", "/orders", &[]))?;
    *asked.uri_mut() = "http://standby.test/orders".parse()?;
    let response = send(plain, asked).await?;
    assert_eq!(summary(response.status(), response.headers()), "https://standby.test/orders");
    Ok(())
}

/// Sends the message back, as a gRPC server does.
async fn echo(request: axum::extract::Request) -> Response<Body> {
    let message = request.into_body().collect().await.expect("read").to_bytes();
    let status = HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let frames = [Ok::<_, Infallible>(Frame::data(message)), Ok(Frame::trailers(status))];
    let mut response = Response::new(Body::new(StreamBody::new(tokio_stream::iter(frames))));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

/// The package `@grpc/grpc-js` in `$CARGO_TARGET_TMPDIR/clients`, where `.ci/run` installs it.
#[tokio::test]
#[ignore = "needs node and @grpc/grpc-js"]
async fn a_grpc_client_sees_unavailable() -> Outcome {
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    let script = installed.join("grpc.cjs");
    fs::write(&script, include_str!("clients/grpc.cjs"))?;
    let switch = MaintenanceSwitch::new();
    let policy = Maintenance::new(switch.clone()).standby("https://standby.test")?;
    let app = Router::new().fallback(echo).layer(RedirectLayer::new(policy));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    for (is_on, expected) in [(false, "OK: order\n"), (true, "UNAVAILABLE: down for maintenance\n")]
    {
        if is_on {
            switch.on();
        }
        let output = Command::new("node").arg(&script).arg(&address).output().await?;
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{error}");
    }
    Ok(())
}
