//! nginx as a cache in front of a server with more than one host: the cache key lacks the host that the client
//! asked for, unless `proxy_cache_key` names it. Run with `-- --ignored`.

use std::error::Error;
use std::fs;

use axum::Router;
use axum::routing::any;
use reqwest::redirect::Policy;
use tokio::net::TcpListener;
use tower_redirect::{CanonicalHost, RedirectLayer};

use crate::support::program::{Program, folder, free_port, nginx};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const CONFIGURATION: &str = "\
error_log stderr;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    proxy_cache_path cache keys_zone=all:1m;
    server {
        listen 127.0.0.1:@PORT@;
        location / {
            proxy_pass http://127.0.0.1:@APP@;
            proxy_set_header Host $http_host;
            proxy_cache all;
            @KEY@
        }
    }
}
";

/// The line that the guide recommends.
const KEY: &str = "proxy_cache_key $scheme$http_host$request_uri;";

/// Asks for the old name of a site, and then for its canonical one. Returns the status of both answers.
async fn ask_for_both(name: &str, key: &str) -> Outcome<[u16; 2]> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let app = listener.local_addr()?.port().to_string();
    let hosts = ["a.test", "www.a.test"];
    let layer = RedirectLayer::new(CanonicalHost::new("www.a.test")?.permanent()).hosts(hosts)?;
    let router = Router::new().fallback(any(async || "page")).layer(layer);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let (folder, port) = (folder(&format!("nginx-cache-{name}"))?, free_port().await?);
    let configuration = CONFIGURATION.replace("@PORT@", &port.to_string());
    let configuration = configuration.replace("@APP@", &app).replace("@KEY@", key);
    fs::write(folder.join("conf"), configuration)?;
    let _nginx = Program::start_in(&folder, &mut nginx(&folder, "conf"), &[port]).await?;

    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(Policy::none()).build()?;
    let mut statuses = [0; 2];
    for (status, host) in statuses.iter_mut().zip(hosts) {
        let url = format!("http://127.0.0.1:{port}/x");
        *status = client.get(url).header("host", host).send().await?.status().as_u16();
    }
    Ok(statuses)
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn the_default_key_answers_one_host_with_the_redirection_of_another() -> Outcome {
    // The redirection to `www.a.test` is the answer to `www.a.test`: a loop for everybody.
    assert_eq!(ask_for_both("default", "").await?, [308, 308]);
    Ok(())
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_key_with_the_host_keeps_both_apart() -> Outcome {
    assert_eq!(ask_for_both("key", KEY).await?, [308, 200]);
    let guide = include_str!("../../src/guide/caches.md");
    assert!(guide.contains(KEY));
    Ok(())
}
