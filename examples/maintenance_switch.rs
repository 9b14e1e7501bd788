//! Run with: `cargo run --example maintenance_switch`, then
//! `curl -X POST http://127.0.0.1:3001/on` and `curl -i -L -d tea http://127.0.0.1:3000/orders`
//!
//! While the switch is on, the standby does the work: a POST arrives there whole. The switch has a port
//! of its own, which is not public; a real one authenticates its users, too.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tower_redirect::{ConfigError, Maintenance, MaintenanceSwitch, RedirectLayer};

/// The application: `name` says who took an order, `standby` is the origin that steps in.
pub fn app(
    name: &'static str,
    switch: MaintenanceSwitch,
    standby: &str,
) -> Result<Router, ConfigError> {
    let maintenance = Maintenance::new(switch)
        .standby(standby)?
        .exempt("/health")?
        .retry_after(Duration::from_secs(120));
    Ok(orders(name)
        .route("/health", get(|| async { "fine\n" }))
        .layer(RedirectLayer::new(maintenance).drain_timer(tokio::time::sleep)))
}

/// The routes of both the application and its standby.
pub fn orders(name: &'static str) -> Router {
    let order = move |body: String| async move { format!("{name} took: {body}\n") };
    Router::new().route("/orders", post(order))
}

/// Turns maintenance on and off.
pub fn admin(switch: MaintenanceSwitch) -> Router {
    let (on, off) = (switch.clone(), switch);
    Router::new()
        .route("/on", post(move || async move { on.on() }))
        .route("/off", post(move || async move { off.off() }))
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    let switch = MaintenanceSwitch::new();
    let main = app("main", switch.clone(), "http://127.0.0.1:3002")?;
    println!("http://127.0.0.1:3000, its switch http://127.0.0.1:3001/on and /off");
    let inside = TcpListener::bind("127.0.0.1:3001").await?;
    tokio::spawn(async move { axum::serve(inside, admin(switch)).await });
    let standby = TcpListener::bind("127.0.0.1:3002").await?;
    tokio::spawn(async move { axum::serve(standby, orders("standby")).await });
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, main).await?;
    Ok(())
}
