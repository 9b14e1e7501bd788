//! Explains the answer to a request, by the code that serves.

use std::net::IpAddr;
use std::path::Path;

use http::{Method, Request, Uri, uri::Scheme};
use tower_redirect::Transport;
use tower_redirect::trust::Peer;

use crate::{Outcome, file};

pub fn explain(path: &Path, method: Method, url: Uri, peer: Option<IpAddr>) -> Outcome {
    let layer = file::read(path)?;
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    let host = url.authority().filter(|_| is_http);
    let host = host.ok_or("an absolute url: http://shop.example.com/path")?.as_str();
    // Clients leave userinfo out of `Host`.
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let mut request =
        Request::builder().method(&method).uri(target).header("host", host).body(())?;
    if url.scheme() == Some(&Scheme::HTTPS) {
        request.extensions_mut().insert(Transport::Secure);
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(Peer::Ip(peer));
    }
    // With `-X HEAD`, curl waits for a body. A quote in the URL does not end that of the shell.
    let flags = if method == Method::HEAD { "-I".into() } else { format!("-i -X {method}") };
    let quoted = url.to_string().replace('\'', r"'\''");
    println!("{}\n\ncurl {flags} '{quoted}'", layer.explain(&request));
    Ok(())
}
