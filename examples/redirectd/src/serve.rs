//! Serves over http and https, and reports health and metrics on another port.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::get;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tower_redirect::config::Configured;
use tower_redirect::{Live, Transport};

use crate::{Outcome, Serve, forward::Forward, watch::Source};

pub async fn serve(args: Serve) -> Outcome {
    let (source, layer) = Source::open(&args.file)?;
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let file = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let live = Live::named(&file, layer);
    let (updates, stream) = mpsc::channel(1);
    tokio::spawn(source.watch(updates));
    tokio::spawn(live.follow(ReceiverStream::new(stream), |error| eprintln!("refused: {error}")));

    let forward = Forward::new(args.upstream, live.clone());
    let app = Router::new().fallback(|request| forward.respond(request)).layer(live.clone());
    let make = |app: Router| app.into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    tokio::spawn(end_gracefully(handle.clone()));
    if let Some(address) = args.admin {
        let health = Router::new()
            .route("/-/health", get(async move || health(&live)))
            .route("/metrics", get(async move || metrics.render()));
        let admin = axum_server::from_tcp(listen("admin", address)?)?.handle(handle.clone());
        tokio::spawn(admin.serve(health.into_make_service()));
    }
    let http = axum_server::from_tcp(listen("http", args.http)?)?.handle(handle.clone());
    let http = http.serve(make(app.clone().layer(Transport::Plain)));
    if let (Some(address), Some(cert), Some(key)) = (args.https, args.cert, args.key) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = RustlsConfig::from_pem_file(cert, key).await?;
        let https = axum_server::from_tcp_rustls(listen("https", address)?, config)?.handle(handle);
        tokio::try_join!(http, https.serve(make(app.layer(Transport::Secure))))?;
    } else {
        http.await?;
    }
    Ok(())
}

/// Listens, and prints the address, because port 0 means any free port.
fn listen(name: &str, address: SocketAddr) -> Outcome<TcpListener> {
    let listener =
        TcpListener::bind(address).map_err(|error| format!("{name} {address}: {error}"))?;
    listener.set_nonblocking(true)?;
    println!("{name} {}", listener.local_addr()?);
    Ok(listener)
}

async fn end_gracefully(handle: Handle<SocketAddr>) -> Outcome {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! { _ = terminate.recv() => {} _ = tokio::signal::ctrl_c() => {} }
    handle.graceful_shutdown(Some(Duration::from_secs(30)));
    Ok(())
}

/// Returns the state of the configuration, one value a line.
fn health(live: &Live<Configured>) -> String {
    let status = live.status();
    let age = |at: SystemTime| at.elapsed().unwrap_or_default().as_secs();
    let revision = status.revision().map_or_else(|| "start".to_owned(), |n| n.to_string());
    let rejected = status.rejection().map_or("none", |rejection| rejection.reason());
    let hash = status.config_hash().unwrap_or_default();
    let (changed, confirmed) = (age(status.changed_at()), age(status.confirmed_at()));
    format!(
        "revision: {revision}\nhash: {hash}\nchanged: {changed} s ago\n\
         confirmed: {confirmed} s ago\nrejected: {rejected}\n"
    )
}
