//! Run with: `RUST_LOG=tower_redirect=debug cargo run -p observed`, then
//! `curl -i http://127.0.0.1:3000/old` and `curl http://127.0.0.1:3000/metrics`

use std::error::Error;

use metrics_exporter_prometheus::PrometheusBuilder;
use observed::{app, layer};
use tokio::net::TcpListener;
use tower_redirect::Live;
use tower_redirect::policy::{Rule, Rules};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // Before the layer is made, so that its series start at zero.
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let rules = Rules::new([Rule::new("/old")?.to("/new")?.named("moved")])?;
    let live = Live::named("shop", layer(rules));
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app(&live, metrics)).await?;
    Ok(())
}
