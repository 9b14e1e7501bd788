//! Run with: `cargo run --example hsts_client --features config -- http://example.com/`
//!
//! A client with a memory: it loads the hosts that it knew the last time, sends requests to them over
//! https only, and saves what it has learned. curl's `--hsts` can read and write the same `hsts.txt`.

use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tower::{Layer, ServiceExt};
use tower_redirect::follow::hsts::HstsStore;
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The file in which Debian keeps the trusted certificates.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Requests a URL. Certificates are verified, because the store relies on it.
pub async fn get(url: &str, store: HstsStore, roots: RootCertStore) -> Outcome<Response<Incoming>> {
    let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    let hyper = Client::builder(TokioExecutor::new()).build(connector.enable_http1().build());
    let client = FollowRedirectsLayer::new().hsts(store).layer(hyper);
    Ok(client.oneshot(Request::get(url).body(Full::<Bytes>::default())?).await?)
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Outcome {
    let url = std::env::args().nth(1).ok_or("a URL is needed")?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ROOTS)? {
        roots.add(certificate?)?;
    }
    // A preload list of one host, which is known before the first response. Those of browsers have thousands.
    let store = HstsStore::load("hsts.txt")?.with_preload_list([("rust-lang.org", true)]);
    let response = get(&url, store.clone(), roots).await?;
    if let Some(history) = RedirectHistory::of(&response) {
        if let Some(http) = history.upgraded_from() {
            println!("{http} was asked for over https");
        }
        println!("{history}");
    }
    let length = response.into_body().collect().await?.to_bytes().len();
    println!("{length} bytes, {} hosts known", store.len());
    Ok(store.save("hsts.txt")?)
}
