//! Run with: `cargo run --example api_retirement`, then
//! `curl -i -L -d tea http://127.0.0.1:3000/api/v4/orders`, and with `v3`, `v2`, `v1` in place of `v4`
//!
//! Four old versions, one at each stage of retirement: served with a warning, moved for now, moved for
//! good, gone.

use std::error::Error;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tower_redirect::{ConfigError, RedirectLayer, Retirement, Versioning};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An API in its fifth version. Each older version is retired by the same plan, a quarter of a year after
/// the one before it.
pub fn app(now: SystemTime) -> Result<Router, ConfigError> {
    let plan = |start: SystemTime| {
        Retirement::new()
            .deprecated(start)
            .moved(start + 90 * DAY)
            .permanent(start + 180 * DAY)
            .gone(start + 270 * DAY)
    };
    let versions = Versioning::new("/api", "v5")?
        .retire_by("v4", plan(now))?
        .retire_by("v3", plan(now - 90 * DAY))?
        .retire_by("v2", plan(now - 180 * DAY))?
        .retire_by("v1", plan(now - 270 * DAY))?;
    let order = |Path(version): Path<String>, order: String| async move {
        format!("{version} took: {order}\n")
    };
    Ok(Router::new()
        .route("/", get(|| async { "an api\n" }))
        .route("/api/{version}/orders", post(order))
        .layer(RedirectLayer::new(versions).drain_timer(tokio::time::sleep)))
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("http://127.0.0.1:3000/api/v1/orders .. v5/orders");
    let app = app(SystemTime::now())?;
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}
