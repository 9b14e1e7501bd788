//! The policies over HTTP/2: in clear, and over TLS with ALPN.

use std::error::Error;

use axum::{Extension, Router};
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Empty};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower_redirect::{
    CanonicalHost, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy,
    Transport, Versioning,
};

use crate::tls::{Identity, TlsListener};

type Outcome = Result<(), Box<dyn Error>>;

fn app(policy: impl RedirectPolicy + 'static) -> Router {
    Router::new().fallback(|| async { "inner" }).layer(RedirectLayer::new(policy))
}

/// The status and `Location` of an answer, which must not have a field of a connection.
fn summary<B>(response: &Response<B>) -> String {
    assert_eq!(response.version(), Version::HTTP_2);
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
    let location =
        response.headers().get("location").map(|l| String::from_utf8_lossy(l.as_bytes()));
    format!("{} {}", response.status().as_u16(), location.unwrap_or_default()).trim_end().to_owned()
}

#[tokio::test]
async fn policies_redirect_over_tls_and_in_clear() -> Outcome {
    let switch = MaintenanceSwitch::new();
    switch.on();
    let standby = Maintenance::new(switch).standby("https://standby.test")?;
    let versions = Versioning::new("/api", "v2")?.retire("v1")?;
    let identity = Identity::self_signed()?;
    let rows: [(Router, &str, &str, &str); 4] = [
        (app(HttpsOnly::new()), "/p?q", "307 https://localhost/p?q", "200"),
        (
            app(CanonicalHost::new("www.a.test")?.aliases(["localhost"])?),
            "/p?q",
            "307 {scheme}://www.a.test:{port}/p?q",
            "307 {scheme}://www.a.test:{port}/p?q",
        ),
        (app(standby), "/p?q", "307 https://standby.test/p?q", "307 https://standby.test/p?q"),
        (app(versions), "/api/v1/x", "307 /api/v2/x", "307 /api/v2/x"),
    ];
    for (app, path, in_clear, over_tls) in rows {
        let (http, https) =
            (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        let (http_port, https_port) = (http.local_addr()?.port(), https.local_addr()?.port());
        let listener = TlsListener::new(https, &identity)?;
        let secure = app.clone().layer(Extension(Transport::Secure));
        tokio::spawn(async move { axum::serve(http, app).await });
        tokio::spawn(async move { axum::serve(listener, secure).await });
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(identity.client_config()?)
            .https_or_http()
            .enable_http2()
            .build();
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build(connector);
        for (scheme, port, expected) in
            [("http", http_port, in_clear), ("https", https_port, over_tls)]
        {
            let url = format!("{scheme}://localhost:{port}{path}");
            let response =
                client.request(Request::post(url).body(Empty::<bytes::Bytes>::new())?).await?;
            let expected =
                expected.replace("{scheme}", scheme).replace("{port}", &port.to_string());
            assert_eq!(summary(&response), expected);
            response.into_body().collect().await?;
        }
    }
    Ok(())
}
