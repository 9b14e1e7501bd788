//! Run with: `cargo run --example maintenance_switch`, then
//! `curl -X POST http://127.0.0.1:3001/on` and `curl -i -L -d tea http://127.0.0.1:3000/orders`
//!
//! While the switch is on, the standby takes the orders: a POST arrives there with its body. The switch has
//! its own port, which is not public; in production it should also authenticate its users.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tower_redirect::{ConfigError, Maintenance, MaintenanceSwitch, RedirectLayer};

/// The application: its replies to orders start with `name`, and `standby` is the origin of the standby.
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

/// The route that the application and its standby share.
pub fn orders(name: &'static str) -> Router {
    let order = move |body: String| async move { format!("{name} took: {body}\n") };
    Router::new().route("/orders", post(order))
}

/// Turns maintenance on and off, by POST.
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
    println!("http://127.0.0.1:3000; its switch: POST http://127.0.0.1:3001/on and /off");
    let inside = TcpListener::bind("127.0.0.1:3001").await?;
    tokio::spawn(async move { axum::serve(inside, admin(switch)).await });
    let standby = TcpListener::bind("127.0.0.1:3002").await?;
    tokio::spawn(async move { axum::serve(standby, orders("standby")).await });
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, main).await?;
    Ok(())
}
