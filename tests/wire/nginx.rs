//! nginx in front, terminating TLS: `tests/nginx.conf`. Run with `cargo test --all-features --test wire nginx -- --ignored`.

use std::error::Error;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::any;
use tokio::net::TcpListener;
use tower_redirect::{
    ConfigError, Decision, HttpsOnly, RedirectLayer, RedirectPolicy, Trust, policy_fn,
};

use crate::support::program::{self, Program};

type Outcome = Result<(), Box<dyn Error>>;
type Notes = Arc<Mutex<Vec<String>>>;

/// A running nginx, with TLS and without.
struct Nginx {
    _program: Program,
    http: u16,
    https: u16,
    certificate: reqwest::Certificate,
}

impl Nginx {
    async fn start(name: &str, app: u16) -> Result<Self, Box<dyn Error>> {
        let folder = program::folder(name)?;
        let certificate = reqwest::Certificate::from_der(&program::self_signed(&folder)?)?;
        let (http, https) = (program::free_port().await?, program::free_port().await?);
        let conf = include_str!("../nginx.conf")
            .replace("@HTTPS@", &https.to_string())
            .replace("@HTTP@", &http.to_string())
            .replace("@APP@", &app.to_string());
        fs::write(folder.join("nginx.conf"), conf)?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-g", "daemon off;"]);
        let program = Program::start(&mut command, &[http, https]).await?;
        Ok(Self { _program: program, http, https, certificate })
    }

    /// From 127.0.0.2, so that client and proxy can be told apart.
    fn client(&self) -> reqwest::Result<reqwest::Client> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .no_proxy()
            .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)))
            .tls_certs_only([self.certificate.clone()])
            .build()
    }
}

/// Notes who is speaking, and lets everything on.
fn witness(notes: &Notes) -> impl RedirectPolicy + 'static {
    let notes = notes.clone();
    policy_fn(move |head| {
        let host = head.authority().map(|host| host.to_string());
        let line = format!("{} {host:?} {:?}", head.scheme(), head.client_ip());
        notes.lock().expect("not poisoned").push(line);
        Decision::Pass
    })
}

async fn serve<P: RedirectPolicy + 'static>(
    layer: RedirectLayer<P>,
    connect_info: bool,
) -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let app = Router::new().route("/{*path}", any(|| async { "inner" })).layer(layer);
    tokio::spawn(async move {
        if connect_info {
            axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
        } else {
            axum::serve(listener, app).await
        }
    });
    Ok(port)
}

/// What the loop doctor prescribes, as it is pasted; compared with this very file.
fn pasted<P>(layer: RedirectLayer<P>) -> Result<RedirectLayer<P>, ConfigError> {
    Ok(layer.trust(Trust::proxies(["127.0.0.1"])?.x_forwarded()))
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn trusted_there_is_no_loop_and_the_facts_are_right() -> Outcome {
    let notes = Notes::default();
    let app_listener = TcpListener::bind("127.0.0.1:0").await?;
    let app_port = app_listener.local_addr()?.port();
    let nginx = Nginx::start("trusted", app_port).await?;
    let policy = (witness(&notes), HttpsOnly::new().port_map([(nginx.http, nginx.https)]));
    let diagnoses = Notes::default();
    let noted = diagnoses.clone();
    let layer = pasted(RedirectLayer::new(policy))?
        .axum()
        .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
    let app = Router::new().route("/{*path}", any(|| async { "inner" })).layer(layer);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(app_listener, app).await });

    let client = nginx.client()?;
    let url = format!("http://127.0.0.1:{}/orders?id=7", nginx.http);
    let request = client.post(url).header("x-forwarded-for", "6.6.6.6");
    let response = request.header("x-forwarded-proto", "https").body("tea").send().await?;
    assert_eq!(response.status(), 200);
    let expected = format!("https://127.0.0.1:{}/orders?id=7", nginx.https);
    assert_eq!(response.url().as_str(), expected);
    let seen = notes.lock().expect("not poisoned").clone();
    let facts = |scheme, port| format!("{scheme} Some(\"127.0.0.1:{port}\") Some(127.0.0.2)");
    // Asked of the request, then of the one that its redirection makes, then of that one.
    let plain = facts("http", nginx.http);
    let secure = facts("https", nginx.https);
    assert_eq!(seen, [plain, secure.clone(), secure]);
    assert!(diagnoses.lock().expect("not poisoned").is_empty());
    Ok(())
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn untrusted_the_loop_doctor_names_the_peer_and_the_call() -> Outcome {
    for (name, connect_info, expected) in [
        ("untrusted", true, ".trust(Trust::proxies([\"127.0.0.1\"])?.x_forwarded())"),
        ("nobody", false, ".axum()"),
    ] {
        let diagnoses = Notes::default();
        let noted = diagnoses.clone();
        let layer = RedirectLayer::new(HttpsOnly::new())
            .on_diagnosis(move |d| noted.lock().expect("not poisoned").push(d.to_string()));
        // Without `ConnectInfo`, even a trusted proxy is not known.
        let layer = if connect_info { layer.axum() } else { pasted(layer)?.axum() };
        let nginx = Nginx::start(name, serve(layer, connect_info).await?).await?;
        let url = format!("https://127.0.0.1:{}/orders", nginx.https);
        let client = nginx.client()?;
        for _ in 0..2 {
            // It is redirected to itself, which no client follows to an end.
            let _ = client.get(&url).send().await;
        }
        let diagnoses = diagnoses.lock().expect("not poisoned").clone();
        assert_eq!(diagnoses.len(), 1, "{diagnoses:?}");
        assert!(diagnoses[0].contains(expected), "{diagnoses:?}");
        assert!(include_str!("nginx.rs").contains(expected), "the call is pasted above");
        assert!(!connect_info || diagnoses[0].starts_with("127.0.0.1, which is not trusted"));
    }
    Ok(())
}
