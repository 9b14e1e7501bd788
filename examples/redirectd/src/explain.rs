//! Asks each policy about a request, and all of them together, by the code that serves.

use std::net::IpAddr;
use std::path::Path;

use axum::body::Body;
use axum::response::IntoResponse;
use http::{Method, Request, StatusCode, Uri, uri::Scheme};
use tower::{Layer as _, ServiceExt, service_fn};
use tower_redirect::trust::Peer;
use tower_redirect::{RedirectLayer, RedirectPolicy, Transport};

use crate::{Outcome, file};

pub async fn explain(path: &Path, method: Method, url: Uri, peer: Option<IpAddr>) -> Outcome {
    let (_, layer) = file::read(path)?;
    let host = url.authority().ok_or("an absolute url: http://shop.example.com/path")?;
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let request = || -> Outcome<_> {
        let request = Request::builder().method(&method).uri(target).header("host", host.as_str());
        let mut request = request.body(Body::empty())?;
        if url.scheme() == Some(&Scheme::HTTPS) {
            request.extensions_mut().insert(Transport::Secure);
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer::Ip(peer));
        }
        Ok(request)
    };
    for policy in layer.policy().iter() {
        let alone = layer.clone().with_policy(policy);
        println!("{}: {}", policy.name(), answer(&alone, request()?).await?);
    }
    println!("answer: {}\ncurl -i -X {method} '{url}'", answer(&layer, request()?).await?);
    Ok(())
}

/// `pass`, or status and `Location`.
async fn answer<P>(layer: &RedirectLayer<P>, request: Request<Body>) -> Outcome<String>
where
    P: RedirectPolicy,
{
    // No answer of the layer has this status.
    let passed = service_fn(async |_| Outcome::Ok(StatusCode::IM_A_TEAPOT.into_response()));
    let response = layer.layer(passed).oneshot(request).await?;
    let location = response.headers().get("location").and_then(|to| to.to_str().ok());
    Ok(match (response.status(), location) {
        (StatusCode::IM_A_TEAPOT, _) => "pass".to_owned(),
        (status, Some(location)) => format!("{} {location}", status.as_u16()),
        (status, None) => status.to_string(),
    })
}
