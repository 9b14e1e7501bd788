//! Run with: `cargo run --example maintenance_file -- /tmp/down`, then `touch /tmp/down`,
//! `curl -i http://127.0.0.1:3000/` and `rm /tmp/down`
//!
//! The file begins maintenance, and removing it ends maintenance. The file may contain the length of the
//! maintenance in seconds (`echo 600 > /tmp/down`): maintenance then ends after that time even if the file
//! still exists, and every 503 announces the end in `Retry-After`. No request waits for the disk: a task
//! looks at the file twice a second, and sets the switch.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_redirect::{Maintenance, MaintenanceSwitch, MaintenanceWindow, RedirectLayer};

/// An application that can be in maintenance.
pub fn app(switch: MaintenanceSwitch) -> Router {
    Router::new()
        .route("/", get(|| async { "at work\n" }))
        .layer(RedirectLayer::new(Maintenance::new(switch)).drain_timer(tokio::time::sleep))
}

/// Sets the switch by a file, for as long as the server runs.
pub async fn watch_file(file: PathBuf, switch: MaintenanceSwitch) {
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    let mut seen = None;
    loop {
        ticks.tick().await;
        let now = look(&file).await;
        if now != seen {
            match now {
                Some(state) => switch.set(state.window()),
                None => switch.off(),
            }
            seen = now;
        }
    }
}

/// The time at which the file was written, and its content.
#[derive(Clone, Copy, PartialEq)]
struct State {
    written: std::time::SystemTime,
    seconds: Option<u64>,
}

impl State {
    fn window(self) -> MaintenanceWindow {
        let end = self.seconds.and_then(|s| self.written.checked_add(Duration::from_secs(s)));
        end.map_or(MaintenanceWindow::open(), MaintenanceWindow::until)
    }
}

async fn look(file: &Path) -> Option<State> {
    let written = tokio::fs::metadata(file).await.ok()?.modified().ok()?;
    let text = tokio::fs::read_to_string(file).await.unwrap_or_default();
    Some(State { written, seconds: text.trim().parse().ok() })
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = PathBuf::from(env::args().nth(1).unwrap_or("/tmp/down".to_owned()));
    println!("http://127.0.0.1:3000; the file {} begins maintenance", file.display());
    let switch = MaintenanceSwitch::new();
    tokio::spawn(watch_file(file, switch.clone()));
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app(switch)).await?;
    Ok(())
}
