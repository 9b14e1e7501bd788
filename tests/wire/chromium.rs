//! Redirections in a browser. Needs Chromium: `cargo test --test wire chromium -- --ignored`

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::process::Command;
use tower_http::cors::CorsLayer;
use tower_redirect::{
    HttpsOnly, MaintenanceSwitch, MaintenanceWindow, RedirectLayer, Transport, Versioning,
};

use crate::maintenance_page;
use crate::tls::{Identity, TlsListener};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The requests to a server, each with the status of its answer.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn layer(&self, app: Router) -> Router {
        let log = self.clone();
        app.layer(from_fn(move |request: Request, next: Next| {
            let (log, asked) =
                (log.clone(), format!("{} {}", request.method(), request.uri().path()));
            async move {
                let response: Response = next.run(request).await;
                let line = format!("{asked} {}", response.status().as_u16());
                log.0.lock().expect("not poisoned").push(line);
                response
            }
        }))
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().expect("not poisoned");
        lines.iter().filter(|line| !line.contains("favicon")).cloned().collect()
    }
}

async fn serve(app: Router) -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

/// Serves a page on another origin than that of the test, and returns its URL.
async fn page(html: String) -> Outcome<String> {
    let port = serve(Router::new().fallback(get(|| async { Html(html) }))).await?;
    Ok(format!("http://127.0.0.1:{port}/"))
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Opens a URL in Chromium, and returns the last page as HTML. A screenshot is in `<name>.png` beside the profile.
async fn browse(name: &str, url: &str) -> Outcome<String> {
    let profile = folder(name);
    let _ = fs::remove_dir_all(&profile);
    let screenshot = profile.with_extension("png");
    let run = Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update"])
        .args(["--ignore-certificate-errors", "--window-size=800,400"])
        // Otherwise Chromium would go to https by itself, without our redirection.
        .arg("--disable-features=HttpsUpgrades,HttpsFirstBalancedMode,HttpsFirstBalancedModeAutoEnable")
        .args(["--virtual-time-budget=8000", "--dump-dom"])
        .arg(format!("--screenshot={}", screenshot.display()))
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(url)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), run).await??;
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_form_posted_over_http_arrives_whole_over_https() -> Outcome {
    let digest =
        async |body: bytes::Bytes| Html(format!("<p id=digest>{:x}", Sha256::digest(&body)));
    let take = || Router::new().route("/order", post(digest)).layer(DefaultBodyLimit::disable());
    let identity = Identity::self_signed()?;
    let secure = Log::default();
    let tcp = TcpListener::bind("127.0.0.1:0").await?;
    let https = tcp.local_addr()?.port();
    let listener = TlsListener::new(tcp, &identity)?;
    let layer = RedirectLayer::new(HttpsOnly::new().port(https));
    let app = secure.layer(take().layer(layer.clone())).layer(Extension(Transport::Secure));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let plain = Log::default();
    let http = serve(plain.layer(take().layer(layer))).await?;
    let order = "tea and milk ".repeat(10_000);
    let form = page(format!(
        "<form method=post enctype=text/plain action=http://localhost:{http}/order>\
         <textarea name=order>{order}</textarea></form><script>document.forms[0].submit()</script>"
    ))
    .await?;
    let shown = browse("form", &form).await?;
    // HTML, "text/plain encoding algorithm".
    let body = format!("order={order}\r\n");
    assert!(shown.contains(&format!("{:x}", Sha256::digest(body))), "{shown:.500}");
    assert_eq!(plain.lines(), ["POST /order 307"]);
    assert_eq!(secure.lines(), ["POST /order 200"]);
    Ok(())
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_navigation_in_maintenance_shows_the_page() -> Outcome {
    let switch = MaintenanceSwitch::new();
    let end = SystemTime::now() + Duration::from_secs(3600);
    switch.set(MaintenanceWindow::until(end));
    let log = Log::default();
    let port = serve(log.layer(maintenance_page::app(switch)?)).await?;
    let shown = browse("maintenance", &format!("http://127.0.0.1:{port}/")).await?;
    assert!(shown.contains("<h1>Closed</h1>"), "{shown}");
    assert!(shown.contains(&httpdate::fmt_http_date(end)), "{shown}");
    let seen = log.lines();
    for line in ["GET / 307", "GET /closed 503", "GET /style.css 200"] {
        assert!(seen.iter().any(|seen| seen == line), "{line} in {seen:?}");
    }
    assert!(fs::metadata(folder("maintenance").with_extension("png"))?.len() > 1000);
    Ok(())
}

/// Fetches an order on a page of another origin, from a version that was retired.
async fn order_from_another_origin(name: &str, api: u16) -> Outcome<String> {
    let script = format!(
        "<p id=seen>nothing</p><script>fetch('http://localhost:{api}/api/v1/orders', {{method: 'POST', \
         headers: {{'content-type': 'application/json'}}, body: JSON.stringify({{tea: 2}})}})\
         .then(async r => seen.textContent = `${{r.status}} ${{r.redirected}} ${{await r.text()}}`)\
         .catch(e => seen.textContent = 'failed: ' + e)</script>"
    );
    browse(name, &page(script).await?).await
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_fetch_from_another_origin_needs_the_cors_layer_outside() -> Outcome {
    let api = || Router::new().route("/api/v2/orders", post(|order: String| async move { order }));
    let versions =
        || -> Outcome<_> { Ok(RedirectLayer::new(Versioning::new("/api", "v2")?.retire("v1")?)) };
    let (inner, outer) = (Log::default(), Log::default());
    // The last layer is the outermost.
    let outside = outer.layer(api().layer(versions()?).layer(CorsLayer::very_permissive()));
    let shown = order_from_another_origin("cors-outside", serve(outside).await?).await?;
    assert!(shown.contains("200 true {\"tea\":2}"), "{shown}\n{:?}", outer.lines());
    assert!(outer.lines().contains(&"POST /api/v1/orders 307".to_owned()), "{:?}", outer.lines());
    let inside = inner.layer(api().layer(CorsLayer::very_permissive()).layer(versions()?));
    let shown = order_from_another_origin("cors-inside", serve(inside).await?).await?;
    assert!(shown.contains("failed: TypeError"), "{shown}\n{:?}", inner.lines());
    // The preflight was accepted, but not the redirection, which had no CORS headers.
    let seen = inner.lines();
    assert_eq!(seen, ["OPTIONS /api/v1/orders 200", "POST /api/v1/orders 307"]);
    Ok(())
}
