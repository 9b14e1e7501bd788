//! Explains the answer to a request, with the code that would answer it.

use std::net::IpAddr;
use std::path::Path;

use http::{HeaderName, HeaderValue, Method, Request, Uri, header, uri::Scheme};
use tower_redirect::Transport;
use tower_redirect::trust::Peer;

use crate::{Outcome, file};

pub fn explain(
    path: &Path,
    method: Method,
    url: Uri,
    peer: Option<IpAddr>,
    headers: &[(HeaderName, HeaderValue)],
) -> Outcome {
    let layer = file::load_layer(path)?;
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    let host = url.authority().filter(|_| is_http);
    let host = host.ok_or("an absolute http or https url is needed: http://a.test/path")?.as_str();
    // Clients leave userinfo out of `Host`.
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::builder().method(&method).uri(target).body(())?;
    if url.scheme() == Some(&Scheme::HTTPS) {
        request.extensions_mut().insert(Transport::Secure);
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(Peer::Ip(peer));
    }
    request.headers_mut().extend(headers.iter().cloned());
    // As in curl, a `Host` among the headers replaces that of the URL.
    request.headers_mut().entry(header::HOST).or_insert(host.parse()?);
    // A quote in the text must not end the shell's quotation.
    let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    // With `-X HEAD`, curl waits for a body.
    let mut flags = if method == Method::HEAD { "-I".into() } else { format!("-i -X {method}") };
    // curl would remove dot segments, and expand braces and brackets into several URLs.
    if url.path().contains("/.") {
        flags.push_str(" --path-as-is");
    }
    if target.contains(['[', ']', '{', '}']) {
        flags.push_str(" -g");
    }
    let headers = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!(" -H {}", quote(&format!("{name}: {value}")))
    });
    let (headers, url) = (headers.collect::<String>(), quote(&url.to_string()));
    println!("{}\n\ncurl {flags}{headers} {url}", layer.explain(&request));
    Ok(())
}
