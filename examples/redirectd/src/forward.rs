//! Forwards to the upstream the requests that all policies pass, or answers them 404 without an upstream.
//! `Upgrade` is not forwarded: a WebSocket's request becomes a plain GET.

use std::convert::Infallible;
use std::error::Error;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower_redirect::config::Configured;
use tower_redirect::{Live, RedirectLayer};

#[derive(Clone)]
pub struct Forward {
    client: Client<HttpConnector, Body>,
    upstream: Option<Uri>,
    live: Live<Configured>,
}

impl Forward {
    pub fn new(upstream: Option<Uri>, live: Live<Configured>) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), upstream, live }
    }

    pub async fn respond(self, mut request: Request<Body>) -> Response {
        let Some(upstream) = self.upstream else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let is_head = *request.method() == Method::HEAD;
        let forwarded = forwarded(&self.live.current(), &request);
        let host = request.uri().authority().and_then(|host| host.as_str().parse().ok());
        let mut parts = upstream.into_parts();
        parts.path_and_query = request.uri().path_and_query().cloned();
        let Ok(uri) = Uri::from_parts(parts) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        *request.uri_mut() = uri;
        // HTTP/2 has the host in its target, but the upstream is asked over HTTP/1.1.
        *request.version_mut() = Version::HTTP_11;
        if let Some(host) = host {
            request.headers_mut().entry(header::HOST).or_insert(host);
        }
        join_cookies(request.headers_mut());
        remove_hop_by_hop(request.headers_mut());
        for name in REMOVED {
            request.headers_mut().remove(name);
        }
        for (name, value) in &forwarded {
            request.headers_mut().append(name, value.clone());
        }
        match self.client.request(request).await {
            Ok(mut response) => {
                remove_hop_by_hop(response.headers_mut());
                if !is_head {
                    return response.map(Body::new);
                }
                // An empty stream, whose length axum does not know. For `Body::empty()` it would announce 0,
                // which is not the length of a GET's content (RFC 9110 §8.6).
                let none = tokio_stream::empty::<Result<&str, Infallible>>();
                response.map(|_| Body::from_stream(none))
            }
            Err(error) => {
                let cause = error.source().map_or(String::new(), |cause| format!(": {cause}"));
                eprintln!("upstream: {error}{cause}");
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }
}

/// Headers in which clients and proxies describe the client. They may be forged.
const REMOVED: [&str; 6] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Returns `Via`, and the headers with the scheme, the host and the client that the layer determined.
fn forwarded(layer: &RedirectLayer<Configured>, request: &Request<Body>) -> HeaderMap {
    let head = layer.head(request);
    let via = if request.version() >= Version::HTTP_2 { "2 redirectd" } else { "1.1 redirectd" };
    let values = [
        ("via", Some(via.to_owned())),
        ("x-forwarded-for", head.client_ip().map(|address| address.to_string())),
        ("x-forwarded-host", head.authority().map(|authority| authority.to_string())),
        ("x-forwarded-proto", Some(head.scheme().as_str().to_owned())),
    ];
    let header = |(name, value): (_, Option<String>)| {
        Some((HeaderName::from_static(name), value?.parse().ok()?))
    };
    values.into_iter().filter_map(header).collect()
}

/// Joins the `Cookie` headers: HTTP/2 may send several, HTTP/1.1 may not (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<_> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if lines.len() > 1 {
        let cookies = HeaderValue::from_bytes(&lines.join(&b"; "[..]));
        headers.remove(header::COOKIE);
        headers.extend(cookies.ok().map(|cookies| (header::COOKIE, cookies)));
    }
}

/// Removes the headers for one hop alone (RFC 9110 §7.6.1). `Host` is kept even if `Connection` names it,
/// because the policies have checked it.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(header::CONNECTION).iter().map(HeaderValue::as_bytes);
    let always = "connection,keep-alive,proxy-connection,te,transfer-encoding,upgrade";
    let named = named.chain([always.as_bytes()]).collect::<Vec<_>>().join(&b","[..]);
    for name in named.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
        let name = str::from_utf8(name).ok().filter(|name| !name.eq_ignore_ascii_case("host"));
        name.map(|name| headers.remove(name));
    }
}
