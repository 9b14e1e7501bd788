//! The application behind the redirects, which reports the requests that arrive.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tower_redirect::Transport;

/// The targets of the application's own redirections.
#[derive(Clone, Debug)]
pub struct Links {
    /// Where `/cross` leads.
    pub cross: String,
    /// Where `/downgrade` leads.
    pub downgrade: String,
}

/// The routes, without any redirect layer.
pub fn app(links: Links) -> Router {
    Router::new()
        .route("/", get(|| async { Html("<h1>shop</h1>") }))
        .route("/maintenance.html", get(|| async { Html("<h1>back soon</h1>") }))
        .route("/api/v2/orders", post(receipt).get(|| async { "[]" }))
        .route("/api/v2/uploads", post(receipt))
        .route("/form/{status}", any(form))
        .route("/form/done", any(receipt))
        .route("/echo", any(header_names))
        .route("/cross", any(|State(l): State<Links>| async move { redirect(307, &l.cross) }))
        .route(
            "/downgrade",
            any(|State(l): State<Links>| async move { redirect(302, &l.downgrade) }),
        )
        .route("/loop/a", any(|| async { redirect(302, "/loop/b") }))
        .route("/loop/b", any(|| async { redirect(302, "/loop/a") }))
        .with_state(links)
}

/// Reports the request that arrived, with 201 for a POST and 200 for other methods.
async fn receipt(request: Request) -> Response {
    let secure = request.extensions().get() == Some(&Transport::Secure);
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return (StatusCode::BAD_REQUEST, "the body broke off\n").into_response();
    };
    let status = if parts.method == "POST" { StatusCode::CREATED } else { StatusCode::OK };
    let scheme = if secure { "https" } else { "http" };
    let text = receipt_text(parts.method.as_str(), scheme, parts.uri.path(), &body.to_bytes());
    (status, [(header::CONTENT_TYPE, "application/json")], text + "\n").into_response()
}

/// The text of a receipt, in JSON.
pub fn receipt_text(method: &str, scheme: &str, path: &str, body: &[u8]) -> String {
    let length = body.len();
    let digest: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        r#"{{"method":"{method}","scheme":"{scheme}","path":"{path}","length":{length},"sha256":"{digest}"}}"#
    )
}

/// Lists the names of the headers that arrived.
async fn header_names(headers: HeaderMap) -> String {
    let mut names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    names.join(" ") + "\n"
}

async fn form(Path(status): Path<u16>) -> Response {
    redirect(status, "/form/done")
}

fn redirect(status: u16, location: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_FOUND);
    (status, [(header::LOCATION, location.to_owned())], Body::empty()).into_response()
}
