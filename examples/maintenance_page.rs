//! Run with: `cargo run --example maintenance_page`, then open `http://127.0.0.1:3000/` in a
//! browser, and `curl -i -d tea http://127.0.0.1:3000/orders`
//!
//! People see a page that says when the shop opens again, and that reloads the shop at that time; programs
//! get a 503 with the same time in `Retry-After`. A form that is sent meanwhile also gets the 503, so that
//! it is not lost in a redirection to the page.

use std::error::Error;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::{get, post};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::net::TcpListener;
use tower_redirect::{
    ConfigError, Maintenance, MaintenanceSwitch, MaintenanceWindow, RedirectLayer,
};

const STYLE: &str = "h1 { font: 3em sans-serif; color: darkred }";

/// A shop with a page for the time when it is closed.
pub fn app(switch: MaintenanceSwitch) -> Result<Router, ConfigError> {
    let maintenance = Maintenance::new(switch.clone()).page("/closed")?.exempt("/style.css")?;
    Ok(Router::new()
        .route("/", get(|| async { Html("<!doctype html><title>Shop</title><h1>Open</h1>") }))
        .route("/orders", post(|order: String| async move { format!("took: {order}\n") }))
        .route("/style.css", get(|| async { ([(CONTENT_TYPE, "text/css")], STYLE) }))
        .route("/closed", get(closed))
        .with_state(switch)
        .layer(RedirectLayer::new(maintenance).drain_timer(tokio::time::sleep)))
}

/// Serves the page as a 503, so that search engines do not take it for the shop.
async fn closed(State(switch): State<MaintenanceSwitch>) -> (StatusCode, Html<String>) {
    let end = switch.window().and_then(|window| window.end());
    let when = match end {
        Some(end) => format!("We open again at {}.", httpdate::fmt_http_date(end)),
        None => "We open again soon.".to_owned(),
    };
    let left = end.and_then(|end| end.duration_since(SystemTime::now()).ok());
    let seconds = left.map_or(60, |left| left.as_secs() + 1);
    let page = format!(
        "<!doctype html><title>Closed</title><link rel=stylesheet href=/style.css>\
         <meta http-equiv=refresh content=\"{seconds};url=/\"><h1>Closed</h1><p>{when}</p>\n"
    );
    (StatusCode::SERVICE_UNAVAILABLE, Html(page))
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    let switch = MaintenanceSwitch::new();
    switch.set(MaintenanceWindow::until(SystemTime::now() + Duration::from_secs(120)));
    println!("http://127.0.0.1:3000, closed for two minutes");
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app(switch)?).await?;
    Ok(())
}
