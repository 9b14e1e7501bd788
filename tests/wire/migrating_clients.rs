//! Compares how other clients and this one follow the same redirections: `guide::migrating`.

use std::error::Error;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::any;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};
use tower_http_07::follow_redirect::FollowRedirectLayer;
use tower_redirect::FollowRedirectsLayer;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Answers `/STATUS/..` with a redirection to `/..`, `/STATUS/away/..` with one to `/..` of the other
/// server, and any other path with a summary of the request.
async fn answer(
    State(other): State<u16>,
    method: Method,
    Path(path): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let (first, rest) = path.split_once('/').unwrap_or((&path, ""));
    if let Some(status) = first.parse().ok().and_then(|code| StatusCode::from_u16(code).ok()) {
        let location = match rest.strip_prefix("away/") {
            Some(rest) => format!("http://127.0.0.1:{other}/{rest}"),
            None => format!("/{rest}"),
        };
        return (status, [(header::LOCATION, location)]).into_response();
    }
    let mut seen = format!("{method} /{path}");
    if !body.is_empty() {
        seen += &format!(" {}", String::from_utf8_lossy(&body));
    }
    for name in ["authorization", "cookie", "content-type", "referer"] {
        if headers.contains_key(name) {
            seen += &format!(" {name}");
        }
    }
    seen.into_response()
}

async fn serve() -> Outcome<u16> {
    let (one, other) =
        (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let (port, other_port) = (one.local_addr()?.port(), other.local_addr()?.port());
    let app = Router::new().route("/{*path}", any(answer));
    tokio::spawn(axum::serve(one, app.clone().with_state(other_port)).into_future());
    tokio::spawn(axum::serve(other, app.with_state(port)).into_future());
    Ok(port)
}

fn request(port: u16, method: &str, path: &str) -> Outcome<Request<Full<Bytes>>> {
    let request = Request::builder().method(method).uri(format!("http://127.0.0.1:{port}{path}"));
    let request = request.header("authorization", "Bearer x").header("cookie", "a=b");
    Ok(match method {
        "GET" => request.body(Full::default())?,
        _ => request.header("content-type", "text/plain").body(Full::from("text"))?,
    })
}

/// The status and the body of a response, or `error`.
macro_rules! seen {
    ($outcome:expr) => {
        match $outcome {
            Ok(response) => {
                let status = response.status();
                let body = response.into_body().collect().await?.to_bytes();
                format!("{} {}", status.as_u16(), String::from_utf8_lossy(&body))
                    .trim_end()
                    .to_owned()
            }
            Err(_) => "error".to_owned(),
        }
    };
}

#[tokio::test]
async fn tower_http_and_reqwest_differ_as_listed() -> Outcome {
    let port = serve().await?;
    let hyper = || Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let reqwest = reqwest::Client::builder().no_proxy().build()?;
    let same = |seen| [seen; 3];
    let got = "200 GET /x authorization cookie";
    let posted = "200 POST /x text authorization cookie content-type";
    let put = "200 PUT /x text authorization cookie content-type";
    let rows = [
        // Columns: tower-http, reqwest, here.
        ("GET", "/302/x", same(got)),
        ("POST", "/301/x", same(got)),
        ("POST", "/302/x", same(got)),
        ("POST", "/303/x", same(got)),
        // Credentials stay at their origin, and are not sent again when the chain comes back to it.
        ("GET", "/302/away/x", same("200 GET /x")),
        ("GET", "/302/away/302/away/x", same("200 GET /x")),
        // Bodies are sent again.
        ("POST", "/307/x", ["307", posted, posted]),
        ("PUT", "/308/x", ["308", put, put]),
        ("PUT", "/301/x", ["301", put, put]),
        (
            "POST",
            "/307/away/x",
            ["307", "200 POST /x text content-type", "200 POST /x text content-type"],
        ),
        // After a 302, this client drops the content, and the method becomes GET.
        ("DELETE", "/302/x", ["302", "200 DELETE /x text authorization cookie content-type", got]),
        // Eleven redirections.
        ("GET", "/302/302/302/302/302/302/302/302/302/302/302/x", [got, "error", "error"]),
    ];
    for (method, path, expected) in rows {
        let tower_http = FollowRedirectLayer::new().layer(hyper());
        let tower_http = seen!(tower_http.oneshot(request(port, method, path)?).await);
        let (parts, body) = request(port, method, path)?.into_parts();
        let body = reqwest::Body::from(body.collect().await?.to_bytes());
        let asked = Request::from_parts(parts, body).try_into()?;
        let outcome = reqwest.execute(asked).await.map(http::Response::from);
        let reqwest = seen!(outcome).replace(" referer", "");
        let here = FollowRedirectsLayer::new().layer(hyper());
        let here = seen!(here.oneshot(request(port, method, path)?).await);
        assert_eq!([&*tower_http, &*reqwest, &*here], expected, "{method} {path}");
    }
    Ok(())
}
